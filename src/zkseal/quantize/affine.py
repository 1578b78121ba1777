"""The arithmetic of quantized models: real = scale * (integer - zero_point), as ONNX and onnxruntime compute it.

Roundings are those of the operator documents and of onnxruntime's CPU kernels: scales are multiplied and divided in
single precision, a product or quotient is rounded to single precision, then to the nearest integer, ties to even, then
saturated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zkseal.quantize.integers import Integers

__all__ = ["QuantizedType", "exact_multiplier", "integer_range", "quantized", "requantization_multipliers"]

INTEGER_TYPES = ("int8", "uint8", "int16", "uint16")

MULTIPLIER_BITS = 24
"""A single-precision number is an integer of 24 bits times a power of two."""

Floats = npt.NDArray[np.float32]
Reals = npt.NDArray[np.float32] | npt.NDArray[np.float64]


def integer_range(dtype: str) -> tuple[int, int]:
    """Smallest and largest integer of a numpy integer type or bool."""
    if dtype == "bool":
        return 0, 1
    info = np.iinfo(np.dtype(dtype))
    return int(info.min), int(info.max)


@dataclass(frozen=True)
class QuantizedType:
    """Integers of `dtype` with one scale and zero point, or one for each entry of the arrays."""

    dtype: str
    scale: Floats
    zero_point: Integers

    @property
    def range(self) -> tuple[int, int]:
        """Smallest and largest integer."""
        return integer_range(self.dtype)


def quantized(kind: QuantizedType, number: Integers, reals: Reals, *, divide: bool) -> Integers:
    """`reals`, in single precision, divided by the scale of entry `number` (or taken as quotients already), rounded
    half to even, plus the zero point, saturated."""
    with np.errstate(all="ignore"):
        quotient = reals.astype(np.float32)
        if divide:
            quotient = quotient / kind.scale.reshape(-1)[number]
        shifted = np.rint(quotient).astype(np.float64) + kind.zero_point.reshape(-1)[number]
    lo, hi = kind.range
    return np.clip(shifted, lo, hi).astype(np.int64)


def requantization_multipliers(left: Floats, right: Floats, result: Floats) -> Floats:
    """left * right / result in single precision, as QLinearConv and QLinearMatMul compute it."""
    return np.asarray((left * right) / result, dtype=np.float32)


def exact_multiplier(scales: Reals, bits: int) -> tuple[Integers, int]:
    """(m, k) with scales = m / 2^k, k the smallest that is exact for all; m is rounded if it has more than `bits` bits.

    Scales of float16 and float32 have at most 24 bits each; k follows the smallest of them.
    """
    values = np.asarray(scales, dtype=np.float64)
    _, exponent = np.frexp(values)
    finest = np.where(values == 0, -(1 << 10), MULTIPLIER_BITS - exponent)
    k = int(finest.max(initial=0) if values.size else 0)
    k = min(k, bits - int(exponent.max(initial=0)))
    integers = np.rint(np.ldexp(values, k)).astype(np.int64)
    while k > 0 and not (integers & 1).any() and integers.any():
        integers, k = integers >> 1, k - 1
    return integers, k
