"""Chapter 1: the generators G_0 .. G_{C-1}, H and U, by try-and-increment. Nobody knows a relation between them."""

from __future__ import annotations

from functools import lru_cache

from .curve import IDENTITY_BIT, Point, Q, square_root
from .keccak import keccak256

LABEL = b"zkseal generator v1"
SETUP_DIGEST = keccak256(LABEL)


@lru_cache(maxsize=1 << 17)
def generator(label: bytes, index: int = 0) -> Point:
    """The generator of a label ("G", "H" or "U") and an index (0 for H and U)."""
    ctr = 0
    while True:
        digest = keccak256(LABEL + label + index.to_bytes(4, "big") + ctr.to_bytes(4, "big"))
        number = int.from_bytes(digest, "big")
        x, odd = number % IDENTITY_BIT, number >> 255
        y = square_root((x * x * x + 3) % Q) if x < Q else None
        if y is not None:
            return x, (y if y & 1 == odd else Q - y)
        ctr += 1
