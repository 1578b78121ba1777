"""y = f(n) for a function f of an integer that never falls and has few values, as the roundings of quantized models.

The table has a row (y, first, last) for each y: f(n) = y exactly for the integers n in [first, last]. So f may be
anything: rounding half to even, single-precision arithmetic, saturation at both ends.

Constraints: (y, first, last) is a row, n - first in [0, 2^b), last - n in [0, 2^b). The intervals of different rows do
not meet, and a row whose interval is empty (first > last) satisfies no n: y, first and last are fixed.
Where entries have different functions (scales for each channel), the key of a row is `curve * rows + y - lo`; the
curve of an entry is public.
Cost: one lookup and two ranges of about the width of n, three committed integers for each entry; the rows of the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from zkseal.lowering.accumulators import broadcast_index
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Accumulator, Environment, Parameter, Quantized
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr

__all__ = ["Curves", "Staircase", "first_arguments", "plan_staircase"]

Curves = Callable[[Integers, Integers], Integers]
"""f(curve, n): for arrays of curve numbers and integers the values, not falling in n."""


def first_arguments(curves: Curves, count: int, lo: int, hi: int, values: range) -> Integers:
    """For each curve and each y of `values`, and one more, the least n in [lo, hi + 1] with f(n) >= y."""
    wanted = np.arange(values.start, values.stop + 1, dtype=np.int64)
    shape = (count, len(wanted))
    number = np.broadcast_to(np.arange(count, dtype=np.int64)[:, None], shape)
    low, high = np.full(shape, lo, dtype=np.int64), np.full(shape, hi + 1, dtype=np.int64)
    while (low < high).any():
        middle = low + (high - low) // 2
        reached = curves(number, np.minimum(middle, hi)) >= wanted
        low, high = np.where(reached, low, np.minimum(middle + 1, high)), np.where(reached, middle, high)
    low[:, 0], low[:, -1] = lo, hi + 1
    return low


@dataclass(frozen=True)
class Staircase:
    """The step. `firsts[curve, y - value.lo]`, and one column more; `which`: the curve of each entry, broadcast."""

    accumulator: Accumulator
    value: Quantized
    firsts: Integers = field(repr=False)
    which: Parameter | None

    @property
    def _rows(self) -> int:
        return self.value.hi - self.value.lo + 1

    def _hints(self) -> tuple[Quantized, Quantized]:
        first, last = self.firsts[:, :-1], self.firsts[:, 1:] - 1
        return (
            Quantized(f"{self.value.name}/first", self.value.shape, 0, int(first.min()), int(first.max())),
            Quantized(f"{self.value.name}/last", self.value.shape, 0, int(last.min()), int(last.max())),
        )

    def execute(self, environment: Environment) -> None:
        acc = self.accumulator
        n = Quantized(acc.name, acc.shape, acc.exponent, acc.lo, acc.hi).check(acc.compute(environment))
        which = np.zeros((), dtype=np.int64) if self.which is None else self.which.integers
        curve = np.broadcast_to(which, n.shape)
        row = np.zeros(n.shape, dtype=np.int64)
        for number, firsts in enumerate(self.firsts):
            mine = curve == number
            row[mine] = np.maximum(np.searchsorted(firsts[:-1], n[mine], side="right") - 1, 0)
        first, last = self._hints()
        environment[self.value.name] = row + self.value.lo
        environment[first.name] = self.firsts[curve, row]
        environment[last.name] = self.firsts[curve, row + 1] - 1

    def constrain(self, emitter: Emitter) -> None:
        b, acc, node = emitter.builder, self.accumulator, self.accumulator.node
        sizes = emitter.sizes_for(acc)
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        y = emitter.declare(self.value, sizes, node).at(b, index)
        first, last = (emitter.hint(hint, sizes, node).at(b, index) for hint in self._hints())
        key: Expr = y
        start = self.value.lo
        if self.which is not None:
            curve = emitter.parameter(self.which, broadcast_index(self.which.shape, index), public=True)
            key, start = y - self.value.lo + curve * self._rows, 0
        keys = range(start, start + self._rows * len(self.firsts))
        columns = (self.firsts[:, :-1].reshape(-1), self.firsts[:, 1:].reshape(-1) - 1)
        table = b.table(f"{self.value.name}/steps", [keys, *columns])
        b.lookup(table, loops, [key, first, last], origin=node)
        n = acc.expression(emitter, index)
        bits = int((self.firsts[:, 1:] - self.firsts[:, :-1]).max() - 1).bit_length()
        b.range(loops, n - first, bits=bits, origin=node)
        b.range(loops, last - n, bits=bits, origin=node)


def plan_staircase(
    accumulator: Accumulator, value: Quantized, curves: Curves, which: Integers | None = None
) -> Staircase:
    """The step for `value` = curves(which, accumulator), saturated to the bounds of `value`.

    `which` broadcasts to the shape of the value; its curves are numbered from 0 without gaps.
    """
    count = 1 if which is None else int(which.max()) + 1
    values = range(value.lo, value.hi + 1)
    firsts = first_arguments(curves, count, accumulator.lo, accumulator.hi, values)
    parameter = None if which is None else Parameter(f"{value.name}/curve", which, 0)
    return Staircase(accumulator, value, firsts, parameter)
