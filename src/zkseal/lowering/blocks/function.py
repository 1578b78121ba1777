"""y = f(v) for a function of one variable, by a table.

The argument is an accumulator, rounded to the grid of the table and clamped to its domain [lo, hi] (`blocks.split`,
twice, where calibration or bounds do not keep it inside); outside, f is constant to the precision asked.

Two forms, chosen by estimated cost:

- **direct**: Lookup (v, y) in a table with one row for each v;
- **interpolated**: v = cell * 2^t + low, Lookup (cell, base, slope) in a small table, 0 <= low < 2^t, and
  y = base * 2^g + slope * low, rounded (`blocks.rescale`). The chord of each cell is shifted to halve its error.

The lookup fixes y (or base, slope; then cell and low are the one decomposition of v, and the rounding fixes y).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zkseal.lowering.accumulators import Offset
from zkseal.lowering.blocks.rescale import Rescale, half, proven_range
from zkseal.lowering.blocks.split import plan_split
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Accumulator, Environment, Quantized, Stored
from zkseal.quantize.integers import Integers, round_shift
from zkseal.quantize.scales import fitting_exponent

if TYPE_CHECKING:
    from zkseal.lowering.plan import Plan

__all__ = ["Curve", "Interpolated", "TableLookup", "clamp", "define_function"]

SLOPE_BITS = 15
ROW_COST, LOOKUP_COST = 1.8, 1.0
"""Leaves of the lookup tree: a table row with its multiplicity, a lookup."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """f on [lo, hi]; beyond, f(lo) and f(hi). `slope` and `bend` bound |f'| and |f''|; `name` names its tables."""

    name: str
    f: Callable[[float], float]
    lo: float
    hi: float
    slope: float
    bend: float

    def at(self, points: Floats) -> Floats:
        """f at many points. The C library's functions give the same bits on more machines than numpy's vector code."""
        return np.asarray([self.f(float(x)) for x in points], dtype=np.float64)


@dataclass(frozen=True)
class TableLookup:
    """The direct form: `argument` is committed and lies in the table, whose first row is `argument.lo`."""

    node: str
    name: str
    argument: Quantized
    value: Quantized
    outputs: Integers = field(repr=False)

    def execute(self, environment: Environment) -> None:
        argument = self.argument.check(environment[self.argument.name])
        environment[self.value.name] = self.outputs[argument - self.argument.lo]

    def constrain(self, emitter: Emitter) -> None:
        source = Stored.of(self.argument, self.node)
        sizes = emitter.sizes_for(source)
        index = emitter.loops(sizes)
        y = emitter.declare(self.value, sizes, self.node).at(emitter.builder, index)
        rows = range(self.argument.lo, self.argument.lo + len(self.outputs))
        table = emitter.builder.table(self.name, [rows, self.outputs])
        emitter.builder.lookup(table, flat_loops(index), [source.expression(emitter, index), y], origin=self.node)


