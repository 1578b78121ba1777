"""y = f(v) for any function of one variable that is finite on the range of v: chords over cells (`blocks.cells`).

Hints: the row of the cell, (start, scale, base, slope), scale = 2^(K - k) for a cell of 2^k arguments. Constraints:

    (start, scale, base, slope) is a row of the table
    (v - start) scale in [0, 2^K): v lies in the cell, so that the row is the only one
    base 2^(g - 4) + slope (v - start) + 2^(g-1) - y 2^g in [0, 2^g): y is rounded half up, hence fixed

The cells cover the domain, outside there is no proof (`RangeExceeded`). y has the range of the table, so it needs no
bounds of its own where it is the only one that the remainder allows; it is ranged all the same, as v may be large.
Where a table with one row for each argument is cheaper, `blocks.function.TableLookup` takes its place.

Cost: six committed integers and about five range checks for each entry, a few hundred rows for each function.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from zkseal.errors import UnsupportedOp
from zkseal.lowering.blocks.cells import GUARD_BITS, Cells, Function, fit_cells, reach_of, steepest
from zkseal.lowering.blocks.function import LOOKUP_COST, ROW_COST, TableLookup
from zkseal.lowering.blocks.rescale import Rescale, half, proven_range
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Accumulator, Environment, Quantized, Stored
from zkseal.quantize.integers import Integers
from zkseal.quantize.scales import fitting_exponent

if TYPE_CHECKING:
    from zkseal.lowering.plan import Plan

__all__ = ["Family", "Piecewise", "Shape", "argument_exponent", "define_piecewise", "define_table"]

ARGUMENT_BITS = 30
"""The widest argument of a function."""

LEAST_BITS = 8
"""The narrowest one, where f hardly depends on it."""

ENTRY_COST = 11 * LOOKUP_COST
WIDE = (1 << 40) - 1
MOST_ROWS = 1 << 18
"""A longer table takes more memory than it saves."""


@dataclass(frozen=True)
class Shape:
    """A function with what is known about its arguments and results.

    - `name`: of its table, with the name of the result behind it.
    - [lo, hi]: the arguments that were seen; `reach`: the largest magnitude that may occur.
    - `largest`: the largest magnitude of a result that may occur.
    """

    name: str
    f: Function
    lo: float
    hi: float
    reach: float
    largest: float
    key: str = ""
    """Equal keys mean equal functions; "" stands for a function that is compared with no other."""

    def domain(self) -> tuple[float, float]:
        """The widest interval around [lo, hi] within reach where f is defined and within `largest`."""
        largest = max(self.largest, abs(self.f(self.lo)), abs(self.f(self.hi)))
        least = reach_of(self.f, self.lo, min(-self.reach, self.lo), largest)
        return least, reach_of(self.f, self.hi, max(self.reach, self.hi), largest)


@dataclass
class Family:
    """Nodes that share one table: the same f, at the same scales of argument and result, on all their domains.

    [lo, hi] and first .. last are the domain, as real numbers and as integers of exponent `argument`; `tolerance` is
    the error allowed, `entries` how often f is computed in one run, by `nodes` nodes. Results up to `largest` occur.
    Near a pole inside the domain f is cut off at four times that, which is beyond the range of y: there is no proof.
    """

    f: Function
    name: str
    argument: int
    result: int
    lo: float
    hi: float
    first: int
    last: int
    tolerance: float
    largest: float
    entries: int
    nodes: int = 1

    @staticmethod
    def of(shape: Shape, argument: int, result: int, tolerance: float, entries: int) -> Family:
        """A family of one node."""
        lo, hi = shape.domain()
        # An argument that was seen may be rounded to half a step outside the domain; f is continued there.
        first = min(math.ceil(math.ldexp(lo, argument)), math.floor(math.ldexp(shape.lo, argument) + 0.5))
        last = max(math.floor(math.ldexp(hi, argument)), math.floor(math.ldexp(shape.hi, argument) + 0.5))
        largest = max(shape.largest, abs(shape.f(shape.lo)), abs(shape.f(shape.hi)))
        return Family(shape.f, shape.name, argument, result, lo, hi, first, last, tolerance, largest, entries)

    def join(self, other: Family) -> None:
        """Makes the nodes of `other` members."""
        self.lo, self.hi = min(self.lo, other.lo), max(self.hi, other.hi)
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        self.tolerance = min(self.tolerance, other.tolerance)
        self.largest = max(self.largest, other.largest)
        self.entries += other.entries
        self.nodes += other.nodes

    def _continued(self, x: float) -> float:
        y = self.f(min(max(x, self.lo), self.hi))
        return min(max(y, -4.0 * self.largest), 4.0 * self.largest)

    def range_of(self, lo: int, hi: int) -> tuple[int, int]:
        """The range of y for a table with results from `lo` to `hi`; none that is cut off lies inside."""
        limit = (1 << math.ceil(math.ldexp(2.0 * self.largest, self.result)).bit_length()) - 1
        return proven_range(max(lo, -limit - 1), min(hi, limit), limit)

    @cached_property
    def _cells(self) -> Cells:
        tolerance = math.ldexp(self.tolerance, self.result) / 2
        return fit_cells(self._continued, self.argument, self.first, self.last, self.result, tolerance)

    def cells(self, node: str) -> Cells:
        """The cells of f. Raises `UnsupportedOp` where f varies too much."""
        try:
            return self._cells
        except ValueError as error:
            raise UnsupportedOp(
                f"Node '{node}' ({self.name}): the function varies too much between {self.lo:.6g} and {self.hi:.6g}, "
                "which calibration and headroom allow. Bring its argument to a smaller range, as by Clip or Mod.",
                op=self.name,
                node=node,
            ) from error

    @cached_property
    def outputs(self) -> Integers:
        """f at every argument."""
        points = (self._continued(math.ldexp(v, -self.argument)) for v in range(self.first, self.last + 1))
        return np.asarray([math.floor(math.ldexp(point, self.result) + 0.5) for point in points], dtype=np.int64)

    def is_direct(self, node: str) -> bool:
        """Whether a row for each argument is cheaper than cells, for all nodes together."""
        rows, cells = self.last - self.first + 1, len(self.cells(node).starts)
        lo, hi = self.cells(node).bounds()
        if rows > MOST_ROWS or self.range_of(lo, hi) != proven_range(lo, hi, WIDE):
            return False
        return rows * ROW_COST + self.entries * LOOKUP_COST <= cells * ROW_COST + self.entries * ENTRY_COST


@dataclass(frozen=True)
class Piecewise:
    """The step. Hints `start`, `scale`, `base`, `slope` have the shape of the argument, which is committed."""

    node: str
    name: str
    argument: Quantized
    value: Quantized
    cells: Cells

    def columns(self) -> tuple[tuple[str, np.ndarray], ...]:
        """The columns of the table by the names of their hints."""
        cells = self.cells
        scales = np.left_shift(1, cells.widest - cells.bits)
        return ("start", cells.starts), ("scale", scales), ("base", cells.bases), ("slope", cells.slopes)

    def _hint(self, name: str, rows: np.ndarray) -> Quantized:
        return Quantized(f"{self.value.name}/{name}", self.value.shape, 0, int(rows.min()), int(rows.max()))

    def execute(self, environment: Environment) -> None:
        domain = replace(self.argument, lo=self.cells.first, hi=self.cells.last)
        v = domain.check(environment[self.argument.name])
        cell = self.cells.find(v)
        for name, rows in self.columns():
            environment[self._hint(name, rows).name] = rows[cell]
        environment[self.value.name] = self.value.check(self.cells.apply(v, cell))

    def constrain(self, emitter: Emitter) -> None:
        b, source, value, cells = emitter.builder, Stored.of(self.argument, self.node), self.value, self.cells
        sizes = emitter.sizes_for(source)
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        columns = self.columns()
        row = [emitter.hint(self._hint(*column), sizes, self.node).at(b, index) for column in columns]
        y = emitter.declare(value, sizes, self.node).at(b, index)
        b.lookup(b.table(self.name, [rows for _, rows in columns]), loops, row, origin=self.node)
        start, scale, base, slope = row
        low = source.expression(emitter, index) - start
        width = -(-cells.widest // 8) * 8  # as all remainders, so that range tables are shared
        b.range(loops, low * scale * (1 << (width - cells.widest)), bits=width, origin=self.node)
        rounded = base * (1 << (cells.shift - GUARD_BITS)) + slope * low + half(cells.shift)
        emitter.remainder(loops, rounded - y * (1 << cells.shift), cells.shift, origin=self.node)
        if not emitter.is_public(value.name):
            emitter.bound(loops, y, value.lo, value.hi, origin=self.node)


def argument_exponent(shape: Shape, tolerance: float) -> int:
    """The exponent at which rounding an argument that was seen moves f by at most `tolerance` / 2."""
    # Where one argument was seen, its neighbours tell the slope.
    slope = steepest(shape.f, *((shape.lo, shape.hi) if shape.lo < shape.hi else shape.domain()))
    wanted = math.ceil(math.log2(max(slope, 2.0**-40) / tolerance)) if tolerance > 0 else 0
    widest, narrowest = (fitting_exponent(shape.reach, (1 << (b - 1)) - 1) for b in (ARGUMENT_BITS, LEAST_BITS))
    return max(min(wanted, widest), narrowest)


def define_piecewise(
    plan: Plan,
    node: str,
    output: str,
    accumulator: Accumulator,
    shape: Shape,
    exponent: int,
    tolerance: float | None = None,
) -> None:
    """Defines `output` = f(accumulator) at `exponent`, off by at most about `tolerance`.

    The tolerance is 2^-function_bits of `shape.largest` if it is not given.
    """
    family = plan.family(output)
    if tolerance is not None or family is None or family.argument > accumulator.exponent:
        if tolerance is None:
            tolerance = math.ldexp(shape.largest, -plan.options.function_bits)
        at = min(argument_exponent(shape, tolerance), accumulator.exponent)
        family = Family.of(shape, at, exponent, tolerance, math.prod(accumulator.shape))
    if family.is_direct(node):
        _define_direct(plan, node, output, accumulator, family)
        return
    argument = _argument(plan, accumulator, f"{output}/argument", family, in_table=False)
    cells = family.cells(node)
    value = Quantized(output, accumulator.shape, exponent, *family.range_of(*cells.bounds()))
    plan.add(Piecewise(node, f"{shape.name}/{output}", argument, value, cells), value)


def define_table(plan: Plan, node: str, output: str, accumulator: Accumulator, saved: float) -> bool:
    """Defines `output` by a table of all arguments if that is cheaper than what the operator costs otherwise.

    `saved` is what the table saves for each entry, in lookups. False: nothing was defined.
    """
    family = plan.family(output)
    if family is None or family.argument > accumulator.exponent:
        return False
    rows = family.last - family.first + 1
    if rows > MOST_ROWS or rows * ROW_COST > family.entries * saved:
        return False
    _define_direct(plan, node, output, accumulator, family)
    return True


def _define_direct(plan: Plan, node: str, output: str, accumulator: Accumulator, family: Family) -> None:
    argument = _argument(plan, accumulator, f"{output}/argument", family, in_table=True)
    y = family.outputs
    value = Quantized(output, accumulator.shape, family.result, *proven_range(int(y.min()), int(y.max()), WIDE))
    domain = replace(argument, lo=family.first, hi=family.last)
    plan.add(TableLookup(node, f"{family.name}/{output}", domain, value, y), value)


def _argument(plan: Plan, accumulator: Accumulator, name: str, family: Family, *, in_table: bool) -> Quantized:
    """The argument as a committed value; what is committed already, and fine enough, is taken as it is."""
    if isinstance(accumulator, Stored) and accumulator.exponent == family.argument:
        return Quantized(accumulator.name, accumulator.shape, family.argument, accumulator.lo, accumulator.hi)
    domain = family.first, family.last
    lo, hi = domain if in_table else proven_range(*domain, WIDE)
    argument = Quantized(name, accumulator.shape, family.argument, lo, hi)
    plan.add(Rescale(accumulator, argument, accumulator.exponent - family.argument, in_table))
    return argument
