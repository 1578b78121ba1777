"""Marked inputs, and every form in which a mark could turn up."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from zkseal.receipts import cbor

__all__ = ["Marks", "found_in"]

_KINDS = ("<f4", ">f4", "<f8", ">f8", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8")
LEAST_BYTES = 7
"""Shorter forms could stand anywhere by chance."""


@dataclass(frozen=True)
class Marks:
    """One input of a model whose values are seen nowhere else.

    Attributes:
        values: float32 entries in row-major order.
        exponent: the model's integers are values * 2^exponent, rounded.
    """

    name: str
    values: tuple[float, ...]
    exponent: int

    @staticmethod
    def drawn(name: str, seed: int, count: int, exponent: int, scale: float = 2.0) -> Marks:
        """Values between -scale and scale that are no short decimals."""
        values = np.random.default_rng(seed).uniform(-scale, scale, count).astype(np.float32)
        return Marks(name, tuple(float(value) for value in values), exponent)

    @property
    def integers(self) -> list[int]:
        """As the model computes with them."""
        return [int(np.floor(value * 2.0**self.exponent + 0.5)) for value in self.values]

    def texts(self) -> Iterator[tuple[str, bytes]]:
        """Decimal forms: of single values in two lengths, of neighbouring integers."""
        for value in self.values:
            yield "decimal", f"{abs(value)!r}"[:10].encode()
            yield "six digits", f"{abs(np.float32(value)):.6g}".encode()
            yield "float32 decimal", str(abs(np.float32(value))).encode()
        integers = self.integers
        for separator in (",", ", ", " "):
            for first, second in itertools.pairwise(integers):
                yield "integers", f"{first}{separator}{second}".encode()

    def binaries(self) -> Iterator[tuple[str, bytes]]:
        """Neighbouring values in every number format and byte order, and as CBOR."""
        for kind in _KINDS:
            array = np.asarray(self.values if "f" in kind else self.integers)
            size = max(2, -(-8 // np.dtype(kind).itemsize))
            for start in range(len(array) - size + 1):
                yield f"bytes {kind}", array[start : start + size].astype(kind).tobytes()
        for start in range(len(self.values) - 2):
            yield "CBOR integers", cbor.dumps(self.integers[start : start + 3])[1:]

    def forms(self) -> Iterator[tuple[str, bytes]]:
        """All forms: as they are, in hexadecimal, and in base64 wherever its groups of three begin."""
        for kind, data in (*self.texts(), *self.binaries()):
            if len(data) >= LEAST_BYTES:
                yield kind, data
            yield from _coded(kind, data)


def _coded(kind: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    if 2 * len(data) >= 2 * LEAST_BYTES:
        yield f"{kind}, hex", data.hex().encode()
        yield f"{kind}, HEX", data.hex().upper().encode()
    for before in range(3):
        # Characters that hold bits of what stands before or behind are left out.
        first, last = -(-8 * before // 6), (8 * (before + len(data))) // 6
        middle = base64.b64encode(bytes(before) + data)[first:last]
        if len(middle) >= 2 * LEAST_BYTES - 4:
            yield f"{kind}, base64", middle
            yield f"{kind}, base64url", middle.replace(b"+", b"-").replace(b"/", b"_")


def found_in(places: Mapping[str, bytes], marks: Iterator[Marks] | list[Marks]) -> list[str]:
    """Where which mark was found in which form."""
    wanted = [(mark.name, kind, data) for mark in marks for kind, data in set(mark.forms())]
    return [
        f"{name} as {kind} in {place} at {content.find(data)}: {content[max(0, content.find(data) - 40) :][:120]!r}"
        for place, content in places.items()
        for name, kind, data in wanted
        if data in content
    ]
