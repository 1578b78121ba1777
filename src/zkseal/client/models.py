"""A model of the service, and the verifying key that its id pins."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from zkseal.errors import WrongModel
from zkseal.files import PROVING_KEY, VERIFYING_KEY
from zkseal.files.container import read_sections
from zkseal.pipeline import Interface
from zkseal.proving import VerifyingKey

__all__ = ["RemoteModel", "key_in_file", "pinned"]


@dataclass(frozen=True)
class RemoteModel:
    """A model that the service proves.

    Attributes:
        name: what people call it there.
        provable: whether the service has its proving key.
        verifying_key: checked, and the one of its id: `model_id` is its digest.
    """

    name: str
    provable: bool
    verifying_key: VerifyingKey = field(repr=False)

    @property
    def model_id(self) -> bytes:
        """32 bytes: what receipts call it."""
        return self.verifying_key.model_id

    @property
    def interface(self) -> Interface:
        """Names, shapes and scales of its inputs and outputs."""
        return Interface.of(self.verifying_key.relation)


def key_in_file(contents: bytes, path: Path) -> VerifyingKey:
    """The verifying key in a file of a proving or verifying key. Raises `DecodeError`, `ModelProofRejected`."""
    kind = VERIFYING_KEY if contents[8:12] == VERIFYING_KEY.code else PROVING_KEY
    return VerifyingKey(bytes(read_sections(path, memoryview(contents), kind)["verifying key"]))


def pinned(data: bytes, model_id: bytes) -> VerifyingKey:
    """The key in `data`, if it is that of `model_id`. Raises `WrongModel`, `DecodeError`, `ModelProofRejected`."""
    key = VerifyingKey(data)
    if key.model_id != model_id:
        raise WrongModel(
            "The service gave the verifying key of another model than was asked for. Do not use it.",
            expected=model_id.hex(),
            got=key.model_id.hex(),
        )
    return key
