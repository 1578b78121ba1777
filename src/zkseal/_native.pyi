"""Types of the compiled core (crates/zkseal-py). `make check` compares this file with the built module.

All functions raise the classes of `zkseal.errors`. Arrays are C-contiguous integers: int64, int32, int16 or int8; those
of a `ProvingKey` are used in place where they cannot be written to.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, TypedDict, final

import numpy as np
import numpy.typing as npt

__all__ = [
    "DataKey",
    "FileKey",
    "HpkeKey",
    "ProvingKey",
    "PublisherKey",
    "ResponseOpener",
    "ResponseSealer",
    "SigningKey",
    "Srs",
    "TreeKey",
    "VerifyingKey",
    "attest_chain",
    "attest_intel",
    "attest_nitro",
    "attest_signature",
    "attest_snp",
    "attest_spdm",
    "chain_commitments",
    "chain_gas",
    "chain_gas_of",
    "chain_model_proof",
    "chain_program",
    "chain_proof",
    "ed25519_verify",
    "es256k_verify",
    "hpke_seal",
    "hpke_seal_request",
    "keccak256",
    "layout",
    "relation_digest",
    "setup",
    "srs_origin",
]

_Integers: TypeAlias = npt.NDArray[np.int64] | npt.NDArray[np.int32] | npt.NDArray[np.int16] | npt.NDArray[np.int8]
_Tensors: TypeAlias = Mapping[int, _Integers]
_Progress: TypeAlias = Callable[[str, float], None]
_Argument: TypeAlias = Literal["tree", "helper"]
_Opening: TypeAlias = Literal["ipa", "kzg"]

class _Committed(TypedDict):
    input_commitments: list[bytes]
    output_commitments: list[bytes]
    input_blindings: bytes
    output_blindings: bytes

class _Proved(_Committed):
    proof: bytes

def relation_digest(relation: bytes) -> bytes: ...
def layout(
    relation: bytes, c: int, argument: _Argument = "tree", lanes: int = 1, opening: _Opening = "ipa"
) -> dict[str, Any]: ...
def setup(
    relation: bytes,
    c: int,
    tensors: _Tensors,
    progress: _Progress | None = None,
    *,
    argument: _Argument = "tree",
    lanes: int = 1,
    srs: Srs | None = None,
) -> tuple[bytes, bytes]: ...
def srs_origin(setup_digest: bytes) -> str: ...
def attest_chain(
    leaf: bytes, intermediates: list[bytes], roots: list[bytes], revocation_lists: list[bytes], now: int
) -> dict[str, Any]: ...
def attest_signature(public_key: bytes, scheme: str, message: bytes, signature: bytes, what: str) -> None: ...
def attest_snp(
    report: bytes,
    leaf: bytes,
    intermediates: list[bytes],
    roots: list[bytes],
    revocation_lists: list[bytes],
    now: int,
) -> dict[str, Any]: ...
def attest_nitro(document: bytes, roots: list[bytes], revocation_lists: list[bytes], now: int) -> dict[str, Any]: ...
def attest_spdm(
    report: bytes, certificates: list[bytes], roots: list[bytes], revocation_lists: list[bytes], now: int
) -> dict[str, Any]: ...
def attest_intel(quote: bytes, collateral: str, root: bytes, now: int) -> dict[str, Any]: ...
def es256k_verify(public_key: bytes, message: bytes, signature: bytes) -> None: ...
def ed25519_verify(public_key: bytes, message: bytes, signature: bytes) -> None: ...
def hpke_seal(public_key: bytes, info: bytes, aad: bytes, plaintext: bytes) -> bytes: ...
def hpke_seal_request(public_key: bytes, info: bytes, aad: bytes, plaintext: bytes) -> tuple[bytes, ResponseOpener]: ...

@final
class SigningKey:
    @staticmethod
    def generate() -> SigningKey: ...
    @property
    def public_key(self) -> bytes: ...
    @property
    def address(self) -> bytes: ...
    def sign(self, message: bytes) -> bytes: ...
    def sign_digest(self, digest: bytes) -> bytes: ...

@final
class PublisherKey:
    @staticmethod
    def generate() -> PublisherKey: ...
    @staticmethod
    def from_bytes(seed: bytes) -> PublisherKey: ...
    def to_bytes(self) -> bytes: ...
    @property
    def public_key(self) -> bytes: ...
    def sign(self, message: bytes) -> bytes: ...

@final
class HpkeKey:
    @staticmethod
    def generate() -> HpkeKey: ...
    @staticmethod
    def from_bytes(private_key: bytes) -> HpkeKey: ...
    def to_bytes(self) -> bytes: ...
    @property
    def public_key(self) -> bytes: ...
    def open(self, sealed_message: bytes, info: bytes, aad: bytes) -> bytes: ...
    def open_data_key(self, sealed_key: bytes, info: bytes, aad: bytes) -> DataKey: ...
    def open_request(self, sealed_request: bytes, info: bytes, aad: bytes) -> tuple[bytes, ResponseSealer]: ...

@final
class ResponseSealer:
    def seal(self, response: bytes) -> bytes: ...

@final
class ResponseOpener:
    def open(self, sealed_response: bytes) -> bytes: ...

@final
class DataKey:
    @staticmethod
    def generate() -> DataKey: ...
    def seal_to(self, hpke_public_key: bytes, info: bytes, aad: bytes) -> bytes: ...
    def commitment(self, salt: bytes) -> bytes: ...
    def check(self, salt: bytes, commitment: bytes) -> None: ...
    def tree(self, salt: bytes) -> TreeKey: ...
    def file_key(self, salt: bytes, header_digest: bytes) -> FileKey: ...

@final
class TreeKey:
    def leaves(self, plaintext: npt.NDArray[np.uint8], chunk_bytes: int, ends: bool) -> bytes: ...
    def root(self, leaves: bytes) -> bytes: ...

@final
class FileKey:
    def seal(
        self, section: int, first: int, ends: bool, chunk_bytes: int, plaintext: npt.NDArray[np.uint8]
    ) -> bytes: ...
    def open(
        self,
        section: int,
        first: int,
        ends: bool,
        chunk_bytes: int,
        sealed_chunks: npt.NDArray[np.uint8],
        leaves: bytes | None,
        out: npt.NDArray[np.uint8],
    ) -> None: ...

@final
class Srs:
    @staticmethod
    def read(data: bytes, insecure: bool = False) -> Srs: ...
    @staticmethod
    def restore(points: bytes, tau_g2: bytes) -> Srs: ...
    @property
    def count(self) -> int: ...
    @property
    def origin(self) -> str: ...
    @property
    def setup_digest(self) -> bytes: ...
    @property
    def tau_g2(self) -> bytes: ...
    @property
    def published(self) -> str | None: ...
    def points(self, count: int) -> bytes: ...

def keccak256(data: bytes) -> bytes: ...
def chain_program(verifying_key: VerifyingKey, model: bool) -> bytes: ...
def chain_proof(verifying_key: VerifyingKey, model: bool, proof: bytes) -> bytes: ...
def chain_model_proof(verifying_key: VerifyingKey) -> bytes: ...
def chain_commitments(commitments: list[bytes]) -> bytes: ...
def chain_gas(verifying_key: VerifyingKey, model: bool, fork: str) -> dict[str, int]: ...
def chain_gas_of(relation: bytes, c: int, lanes: int, fork: str) -> dict[str, int]: ...

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
    @property
    def argument(self) -> _Argument: ...
    @property
    def lanes(self) -> int: ...
    @property
    def opening(self) -> _Opening: ...
    @property
    def tau_g2(self) -> bytes | None: ...
    @property
    def origin(self) -> str | None: ...
    @property
    def setup_digest(self) -> bytes: ...
    @property
    def opening_powers(self) -> int: ...
    def verify(
        self,
        context: bytes,
        public: _Tensors,
        input_commitments: list[bytes],
        output_commitments: list[bytes],
        proof: bytes,
    ) -> None: ...
    def check_opening(
        self,
        column: Literal["input", "output"],
        tensors: _Tensors,
        blindings: bytes,
        commitments: list[bytes],
        srs: Srs | None = None,
    ) -> None: ...

@final
class ProvingKey:
    def __new__(
        cls, verifying_key: VerifyingKey, blindings: bytes, tensors: _Tensors, srs: Srs | None = None
    ) -> ProvingKey: ...
    def opens_commitments(self) -> bool: ...
    def commit(
        self, tensors: _Tensors, input_blindings: bytes | None = None, output_blindings: bytes | None = None
    ) -> _Committed: ...
    def prove(
        self,
        context: bytes,
        tensors: _Tensors,
        progress: _Progress | None = None,
        input_blindings: bytes | None = None,
        output_blindings: bytes | None = None,
    ) -> _Proved: ...
