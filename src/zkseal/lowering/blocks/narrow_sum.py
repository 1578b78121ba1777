"""Sums of two small integers with wide coefficients, narrowed for a step function of them.

y = f(c a + d b) for 8-bit integers a, b and coefficients of 24 bits or more (scales of single precision) takes ranges
of that width. But there are only 2^16 pairs: small coefficients c', d' serve as well if f still is a step function of
c' a + d' b, which is tried out on all pairs. Only their ratio matters, so the best fractions of c / d are taken; with a
denominator of k bits they are off by 2^-2k, and a dozen bits tell all pairs apart.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from zkseal.lowering.accumulators import Offset, Sum
from zkseal.lowering.blocks.staircase import Staircase, staircase_of_edges
from zkseal.lowering.values import Accumulator, Quantized, Stored
from zkseal.quantize.integers import Integers

__all__ = ["narrow_staircase"]

MAX_PAIRS = 1 << 16
MAX_BITS = 22

_Linear = tuple[dict[str, tuple[Stored, int]], int]
"""Committed values by name, each with its coefficient, and what is added."""


def narrow_staircase(
    accumulator: Accumulator, value: Quantized, function: Callable[[Integers], Integers]
) -> Staircase | None:
    """The step for `value` = function(accumulator); None if it is no sum of two small values or needs all its bits."""
    linear = _linear(accumulator)
    if linear is None or len(linear[0]) != 2:
        return None
    (left, c), (right, d) = linear[0].values()
    if c == 0 or d == 0:
        return None
    spans = [part.hi - part.lo + 1 for part in (left, right)]
    if spans[0] * spans[1] > MAX_PAIRS:
        return None
    a = np.arange(left.lo, left.hi + 1, dtype=np.int64)[:, None]
    b = np.arange(right.lo, right.hi + 1, dtype=np.int64)[None, :]
    exact = c * a + d * b + linear[1]
    y = function(exact)
    order = np.argsort(exact, axis=None, kind="stable")
    if (np.diff(y.reshape(-1)[order]) < 0).any():
        return None
    ratio = Fraction(c, d) if abs(c) <= abs(d) else Fraction(d, c)
    for bits in range(MAX_BITS):
        best = ratio.limit_denominator(1 << bits)
        pair = (best.numerator, best.denominator)
        small_c, small_d = pair if abs(c) <= abs(d) else pair[::-1]
        if (c < 0, d < 0) != (small_c < 0, small_d < 0):
            small_c, small_d = -small_c, -small_d
        edges = _edges(small_c * a + small_d * b, y, value)
        if edges is not None:
            terms = [(_integers(part), factor) for part, factor in ((left, small_c), (right, small_d))]
            narrowed = Sum.of(accumulator.name, accumulator.node, accumulator.shape, terms)
            return staircase_of_edges(narrowed, value, edges[None, :], None)
    return None


def _integers(part: Stored) -> Accumulator:
    """The integers of a value, whatever they stand for."""
    return Stored(part.name, part.node, part.shape, 0, part.lo, part.hi)


def _linear(accumulator: Accumulator) -> _Linear | None:
    """The accumulator as a combination of committed values with public coefficients; None if it is more than that."""
    if isinstance(accumulator, Stored):
        return {accumulator.name: (accumulator, 1)}, 0
    if isinstance(accumulator, Offset):
        inner = _linear(accumulator.inner)
        return None if inner is None else _scaled(inner, accumulator.factor, accumulator.constant)
    if not isinstance(accumulator, Sum):
        return None
    total: dict[str, tuple[Stored, int]] = {}
    constant = 0
    for part, factor in accumulator.terms:
        inner = _linear(part)
        if inner is None:
            return None
        terms, addend = _scaled(inner, factor, 0)
        constant += addend
        for name, (stored, coefficient) in terms.items():
            total[name] = (stored, coefficient + total.get(name, (stored, 0))[1])
    return total, constant


def _scaled(linear: _Linear, factor: int, addend: int) -> _Linear:
    terms, constant = linear
    return {name: (stored, k * factor) for name, (stored, k) in terms.items()}, constant * factor + addend


def _edges(n: Integers, y: Integers, value: Quantized) -> Integers | None:
    """Where the steps of y begin, and behind the last; None if y does not rise with n."""
    rows = value.hi - value.lo + 1
    least = np.full(rows, np.iinfo(np.int64).max)
    most = np.full(rows, np.iinfo(np.int64).min)
    np.minimum.at(least, (y - value.lo).reshape(-1), n.reshape(-1))
    np.maximum.at(most, (y - value.lo).reshape(-1), n.reshape(-1))
    present = np.flatnonzero(least <= most)
    if (most[present[:-1]] >= least[present[1:]]).any():
        return None
    edges = np.full(rows + 1, int(n.max()) + 1)
    edges[present] = least[present]
    # A step that no pair reaches begins where the next one does.
    edges = np.minimum.accumulate(edges[::-1])[::-1]
    return edges
