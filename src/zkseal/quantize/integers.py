"""Exact arithmetic on int64 arrays, at BLAS speed where a bound shows that float64 is exact.

A sum of integer products is exact in float64, in any order, when the sum of magnitudes is below 2^53. Weights are kept
in the narrowest type that holds them; arithmetic in that type would overflow, so they are widened before it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Integers", "Narrow", "matmul", "narrow", "round_shift", "widen"]

Integers = npt.NDArray[np.int64]

Narrow = npt.NDArray[np.signedinteger[Any]]
"""Integers of any signed type, perhaps mapped from a file: to be read and widened, not to compute with."""

FLOAT_EXACT_BITS = 53


def narrow(integers: Narrow) -> Narrow:
    """int64 in the narrowest signed type that holds all of them; integers of another type stay as they are."""
    if integers.dtype != np.int64:
        return integers
    lo, hi = int(integers.min(initial=0)), int(integers.max(initial=0))
    kinds = (np.int8, np.int16, np.int32, np.int64)
    kind = next(kind for kind in kinds if np.iinfo(kind).min <= lo and hi <= np.iinfo(kind).max)
    return integers.astype(kind, copy=False)


def widen(integers: Narrow) -> Integers:
    """The same integers as int64; not copied if they are int64 already."""
    return integers.astype(np.int64, copy=False)


def round_shift(accumulator: Integers, shift: int) -> Integers:
    """Round half up: floor((accumulator + 2^(shift-1)) / 2^shift); the accumulator itself for shift 0."""
    if shift == 0:
        return accumulator
    return (accumulator + (1 << (shift - 1))) >> shift


def matmul(left: Narrow, right: Narrow, magnitude: int) -> Integers:
    """`left @ right` (with broadcasting batch axes), exact; `magnitude` bounds the sum of |products| of an entry.

    The caller has shown `magnitude` < 2^62. Above 2^53 the right operand is cut in a high and a low part.
    """
    if magnitude < 1 << FLOAT_EXACT_BITS:
        product: Integers = np.matmul(left.astype(np.float64), right.astype(np.float64)).astype(np.int64)
        return product
    left, right = widen(left), widen(right)
    largest = int(np.abs(right).max(initial=1))
    if largest <= 1:
        small: Integers = np.matmul(left, right)
        return small
    half = largest.bit_length() // 2
    high, low = right >> half, right & ((1 << half) - 1)
    inner = left.shape[-1] * int(np.abs(left).max(initial=1))
    return (matmul(left, high, inner * ((largest >> half) + 1)) << half) + matmul(left, low, inner << half)
