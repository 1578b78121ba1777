"""The data key on its way from a broker to an attested enclave.

It is sealed to the key that the evidence is bound to. Assurance, policy and nonce are part of the context: what was
released to a sandbox opens in nothing else, and an answer to one challenge opens under no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zkseal.errors import WrongLength
from zkseal.receipts import cbor
from zkseal.tee import Assurance

if TYPE_CHECKING:
    from zkseal._native import DataKey, HpkeKey

__all__ = ["open_release", "release_info", "wrap_for_release"]

_INFO = b"zkseal/key-release/v1"
_DIGEST_BYTES = 32


def release_info(assurance: Assurance, policy_digest: bytes, nonce: bytes) -> bytes:
    """The `info` of the HPKE message that carries a data key.

    Args:
        assurance: what the appraisal of the evidence found, never what the evidence says.
        policy_digest: of the policy that accepted it, 32 bytes.
        nonce: the broker's challenge, 32 bytes.

    Raises `WrongLength`.
    """
    for what, value in (("policy digest", policy_digest), ("nonce", nonce)):
        if len(value) != _DIGEST_BYTES:
            raise WrongLength(f"A {what} has 32 bytes, not {len(value)}.", expected=_DIGEST_BYTES, got=len(value))
    return _INFO + cbor.dumps({"assurance": int(assurance), "nonce": nonce, "policy": policy_digest})


def wrap_for_release(
    key: DataKey,
    enclave_public_key: bytes,
    *,
    assurance: Assurance,
    policy_digest: bytes,
    nonce: bytes,
    evidence_digest: bytes,
) -> bytes:
    """The data key, sealed to an enclave's X25519 key: 80 bytes. `evidence_digest` is the associated data.

    Raises `WrongLength`, `InvalidEncoding` for what is no digest or no public key.
    """
    return key.seal_to(enclave_public_key, release_info(assurance, policy_digest, nonce), evidence_digest)


def open_release(
    key: HpkeKey,
    wrapped: bytes,
    *,
    assurance: Assurance,
    policy_digest: bytes,
    nonce: bytes,
    evidence_digest: bytes,
) -> DataKey:
    """The data key that was released to this enclave. Raises `DecryptionFailed` if any part of the context differs."""
    return key.open_data_key(wrapped, release_info(assurance, policy_digest, nonce), evidence_digest)
