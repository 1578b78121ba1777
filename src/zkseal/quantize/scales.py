"""Exponents: a real number is `integer * 2^-exponent`. Rounding is half up: floor(x * 2^exponent + 1/2).

Decisions and their reasons: docs/decisions/quantization.md.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from zkseal.errors import NonFiniteWeight
from zkseal.quantize.integers import Integers, Narrow

__all__ = [
    "MAX_EXPONENT",
    "activation_exponent",
    "fitting_exponent",
    "model_bounds",
    "quantize",
    "weight_exponent",
]

MAX_EXPONENT = 40
"""Values that are always (nearly) zero do not get finer steps than 2^-40."""

MIN_WEIGHT_BITS = 12
"""A shorter weight is only taken when the wider one would not fit `weight_bits`."""


def fitting_exponent(magnitude: float, limit: int) -> int:
    """The largest exponent at which `magnitude`, rounded half up, is at most `limit`; at most `MAX_EXPONENT`."""
    if magnitude <= 0.0:
        return MAX_EXPONENT
    exponent = min(MAX_EXPONENT, math.floor(math.log2((limit + 0.5) / magnitude)) + 1)
    while math.floor(math.ldexp(magnitude, exponent) + 0.5) > limit:
        exponent -= 1
    return exponent


def activation_exponent(magnitude: float, headroom: float, limit: int) -> int:
    """The exponent of an activation whose largest calibrated magnitude is `magnitude`."""
    return fitting_exponent(magnitude * headroom, limit)


def weight_exponent(magnitude: float, weight_bits: int, preferred: int) -> int:
    """The exponent of a weight tensor: `preferred`, unless weights then overflow `weight_bits` or get under 12 bits.

    `preferred` makes the rounding that follows drop exactly 16 bits, so that all ranges of a model share their tables.
    """
    widest = fitting_exponent(magnitude, (1 << (weight_bits - 1)) - 1)
    least = fitting_exponent(magnitude, (1 << (min(weight_bits, MIN_WEIGHT_BITS) - 1)) - 1)
    return max(least, min(preferred, widest))


def quantize(name: str, array: npt.ArrayLike, exponent: int | npt.NDArray[np.int64]) -> Integers:
    """`array` as integers of the given exponent (one, or an array that broadcasts), rounded half up.

    Raises `NonFiniteWeight(tensor, index)`.
    """
    values = np.asarray(array, dtype=np.float64)
    if not np.isfinite(values).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
        raise NonFiniteWeight(
            f"'{name}' is not finite at {list(index)}. Remove the NaN or infinity from the model.",
            tensor=name,
            index=index,
        )
    return np.floor(np.ldexp(values, exponent) + 0.5).astype(np.int64)


def model_bounds(integers: Narrow) -> tuple[int, int]:
    """The narrowest bounds [-2^k, 2^k) around `integers`: model tensors have a span that is a power of two."""
    lo, hi = (int(integers.min()), int(integers.max())) if integers.size else (0, 0)
    bits = max((-lo - 1).bit_length() if lo < 0 else 0, hi.bit_length())
    return -(1 << bits), (1 << bits) - 1
