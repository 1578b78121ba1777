"""Types of the compiled core (crates/zkseal-py). `make check` compares this file with the built module.

All functions raise the classes of `zkseal.errors`. Arrays are C-contiguous integers: int64, int32, int16 or int8; those
of a `ProvingKey` are used in place where they cannot be written to.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, TypedDict, final

import numpy as np
import numpy.typing as npt

__all__ = ["ProvingKey", "VerifyingKey", "layout", "relation_digest", "setup"]

_Integers: TypeAlias = npt.NDArray[np.int64] | npt.NDArray[np.int32] | npt.NDArray[np.int16] | npt.NDArray[np.int8]
_Tensors: TypeAlias = Mapping[int, _Integers]
_Progress: TypeAlias = Callable[[str, float], None]

class _Proved(TypedDict):
    proof: bytes
    input_commitments: list[bytes]
    output_commitments: list[bytes]
    input_blindings: bytes
    output_blindings: bytes

def relation_digest(relation: bytes) -> bytes: ...
def layout(relation: bytes, c: int) -> dict[str, Any]: ...
def setup(relation: bytes, c: int, tensors: _Tensors, progress: _Progress | None = None) -> tuple[bytes, bytes]: ...

@final
class VerifyingKey:
    def __new__(cls, data: bytes) -> VerifyingKey: ...
    @property
    def model_id(self) -> bytes: ...
    @property
    def relation(self) -> bytes: ...
    @property
    def relation_digest(self) -> bytes: ...
    @property
    def c(self) -> int: ...
    def verify(
        self,
        context: bytes,
        public: _Tensors,
        input_commitments: list[bytes],
        output_commitments: list[bytes],
        proof: bytes,
    ) -> None: ...
    def check_opening(
        self, column: Literal["input", "output"], tensors: _Tensors, blindings: bytes, commitments: list[bytes]
    ) -> None: ...

@final
class ProvingKey:
    def __new__(cls, verifying_key: VerifyingKey, blindings: bytes, tensors: _Tensors) -> ProvingKey: ...
    def prove(
        self,
        context: bytes,
        tensors: _Tensors,
        progress: _Progress | None = None,
        input_blindings: bytes | None = None,
        output_blindings: bytes | None = None,
    ) -> _Proved: ...
