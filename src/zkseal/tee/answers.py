"""Signatures of answers under the key that an attestation is bound to."""

from __future__ import annotations

from zkseal.errors import SignatureRejected
from zkseal.tee.native import native
from zkseal.tee.runtime_data import RuntimeData

__all__ = ["verify_answer_signature"]


def verify_answer_signature(runtime_data: RuntimeData, signed_part: bytes, signature: bytes) -> None:
    """Whether the enclave's key signed (ES256K, RFC 8812). Raises `SignatureRejected`."""
    try:
        native().es256k_verify(runtime_data.signing_public_key, signed_part, signature)
    except SignatureRejected as error:
        text = "The answer is not signed by the key that the enclave is attested with."
        raise SignatureRejected(text, reason="ES256K", check="tee.signature") from error