@dataclass(frozen=True)
class Interpolated:
    """The interpolated form. Hints `cell`, `base`, `slope` have the shape of the argument."""

    node: str
    name: str
    argument: Quantized
    value: Quantized
    bases: Integers = field(repr=False)
    slopes: Integers = field(repr=False)
    low_bits: int
    shift: int

    @property
    def first_cell(self) -> int:
        """The cell of the smallest argument."""
        return self.argument.lo >> self.low_bits

    def _hint(self, name: str, rows: Integers) -> Quantized:
        lo, hi = int(rows.min()), int(rows.max())
        return Quantized(f"{self.value.name}/{name}", self.value.shape, 0, lo, hi)

    def _hints(self) -> tuple[Quantized, Quantized, Quantized]:
        cells = self.first_cell + np.arange(len(self.bases), dtype=np.int64)
        return self._hint("cell", cells), self._hint("base", self.bases), self._hint("slope", self.slopes)

    def execute(self, environment: Environment) -> None:
        v = environment[self.argument.name]
        cell, base, slope = self._hints()
        cells = v >> self.low_bits
        low = v - (cells << self.low_bits)
        environment[cell.name] = cells
        environment[base.name] = self.bases[cells - self.first_cell]
        environment[slope.name] = self.slopes[cells - self.first_cell]
        y = round_shift((environment[base.name] << self.shift) + environment[slope.name] * low, self.shift)
        environment[self.value.name] = self.value.check(y)

    def constrain(self, emitter: Emitter) -> None:
        b, source, value = emitter.builder, Stored.of(self.argument, self.node), self.value
        sizes = emitter.sizes_for(source)
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        cell, base, slope = (emitter.hint(hint, sizes, self.node).at(b, index) for hint in self._hints())
        y = emitter.declare(value, sizes, self.node).at(b, index)
        low = source.expression(emitter, index) - cell * (1 << self.low_bits)
        rows = range(self.first_cell, self.first_cell + len(self.bases))
        table = b.table(self.name, [rows, self.bases, self.slopes])
        b.lookup(table, loops, [cell, base, slope], origin=self.node)
        b.range(loops, low, bits=self.low_bits, origin=self.node)
        remainder = base * (1 << self.shift) + slope * low + half(self.shift) - y * (1 << self.shift)
        emitter.remainder(loops, remainder, self.shift, origin=self.node)
        if not emitter.is_public(value.name):
            emitter.bound(loops, y, value.lo, value.hi, origin=self.node)


def clamp(
    plan: Plan, accumulator: Accumulator, name: str, exponent: int, lo: int, hi: int, wide: int, in_table: bool = False
) -> Quantized:
    """Commits the accumulator at `exponent`, clamped to integers lo .. hi (splits only where its bounds exceed them).

    `wide` is the largest distance from an end of the domain; an argument further away raises `RangeExceeded`.
    `in_table`: the result is looked up in a table with the rows lo .. hi (`Rescale`).
    """
    current = accumulator
    shift = current.exponent - exponent
    low, high = ((bound + half(shift)) >> shift for bound in (current.lo, current.hi))
    if high > hi:
        split = plan_split(current, f"{name}/over", exponent, wide, hi)
        plan.add(split, split.positive, split.negative)
        current = Offset.of(name, accumulator.node, Stored.of(split.negative, accumulator.node), -1, hi)
    if low < lo:
        split = plan_split(current, f"{name}/above", exponent, wide, lo)
        plan.add(split, split.positive, split.negative)
        current = Offset.of(name, accumulator.node, Stored.of(split.positive, accumulator.node), 1, lo)
    committed = Quantized(name, accumulator.shape, exponent, lo, hi)
    plan.add(Rescale(current, committed, current.exponent - exponent, in_table))
    return committed


def define_function(
    plan: Plan, node_name: str, output: str, accumulator: Accumulator, curve: Curve, reach: float, *, sharing: int = 1
) -> None:
    """Defines `output` = curve(accumulator); arguments up to `reach` in magnitude occur (calibration and headroom).

    `sharing`: how many nodes have the same scales (steps of a sequence), and so the same table.
    """
    bits = plan.options.function_bits
    lo, hi = max(curve.lo, -reach, -accumulator.magnitude), min(curve.hi, reach, accumulator.magnitude)
    grid = max(0, math.ceil(math.log2(max(curve.slope, 2.0**-8))) + bits)
    exponent = min(grid, accumulator.exponent)
    first, last = _domain(lo, hi, exponent)
    y_exponent, y_lo, y_hi = _output_scale(curve, plan.limit(output))
    entries = math.prod(accumulator.shape) * sharing
    low_bits = _cell_bits(curve, exponent, bits)
    value = Quantized(output, accumulator.shape, y_exponent, y_lo, y_hi)
    rows = last - first + 1
    label = f"{curve.name}_{exponent}_{first}_{last}_{y_exponent}"
    direct = rows * ROW_COST + entries * LOOKUP_COST
    interpolated = (rows >> low_bits) * ROW_COST + entries * 12 * LOOKUP_COST
    is_direct = direct <= interpolated or low_bits == 0
    argument = _argument(plan, accumulator, f"{output}/argument", exponent, (first, last), curve, reach, is_direct)
    if is_direct:
        outputs = _rows(curve, exponent, first, last, y_exponent)
        plan.add(TableLookup(node_name, label, argument, value, np.clip(outputs, y_lo, y_hi)), value)
        return
    bases, slopes, shift = _chords(curve, exponent, first, last, low_bits, y_exponent)
    ends = round_shift((bases << shift) + slopes * ((1 << low_bits) - 1), shift)
    bases = np.clip(bases + np.clip(ends, y_lo, y_hi) - ends, y_lo, y_hi)
    plan.add(Interpolated(node_name, label, argument, value, bases, slopes, low_bits, shift), value)


