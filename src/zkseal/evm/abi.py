"""As much of the contract ABI as is hashed here: `abi.encode` of words, strings and lists of integers.

Source: docs.soliditylang.org, Contract ABI Specification. The tests hold it against eth_abi and against contracts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from zkseal.errors import NotForChain
from zkseal.proving.core import native

__all__ = ["ADDRESS_BYTES", "address_bytes", "encode", "keccak256", "word"]

WORD_BYTES = 32
ADDRESS_BYTES = 20
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_UNSIGNED = re.compile(r"uint([0-9]{1,3})")


def keccak256(data: bytes) -> bytes:
    """Keccak-256, as the EVM computes it."""
    return bytes(native().keccak256(data))


def address_bytes(address: str) -> bytes:
    """The 20 bytes of an address in hexadecimal, in whatever case.

    Raises:
        NotForChain: it is none.
    """
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        raise NotForChain("This is no address: 0x and 40 hexadecimal digits.", reason="address")
    return bytes.fromhex(address[2:])


def word(value: int, bits: int = 256) -> bytes:
    """An unsigned integer in 32 bytes.

    Raises:
        NotForChain: it does not fit into `bits`.
    """
    if type(value) is not int or not 0 <= value < 1 << bits:
        raise NotForChain(f"This is no integer of {bits} bits without a sign.", reason=f"uint{bits}")
    return value.to_bytes(WORD_BYTES, "big")


def encode(kinds: Sequence[str], values: Sequence[Any]) -> bytes:
    """`abi.encode` of values of the types `uintN`, `address`, `bytes32`, `string` and `int64[]`.

    Raises:
        NotForChain: a value is none of its type, or a type is none of these.
    """
    head, tail = b"", b""
    for kind, value in zip(kinds, values, strict=True):
        if kind in ("string", "int64[]"):
            head += word(len(kinds) * WORD_BYTES + len(tail))
            tail += _text(value) if kind == "string" else _integers(value)
        else:
            head += _static(kind, value)
    return head + tail


def _static(kind: str, value: Any) -> bytes:
    if kind == "address":
        return address_bytes(value).rjust(WORD_BYTES, b"\0")
    if kind == "bytes32":
        if not isinstance(value, bytes) or len(value) != WORD_BYTES:
            raise NotForChain("This is no value of 32 bytes.", reason="bytes32")
        return value
    if (unsigned := _UNSIGNED.fullmatch(kind)) is not None:
        return word(value, int(unsigned[1]))
    raise NotForChain(
        f"Values of type '{kind}' are encoded nowhere here: take one of uintN, address, bytes32, string, int64[].",
        reason=kind,
    )


def _text(value: str) -> bytes:
    data = value.encode()
    return word(len(data)) + data.ljust(-(-len(data) // WORD_BYTES) * WORD_BYTES, b"\0")


def _integers(values: Sequence[int]) -> bytes:
    parts = [word(len(values))]
    for value in values:
        if type(value) is not int or not -(1 << 63) <= value < 1 << 63:
            raise NotForChain("A value is not an integer of 64 bits, which is what contracts take.", reason="int64")
        parts.append(value.to_bytes(WORD_BYTES, "big", signed=True))
    return b"".join(parts)
