"""A sealed model in the memory of the enclave: read from the bytes that the host maps, decrypted where nobody looks.

Nothing of it is ever in a file. The host may change its file at any time: plaintext is compared with the publisher's
tree after it was decrypted, chunk by chunk, in memory of the enclave's own.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zkseal.enclave.isolation import PrivateMemory
from zkseal.errors import ResourceLimit, WrongModel
from zkseal.files import proving_key_in
from zkseal.pipeline import ProvingKey
from zkseal.sealed.model import SealedModel
from zkseal.sealed.seal import PROVING_KEY_SECTION

if TYPE_CHECKING:
    from zkseal._native import DataKey

__all__ = ["LoadedModel", "decrypt", "read_sealed"]

_NAME = "the sealed model"


def read_sealed(descriptor: int, publisher: bytes | None) -> SealedModel:
    """The sealed model of an open file.

    Args:
        publisher: Ed25519 key that has to have signed it; None accepts the one that it names, for the broker and the
            clients compare the digest of the header, which holds it.

    Raises:
        WrongFileKind, UnknownVersion, WrongLength, InvalidEncoding: it is none.
        SignatureRejected: it is not signed, or by somebody else.
    """
    data = memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))
    return SealedModel.parse(data, _NAME, publisher=publisher)


@dataclass(frozen=True)
class LoadedModel:
    """A proving key in private memory.

    Attributes:
        secret: nobody but this process maps that memory, not even the kernel.
    """

    proving_key: ProvingKey
    secret: bool


def decrypt(sealed: SealedModel, key: DataKey) -> LoadedModel:
    """The proving key of a sealed model, if it is the one that its header commits to.

    Raises:
        WrongKey, DecryptionFailed: another data key, or the file was changed.
        WrongModel: the proving key is of another model than the header says, or its weights are not those of its
            commitments.
        DecodeError, ModelProofRejected: the section is no proving key.
        ResourceLimit: there is not enough memory.
    """
    unlocked = sealed.unlock(key)
    try:
        memory = PrivateMemory.allocate(unlocked.length(PROVING_KEY_SECTION))
    except (OSError, ValueError) as error:
        raise ResourceLimit(f"No memory for the model: {error}.", resource="memory") from error
    done = 0
    for piece in unlocked.pieces(PROVING_KEY_SECTION):
        memory.data[done : done + len(piece)] = piece
        done += len(piece)
    proving_key = proving_key_in(memory.view(), _NAME)
    expected, got = sealed.header.zk_model_commitment, proving_key.verifying_key.model_id
    if got != expected:
        raise WrongModel(
            "The sealed proving key is of another model than its header commits to. Ask its publisher.",
            expected=expected.hex(),
            got=got.hex(),
        )
    # The id names commitments; that these weights are in them the file alone does not say. Whoever sealed another
    # model's verifying key beside weights of its own is found here.
    proving_key.weights.require_opened()
    return LoadedModel(proving_key, memory.secret)
