"""Quotes of a TPM with a key of our own: what a genuine TPM would sign, and what somebody shows beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from zkseal.tee import Endorsements, Evidence, Platform

__all__ = ["attest_message", "quote_of", "sized"]

SHA256_BANK, SHA384_BANK = 0x000B, 0x000C


def sized(data: bytes) -> bytes:
    """A TPM2B."""
    return len(data).to_bytes(2, "big") + data


def attest_message(nonce: bytes, selection: Sequence[tuple[int, Sequence[int]]], pcr_digest: bytes) -> bytes:
    """TPMS_ATTEST of a quote over (bank, PCR numbers)."""
    clock = (1).to_bytes(8, "big") + (1).to_bytes(4, "big") + bytes(4) + b"\x01" + bytes(8)
    banks = b"".join(
        bank.to_bytes(2, "big") + b"\x03" + sum(1 << number for number in chosen).to_bytes(3, "little")
        for bank, chosen in selection
    )
    listed = len(selection).to_bytes(4, "big") + banks
    return b"\xffTCG\x80\x18" + sized(b"") + sized(nonce) + clock + listed + sized(pcr_digest)


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def quote_of(
    nonce: bytes,
    selection: Sequence[tuple[int, Sequence[int]]],
    signed: Sequence[bytes],
    shown: Sequence[bytes],
    *,
    pcr_hash: str = "sha256",
) -> Evidence:
    """A quote over the values `signed`, with the values `shown` beside it."""
    message = attest_message(nonce, selection, hashlib.new(pcr_hash, b"".join(signed)).digest())
    r, s = decode_dss_signature(_key().sign(message, ec.ECDSA(hashes.SHA256())))
    signature = b"\x00\x18\x00\x0b" + sized(r.to_bytes(32, "big")) + sized(s.to_bytes(32, "big"))
    public_key = _key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Evidence(Platform.TPM, message, Endorsements(public_key=public_key, signature=signature, pcrs=tuple(shown)))
