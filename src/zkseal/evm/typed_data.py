"""Typed data (EIP-712): structs that are signed for one contract on one chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zkseal.evm.abi import encode, keccak256

__all__ = ["Domain", "Struct"]

_DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"


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
        names = [keccak256(text.encode()) for text in (_DOMAIN, self.name, self.version)]
        kinds = ["bytes32", "bytes32", "bytes32", "uint256", "address"]
        return keccak256(encode(kinds, [*names, self.chain_id, self.contract]))


@dataclass(frozen=True)
class Struct:
    """A struct of elementary types: its name, and name and type of each field in order."""

    name: str
    fields: tuple[tuple[str, str], ...]

    def digest(self, domain: Domain, values: Sequence[Any]) -> bytes:
        """The 32 bytes that are signed."""
        kind = keccak256(f"{self.name}({','.join(f'{kind} {name}' for name, kind in self.fields)})".encode())
        struct = keccak256(encode(["bytes32", *(kind for _, kind in self.fields)], [kind, *values]))
        return keccak256(b"\x19\x01" + domain.separator + struct)
