"""Floats as integers of the same order: comparisons of the codes are comparisons of the floats, exactly.

Decision trees only compare. A graph input that nothing but trees reads is therefore not rounded to a grid: its float is
coded by an integer, and every float has one.

| order | floats | code of x >= 0 (the code of -x is minus that of x, so -0.0 and 0.0 have one) | range |
| --- | --- | --- | --- |
| `float32` | all finite | its bits as an unsigned integer | [-2^31, 2^31) |
| `float64` | 0 and 2^-255 <= abs(x) < 2^256 | its bits, less those of 2^-255, plus 1; 0 for 0 | [-2^61, 2^61) |

NaN (a missing value) has the largest code of the range, which no number has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from zkseal.quantize.integers import Integers

__all__ = ["ORDERS", "Order", "OrderName"]

OrderName = Literal["float32", "float64"]


@dataclass(frozen=True)
class Order:
    """One row of the module's table. Codes lie in [lo, hi]; `base` is subtracted from the bits of a positive float."""

    name: OrderName
    width: int
    base: int

    @property
    def lo(self) -> int:
        """The smallest code."""
        return -(1 << (self.width - 1))

    @property
    def hi(self) -> int:
        """The largest code: that of NaN."""
        return (1 << (self.width - 1)) - 1

    @property
    def infinity(self) -> int:
        """All codes of numbers are smaller than this one in magnitude."""
        bits = np.array(np.inf if self.name == "float32" else 2.0**256, self.name)
        return int(bits.view(self._unsigned)) - self.base

    @property
    def _unsigned(self) -> str:
        return "uint32" if self.name == "float32" else "uint64"

    def representable(self, values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Where `values`, floats of this type, have a code of their own (NaN has)."""
        size: npt.NDArray[Any] = np.abs(values)
        inside = size < np.inf if self.name == "float32" else (size == 0) | ((size >= 2.0**-255) & (size < 2.0**256))
        return np.asarray(np.isnan(values) | inside, dtype=np.bool_)

    def encode(self, values: npt.ArrayLike) -> Integers:
        """Codes of floats, rounded to this type; what lies outside gets 0 or, in magnitude, `infinity`."""
        with np.errstate(over="ignore"):
            floats = np.asarray(values).astype(self.name)
        magnitude = np.abs(floats).view(self._unsigned).astype(np.int64) - self.base
        magnitude = np.clip(magnitude, 0, self.infinity)
        return np.where(np.isnan(floats), self.hi, np.where(np.signbit(floats), -magnitude, magnitude))

    def decode(self, codes: npt.ArrayLike) -> npt.NDArray[Any]:
        """The floats of codes; NaN for codes that no number has."""
        integers = np.asarray(codes, dtype=np.int64)
        magnitude = np.abs(integers)
        bits = np.where(magnitude > 0, magnitude + self.base, 0).astype(self._unsigned)
        floats = np.where(magnitude < self.infinity, bits.view(self.name), np.nan)
        return np.asarray(np.where(integers < 0, -floats, floats), dtype=self.name)

    def floor(self, thresholds: npt.ArrayLike, strict: npt.ArrayLike = False) -> Integers:
        """The largest code of a number x with x <= threshold (x < threshold where `strict`), for float64 thresholds.

        So for every float x that has a code: x <= t exactly when code(x) <= floor(t).
        """
        t = np.asarray(thresholds, dtype=np.float64)
        codes = self.encode(np.where(np.isnan(t), np.inf, t))
        nearest = self._value(codes)
        too_large = np.where(np.asarray(strict, dtype=bool), nearest >= t, nearest > t)
        return np.asarray(codes - too_large, dtype=np.int64)

    def _value(self, codes: Integers) -> npt.NDArray[np.float64]:
        """The floats of codes as float64, infinite where the magnitude is `infinity`."""
        ends = np.where(codes > 0, np.inf, -np.inf)
        return np.where(np.abs(codes) >= self.infinity, ends, self.decode(codes).astype(np.float64))


_SMALLEST = int(np.array(2.0**-255).view("uint64")) - 1

ORDERS: dict[str, Order] = {"float32": Order("float32", 32, 0), "float64": Order("float64", 62, _SMALLEST)}
"""By name of the float type."""
