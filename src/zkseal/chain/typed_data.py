"""Signatures of accounts and enclaves over typed data (`zkseal.evm.typed_data`), and who made them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from eth_keys.datatypes import PublicKey, Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from zkseal.chain.accounts import Signer
from zkseal.errors import NotForChain
from zkseal.evm.typed_data import Domain, Struct

__all__ = ["SIGNATURE_BYTES", "address_of_public_key", "sign", "signer_of"]

_FIELD = 2**256 - 2**32 - 977
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
SIGNATURE_BYTES = 65


def sign(struct: Struct, signer: Signer, domain: Domain, values: Sequence[Any]) -> bytes:
    """The account's signature over a struct, 65 bytes."""
    told = {
        "name": domain.name,
        "version": domain.version,
        "chainId": domain.chain_id,
        "verifyingContract": domain.contract,
    }
    types: dict[str, Any] = {struct.name: [{"name": name, "type": kind} for name, kind in struct.fields]}
    message = dict(zip((name for name, _ in struct.fields), values, strict=True))
    return bytes(signer.account.sign_typed_data(told, types, message).signature)


def signer_of(digest: bytes, signature: bytes) -> str:
    """The address whose key made a signature of 65 bytes: r, s, v.

    Raises:
        NotForChain: it is no signature that contracts take.
    """
    s, v = int.from_bytes(signature[32:64], "big"), signature[64:]
    if len(signature) == SIGNATURE_BYTES and v in (b"\x1b", b"\x1c") and s <= _HALF_ORDER:
        with contextlib.suppress(BadSignature, ValidationError):
            plain = Signature(signature[:64] + bytes([v[0] - 27]))
            return str(plain.recover_public_key_from_msg_hash(digest).to_checksum_address())
    raise NotForChain(
        "This is no signature that contracts take: 65 bytes, r, s in the lower half, v (27 or 28).", reason="signature"
    )


def address_of_public_key(public_key: bytes) -> str:
    """The address of a secp256k1 key in compressed form, 33 bytes.

    Raises:
        NotForChain: it is no such key.
    """
    with contextlib.suppress(ValidationError, ValueError):
        key = PublicKey.from_compressed_bytes(public_key)
        x, y = (int.from_bytes(part, "big") for part in (key.to_bytes()[:32], key.to_bytes()[32:]))
        # The library takes a root where there is none.
        if x < _FIELD and (y * y - x * x * x - 7) % _FIELD == 0:
            return str(key.to_checksum_address())
    raise NotForChain("This is no compressed public key of secp256k1, 33 bytes.", reason="public key")
