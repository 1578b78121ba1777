"""A counter in a TPM that only goes up: who restores an old disk cannot restore an old count.

An anchor against rollback on development machines: the least version of a sealed model is held against it. The TPM
starts a new counter at the highest value that any of its counters had, so removing one does not go back.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from zkseal.errors import DeviceRefused, MeasurementMismatch, NonceMismatch
from zkseal.tee.attesters.tpm.client import TpmClient, sized, u16, u32
from zkseal.tee.native import native
from zkseal.tee.tpm_structures import ALG_SHA256, decode_certified_nv, decode_public, decode_signature

__all__ = ["CounterProof", "TpmCounter", "verify_counter"]

# In the range that the TCG leaves to owners (Registry of Reserved TPM 2.0 Handles, 2.2).
INDEX = 0x01800A5E
SIZE = 8
# Counter; owner may write and read; no lockout.
ATTRIBUTES = 0x10 | 0x2 | 0x20000 | 0x02000000
_WRITTEN = 0x20000000


@dataclass(frozen=True)
class CounterProof:
    """What a TPM signs about a counter.

    Attributes:
        public_key: SubjectPublicKeyInfo of the TPM's attestation key.
        message: TPMS_ATTEST.
        signature: TPMT_SIGNATURE.
    """

    public_key: bytes
    message: bytes
    signature: bytes


class TpmCounter:
    """The counter of one TPM, made when it is first incremented.

    Args:
        tcti: where the TPM is.
        index: the NV index.
    """

    def __init__(self, tcti: str, *, index: int = INDEX) -> None:
        self._tcti, self._index = tcti, index

    def value(self) -> int | None:
        """The count; None before the first increment.

        Raises:
            DeviceRefused: something else has this index.
        """
        with TpmClient.connect(self._tcti) as client:
            return self._value(client)

    def increment(self) -> int:
        """Adds one and returns the count."""
        with TpmClient.connect(self._tcti) as client:
            if client.nv_public(self._index) is None:
                client.nv_define(self._index, ATTRIBUTES, SIZE)
            client.nv_increment(self._index)
            value = self._value(client)
            assert value is not None  # it was just written
            return value

    def prove(self, nonce: bytes) -> CounterProof:
        """The count as the TPM certifies it, bound to `nonce` (at most 32 bytes)."""
        with TpmClient.connect(self._tcti) as client, client.attestation_key() as key:
            message, signature = client.nv_certify(key, self._index, SIZE, nonce)
            return CounterProof(decode_public(key.public), message, signature)

    def _value(self, client: TpmClient) -> int | None:
        public = client.nv_public(self._index)
        if public is None or not public[0] & _WRITTEN:
            return None
        if public != (ATTRIBUTES | _WRITTEN, SIZE):
            text = f"NV index {self._index:#x} of the TPM at {self._tcti} is no counter of zkseal. Name another index."
            raise DeviceRefused(text, device=self._tcti, reason="NV index in use")
        return int.from_bytes(client.nv_read(self._index, SIZE), "big")


def verify_counter(proof: CounterProof, *, public_key: bytes, nonce: bytes, index: int = INDEX) -> int:
    """The count that `proof` shows.

    Args:
        public_key: the attestation key that the caller knows.

    Raises:
        SignatureRejected: another key signed it, or nobody.
        NonceMismatch: it is bound to another nonce.
        MeasurementMismatch: it is of an index that is no such counter.
        InvalidEncoding: it is malformed.
    """
    signature = decode_signature(proof.signature)
    native().attest_signature(public_key, signature.scheme, proof.message, signature.value, "counter")
    certified = decode_certified_nv(proof.message)
    if certified.extra_data != nonce:
        text = "The counter's proof is bound to another nonce. Ask for a new one."
        raise NonceMismatch(text, expected=nonce.hex(), got=certified.extra_data.hex())
    # A name is the digest of number, attributes and size: a writable index would have another.
    public = u32(index) + u16(ALG_SHA256) + u32(ATTRIBUTES | _WRITTEN) + sized(b"") + u16(SIZE)
    name = u16(ALG_SHA256) + hashlib.sha256(public).digest()
    if certified.index_name != name or len(certified.contents) != SIZE:
        text = "The proof is not of the counter: another NV index, or one that can be written."
        raise MeasurementMismatch(text, claim="counter", got=certified.index_name.hex())
    return int.from_bytes(certified.contents, "big")