@cache
def _rows(curve: Curve, exponent: int, first: int, last: int, y_exponent: int) -> Integers:
    """The table of the direct form."""
    grid_points = np.ldexp(np.arange(first, last + 1, dtype=np.float64), -exponent)
    return np.floor(np.ldexp(curve.at(grid_points), y_exponent) + 0.5).astype(np.int64)


def _domain(lo: float, hi: float, exponent: int) -> tuple[int, int]:
    """The range of two's complement around [lo, hi] in steps of 2^-exponent."""
    least, most = math.floor(math.ldexp(lo, exponent)), math.ceil(math.ldexp(hi, exponent))
    return proven_range(least, max(most, 1), (1 << 40) - 1)


def _argument(
    plan: Plan,
    accumulator: Accumulator,
    name: str,
    exponent: int,
    domain: tuple[int, int],
    curve: Curve,
    reach: float,
    in_table: bool,
) -> Quantized:
    """The committed argument: clamped where f is flat outside the domain, else within headroom or RangeExceeded."""
    first, last = domain
    if math.ldexp(first, -exponent) <= curve.lo and math.ldexp(last, -exponent) >= curve.hi:
        wide = (1 << (math.ceil(math.ldexp(reach, exponent)) + max(last, -first)).bit_length()) - 1
        return clamp(plan, accumulator, name, exponent, first, last, wide, in_table)
    committed = Quantized(name, accumulator.shape, exponent, first, last)
    plan.add(Rescale(accumulator, committed, accumulator.exponent - exponent, in_table))
    return committed


def _output_scale(curve: Curve, limit: int) -> tuple[int, int, int]:
    points = curve.at(np.linspace(curve.lo, curve.hi, 4097))
    largest = float(np.abs(points).max())
    exponent = fitting_exponent(largest, limit)
    lo, hi = proven_range(-1 if float(points.min()) < 0 else 0, limit, limit)
    return exponent, -limit - 1 if lo < 0 else 0, hi


def _cell_bits(curve: Curve, exponent: int, bits: int) -> int:
    """Largest t such that shifted chords over 2^t steps are off by at most 2^-bits: their error is h^2 bend / 16."""
    width = math.sqrt(16.0 * 2.0**-bits / max(curve.bend, 2.0**-20))
    return max(0, min(exponent + math.floor(math.log2(width)), 30))


def _chords(
    curve: Curve, exponent: int, first: int, last: int, low_bits: int, y_exponent: int
) -> tuple[Integers, Integers, int]:
    """Bases and slopes of all cells, and the shift g: y = (base * 2^g + slope * low) / 2^g."""
    cells = np.arange(first >> low_bits, (last >> low_bits) + 1, dtype=np.float64)
    width = math.ldexp(1.0, low_bits - exponent)
    left, right = curve.at(cells * width), curve.at((cells + 1) * width)
    middle = curve.at((cells + 0.5) * width)
    lift = (middle - (left + right) / 2) / 2
    steepest = float(np.abs(right - left).max()) * 2.0 ** (y_exponent - low_bits)
    shift = max(0, SLOPE_BITS - 1 - math.ceil(math.log2(max(steepest, 2.0**-30))))
    shift = min(shift, 30)
    slopes = np.floor(np.ldexp((right - left), y_exponent - low_bits + shift) + 0.5).astype(np.int64)
    bases = np.floor(np.ldexp(left + lift, y_exponent) + 0.5).astype(np.int64)
    return bases, slopes, shift
