"""Typed data (EIP-712): structs that accounts sign for one contract on one chain."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_keys.datatypes import PublicKey, Signature
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from zkseal.chain.accounts import Signer
from zkseal.errors import NotForChain

__all__ = ["SIGNATURE_BYTES", "Domain", "Struct", "address_of_public_key", "signer_of"]

_FIELD = 2**256 - 2**32 - 977
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
SIGNATURE_BYTES = 65


@dataclass(frozen=True)
class Domain:
    """What a signature is for: a contract by name, version, chain and address."""

    name: str
    version: str
    chain_id: int
    contract: str

    @property
    def separator(self) -> bytes:
        """The domain's hash."""
        names = [keccak(text=text) for text in (_DOMAIN, self.name, self.version)]
        return _hash(["bytes32", "bytes32", "bytes32", "uint256", "address"], [*names, self.chain_id, self.contract])


@dataclass(frozen=True)
class Struct:
    """A struct of elementary types: its name, and name and type of each field in order."""

    name: str
    fields: tuple[tuple[str, str], ...]

    def digest(self, domain: Domain, values: Sequence[Any]) -> bytes:
        """The 32 bytes that are signed."""
        kind = keccak(text=f"{self.name}({','.join(f'{kind} {name}' for name, kind in self.fields)})")
        struct = _hash(["bytes32", *(kind for _, kind in self.fields)], [kind, *values])
        return keccak(b"\x19\x01" + domain.separator + struct)

    def sign(self, signer: Signer, domain: Domain, values: Sequence[Any]) -> bytes:
        """The account's signature, 65 bytes."""
        told = {
            "name": domain.name,
            "version": domain.version,
            "chainId": domain.chain_id,
            "verifyingContract": domain.contract,
        }
        types: dict[str, Any] = {self.name: [{"name": name, "type": kind} for name, kind in self.fields]}
        message = dict(zip((name for name, _ in self.fields), values, strict=True))
        return bytes(signer.account.sign_typed_data(told, types, message).signature)


def _hash(kinds: Sequence[str], values: Sequence[Any]) -> bytes:
    """keccak256(abi.encode(..))."""
    return keccak(encode(list(kinds), list(values)))


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
