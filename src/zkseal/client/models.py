"""A model of the service, and the verifying key that its id pins."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from zkseal.errors import WrongModel
from zkseal.files import PROVING_KEY, SEGMENTED_PROVING_KEY, SEGMENTED_VERIFYING_KEY, VERIFYING_KEY
from zkseal.files.container import read_sections
from zkseal.pipeline import Interface
from zkseal.proving import AnyVerifyingKey, decode_verifying_key

__all__ = ["RemoteModel", "key_in_file", "pinned"]


@dataclass(frozen=True)
class RemoteModel:
    """A model that the service proves.

    Attributes:
        name: what people call it there.
        provable: whether the service has its proving key, with all segments.
        verifying_key: checked, and the one of its id: `model_id` is its digest.
    """

    name: str
    provable: bool
    verifying_key: AnyVerifyingKey = field(repr=False)

    @property
    def model_id(self) -> bytes:
        """32 bytes: what receipts call it."""
        return self.verifying_key.model_id

    @property
    def interface(self) -> Interface:
        """Names, shapes and scales of its inputs and outputs."""
        return Interface.of(self.verifying_key.relation)


def key_in_file(contents: bytes, path: Path) -> AnyVerifyingKey:
    """The verifying key in a file of a proving or verifying key, in one piece or in segments.

    Raises `DecodeError`, `ModelProofRejected`.
    """
    kinds = {kind.code: kind for kind in (VERIFYING_KEY, SEGMENTED_VERIFYING_KEY, SEGMENTED_PROVING_KEY)}
    kind = kinds.get(contents[8:12], PROVING_KEY)
    return decode_verifying_key(bytes(read_sections(path, memoryview(contents), kind)["verifying key"]))


def pinned(data: bytes, model_id: bytes) -> AnyVerifyingKey:
    """The key in `data`, if it is that of `model_id`. Raises `WrongModel`, `DecodeError`, `ModelProofRejected`."""
    key = decode_verifying_key(data)
    if key.model_id != model_id:
        raise WrongModel(
            "The service gave the verifying key of another model than was asked for. Do not use it.",
            expected=model_id.hex(),
            got=key.model_id.hex(),
        )
    return key
