"""Exact arithmetic on int64 arrays, at BLAS speed where a bound shows that float64 is exact.

A sum of integer products is exact in float64, in any order, when the sum of magnitudes is below 2^53.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Integers", "matmul", "round_shift"]

Integers = npt.NDArray[np.int64]

FLOAT_EXACT_BITS = 53


def round_shift(accumulator: Integers, shift: int) -> Integers:
    """Round half up: floor((accumulator + 2^(shift-1)) / 2^shift); the accumulator itself for shift 0."""
    if shift == 0:
        return accumulator
    return (accumulator + (1 << (shift - 1))) >> shift


def matmul(left: Integers, right: Integers, magnitude: int) -> Integers:
    """`left @ right` (with broadcasting batch axes), exact; `magnitude` bounds the sum of |products| of an entry.

    The caller has shown `magnitude` < 2^62. Above 2^53 the right operand is cut in a high and a low part.
    """
    if magnitude < 1 << FLOAT_EXACT_BITS:
        product: Integers = np.matmul(left.astype(np.float64), right.astype(np.float64)).astype(np.int64)
        return product
    largest = int(np.abs(right).max(initial=1))
    if largest <= 1:
        small: Integers = np.matmul(left, right)
        return small
    half = largest.bit_length() // 2
    high, low = right >> half, right & ((1 << half) - 1)
    inner = left.shape[-1] * int(np.abs(left).max(initial=1))
    return (matmul(left, high, inner * ((largest >> half) + 1)) << half) + matmul(left, low, inner << half)
