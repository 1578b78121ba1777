"""Cells: a function of one variable as chords over intervals of very different width.

A cell [start, start + 2^k), start a multiple of 2^k, is as wide as the tolerance allows: a chord, shifted to halve its
error, is off by at most the tolerance at the points that are sampled. So log over five decades, or a step, takes
a few hundred cells where equal ones would be a million. Integers: argument v at exponent `argument`, y at `result`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from zkseal.quantize.integers import Integers, round_shift

__all__ = ["GUARD_BITS", "Cells", "Function", "fit_cells", "reach_of", "steepest"]

Function = Callable[[float], float]
Floats = npt.NDArray[np.float64]

GUARD_BITS = 4
"""Bases have this many bits more than y."""

SAMPLES = 9
"""Points of a cell at which its chord is compared with f."""

LEAST_CELLS = 64
"""No cell is wider than this part of the domain, so that every wave of f is seen."""

MAX_CELLS = 1 << 13
MAX_WIDENING = 16
MAX_SHIFT = 40
STEPS = 64
BISECTIONS = 40


@dataclass(frozen=True)
class Cells:
    """y = (base * 2^(shift - GUARD_BITS) + slope * (v - start)) / 2^shift, rounded half up, in the cell of v.

    One entry for each cell, in ascending order; the cells cover [first, last] without gaps.
    """

    starts: Integers = field(repr=False)
    bits: Integers = field(repr=False)
    bases: Integers = field(repr=False)
    slopes: Integers = field(repr=False)
    shift: int

    @property
    def first(self) -> int:
        """The smallest argument."""
        return int(self.starts[0])

    @property
    def last(self) -> int:
        """The largest argument."""
        return int(self.starts[-1] + (1 << int(self.bits[-1]))) - 1

    @property
    def widest(self) -> int:
        """Bits of the widest cell."""
        return int(self.bits.max())

    def find(self, v: Integers) -> Integers:
        """The index of the cell of each argument in [first, last]."""
        return np.asarray(np.searchsorted(self.starts, v, side="right") - 1, dtype=np.int64)

    def apply(self, v: Integers, cell: Integers) -> Integers:
        """y for arguments in these cells."""
        scaled = (self.bases[cell] << (self.shift - GUARD_BITS)) + self.slopes[cell] * (v - self.starts[cell])
        return round_shift(scaled, self.shift)

    def bounds(self) -> tuple[int, int]:
        """The least and the largest y: chords have them at their ends."""
        cell = np.arange(len(self.starts))
        left, right = self.apply(self.starts, cell), self.apply(self.starts + (1 << self.bits) - 1, cell)
        return int(min(left.min(), right.min())), int(max(left.max(), right.max()))


def fit_cells(f: Function, argument: int, first: int, last: int, result: int, tolerance: float) -> Cells:
    """The cells of f over arguments first .. last at exponent `argument`; `tolerance` in steps of 2^-result.

    f must be finite there. Values are those of the C library, which gives the same bits on more machines than numpy's
    vector code. Where f is so steep or so curved that the tolerance would take more than `MAX_CELLS`, it is widened;
    raises `ValueError` where even `MAX_WIDENING` times the tolerance does not do, or where f is so large that chords
    leave int64.
    """
    found, widening = None, 1
    while found is None and widening <= MAX_WIDENING:
        found = _cover(f, argument, first, last, result, tolerance * widening)
        widening *= 4
    if found is None:
        raise ValueError(f"f takes more than {MAX_CELLS} chords.")
    widest = max(cell[1] for cell in found)
    shift = min(widest + GUARD_BITS, MAX_SHIFT)
    rise = max(max(abs(cell[2]), abs(cell[3]) * (1 << cell[1])) for cell in found)
    if math.ldexp(rise, shift) >= 2.0**61:
        raise ValueError("f is too steep for integers of 62 bits.")
    starts = np.asarray([cell[0] for cell in found], dtype=np.int64)
    widths = np.asarray([cell[1] for cell in found], dtype=np.int64)
    bases = np.asarray([math.floor(math.ldexp(cell[2], GUARD_BITS) + 0.5) for cell in found], dtype=np.int64)
    slopes = np.asarray([math.floor(math.ldexp(cell[3], shift) + 0.5) for cell in found], dtype=np.int64)
    return Cells(starts, widths, bases, slopes, shift)


def _cover(
    f: Function, argument: int, first: int, last: int, result: int, tolerance: float
) -> list[tuple[int, int, float, float]] | None:
    """(start, bits, base, slope) of all cells; None if there are too many."""
    found: list[tuple[int, int, float, float]] = []
    position, widest = first, max(((last - first + 1) // LEAST_CELLS).bit_length() - 1, 0)
    while position <= last:
        aligned = (position & -position).bit_length() - 1 if position else widest
        bits = min(aligned, widest, (last - position + 1).bit_length() - 1)
        while (chord := _chord(f, argument, position, bits, result, tolerance)) is None:
            bits -= 1
        found.append((position, bits, *chord))
        position += 1 << bits
        if len(found) > MAX_CELLS:
            return None
    return found


def _chord(
    f: Function, argument: int, start: int, bits: int, result: int, tolerance: float
) -> tuple[float, float] | None:
    """Base and slope, in steps of 2^-result, of the shifted chord of a cell; None if it is too far from f."""
    span = (1 << bits) - 1
    offsets = sorted({span * k // (SAMPLES - 1) for k in range(SAMPLES)})
    y = [math.ldexp(f(math.ldexp(start + offset, -argument)), result) for offset in offsets]
    slope = (y[-1] - y[0]) / span if span else 0.0
    distances = [value - y[0] - slope * offset for value, offset in zip(y, offsets, strict=True)]
    least, most = min(distances), max(distances)
    if span > 0 and most - least > 2 * tolerance:
        return None
    return y[0] + (least + most) / 2, slope


def steepest(f: Function, lo: float, hi: float) -> float:
    """The largest slope of f between neighbours of many points of [lo, hi], closer together towards its ends."""
    even = np.linspace(0.0, 1.0, 257)
    near = 2.0 ** np.arange(-40.0, 0.0, 0.25)
    points = np.unique(np.concatenate([even, near, 1.0 - near]))
    x = [float(lo + (hi - lo) * p) for p in points]
    slopes = [abs(f(b) - f(a)) / (b - a) for a, b in pairwise(x) if b > a]
    return max(slopes, default=0.0)


def reach_of(f: Function, start: float, end: float, largest: float) -> float:
    """How far from `start` towards `end` f is defined and |f| <= `largest` (at the points that are tried)."""

    def inside(x: float) -> bool:
        try:
            return abs(f(x)) <= largest
        except (ValueError, OverflowError, ZeroDivisionError):
            return False

    good = start
    for step in range(1, STEPS + 1):
        x = start + (end - start) * step / STEPS
        if inside(x):
            good = x
            continue
        bad = x
        for _ in range(BISECTIONS):
            middle = (good + bad) / 2
            good, bad = (middle, bad) if inside(middle) else (good, middle)
        return good
    return end
