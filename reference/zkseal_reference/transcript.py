"""Chapter 1: the transcript, a chain of Keccak-256 over labelled, length-prefixed messages."""

from __future__ import annotations

from collections.abc import Sequence

from .curve import Point, encode_uncompressed
from .field import P, encode_scalar
from .keccak import keccak256

LAMBDA = 4407920970296243842393367215006156084916469457145843978461


class Transcript:
    """A 32-byte state. What was absorbed determines every later challenge."""

    def __init__(self) -> None:
        self.state = keccak256(b"zkseal transcript v1")

    def absorb(self, label: str, data: bytes) -> None:
        """state = keccak256(state || 0x00 || u8(len label) || label || u64(len data) || data)."""
        name = label.encode()
        head = self.state + b"\x00" + bytes([len(name)]) + name
        self.state = keccak256(head + len(data).to_bytes(8, "big") + data)

    def absorb_scalars(self, label: str, scalars: Sequence[int]) -> None:
        """A list of scalars is absorbed as one message."""
        self.absorb(label, b"".join(encode_scalar(x) for x in scalars))

    def absorb_points(self, label: str, points: Sequence[Point]) -> None:
        """A list of points is absorbed as one message, uncompressed."""
        self.absorb(label, b"".join(encode_uncompressed(point) for point in points))

    def challenge(self, label: str) -> int:
        """int_be(state) mod p after the step with 0x01."""
        name = label.encode()
        self.state = keccak256(self.state + b"\x01" + bytes([len(name)]) + name)
        return int.from_bytes(self.state, "big") % P

    def challenge128(self, label: str) -> int:
        """a + lambda b mod p for the first two 64-bit words of the state."""
        self.challenge(label)
        a, b = int.from_bytes(self.state[:8], "big"), int.from_bytes(self.state[8:16], "big")
        return (a + LAMBDA * b) % P
