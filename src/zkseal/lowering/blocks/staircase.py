"""y = f(n) for a function f of an integer that never falls and has few values, as the roundings of quantized models.

The table has rows (y, first, last): f(n) = y for the integers n in [first, last]. So f may be anything: rounding half
to even, single-precision arithmetic, saturation at both ends. Where f saturates its interval is much longer than the
others; it is cut into several rows of about their length, so that all ranges are short.

Constraints: (y, first, last) is a row, n - first in [0, 2^b), last - n in [0, 2^b). The intervals of different rows do
not meet: y, first and last are fixed.
Where entries have different functions (scales for each channel), the table has a column that says for which of them a
row is, and the lookup shows it; which function an entry has is public.
Cost: one lookup, two ranges as wide as a step, three committed integers for each entry; the rows of the table.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod

import numpy as np

from zkseal.lowering.accumulators import broadcast_index
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Accumulator, Environment, Parameter, Quantized
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr

__all__ = ["Curves", "Staircase", "first_arguments", "plan_staircase", "staircase_of_edges"]

MIN_PIECES, MAX_PIECES = 1 << 4, 1 << 11
ENTRIES_FOR_A_PIECE = 8
"""Into how many rows an interval is cut at most: a few for tensors that would not be worth a larger table."""

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
    """The step. Rows, ascending in (curve, first): f is `values` for the integers from `firsts` to `lasts`.

    `which`: the curve of each entry, broadcast; the rows of curve c are `starts[c]` .. `starts[c + 1] - 1`.
    """

    accumulator: Accumulator
    value: Quantized
    values: Integers = field(repr=False)
    firsts: Integers = field(repr=False)
    lasts: Integers = field(repr=False)
    starts: tuple[int, ...]
    which: Parameter | None

    def _hints(self) -> tuple[Quantized, Quantized]:
        name, shape = self.value.name, self.value.shape
        return (
            Quantized(f"{name}/first", shape, 0, int(self.firsts.min()), int(self.firsts.max())),
            Quantized(f"{name}/last", shape, 0, int(self.lasts.min()), int(self.lasts.max())),
        )

    def execute(self, environment: Environment) -> None:
        acc = self.accumulator
        n = Quantized(acc.name, acc.shape, acc.exponent, acc.lo, acc.hi).check(acc.compute(environment))
        curve = np.broadcast_to(np.zeros((), dtype=np.int64) if self.which is None else self.which.integers, n.shape)
        row = np.zeros(n.shape, dtype=np.int64)
        for number, (start, end) in enumerate(itertools.pairwise(self.starts)):
            mine = curve == number
            found = np.searchsorted(self.firsts[start:end], n[mine], side="right") - 1
            row[mine] = start + np.maximum(found, 0)
        first, last = self._hints()
        environment[self.value.name] = self.values[row]
        environment[first.name] = self.firsts[row]
        environment[last.name] = self.lasts[row]

    def constrain(self, emitter: Emitter) -> None:
        b, acc, node = emitter.builder, self.accumulator, self.accumulator.node
        sizes = emitter.sizes_for(acc)
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        y = emitter.declare(self.value, sizes, node).at(b, index)
        first, last = (emitter.hint(hint, sizes, node).at(b, index) for hint in self._hints())
        key: list[Expr] = [y]
        columns = [self.values]
        if self.which is not None:
            key.append(emitter.parameter(self.which, broadcast_index(self.which.shape, index), public=True))
            counts = np.diff(self.starts)
            columns.append(np.repeat(np.arange(len(counts), dtype=np.int64), counts))
        table = b.table(f"{self.value.name}/steps", [*columns, self.firsts, self.lasts])
        b.lookup(table, loops, [*key, first, last], origin=node)
        n = acc.expression(emitter, index)
        bits = int((self.lasts - self.firsts).max()).bit_length()
        b.range(loops, n - first, bits=bits, origin=node)
        b.range(loops, last - n, bits=bits, origin=node)


def plan_staircase(
    accumulator: Accumulator, value: Quantized, curves: Curves, which: Integers | None = None
) -> Staircase:
    """The step for `value` = curves(which, accumulator), saturated to the bounds of `value`.

    `which` broadcasts to the shape of the value; its curves are numbered from 0 without gaps.
    """
    count = 1 if which is None else int(which.max()) + 1
    edges = first_arguments(curves, count, accumulator.lo, accumulator.hi, range(value.lo, value.hi + 1))
    parameter = None if which is None else Parameter(f"{value.name}/curve", which, 0)
    return staircase_of_edges(accumulator, value, edges, parameter)


def staircase_of_edges(
    accumulator: Accumulator, value: Quantized, edges: Integers, which: Parameter | None
) -> Staircase:
    """The step with the steps `edges[curve, y - value.lo]` <= n < `edges[curve, y - value.lo + 1]`.

    Steps without integers have no rows. Long ones, where f saturates, are cut into pieces as long as the others.
    """
    most = min(max(prod(value.shape) // (ENTRIES_FOR_A_PIECE * len(edges)), MIN_PIECES), MAX_PIECES)
    pieces = [_rows(row, value.lo, most) for row in edges]
    starts = np.cumsum([0, *(len(values) for values, _, _ in pieces)])
    values, firsts, lasts = (np.concatenate([piece[k] for piece in pieces]) for k in range(3))
    return Staircase(accumulator, value, values, firsts, lasts, tuple(int(start) for start in starts), which)


def _rows(edges: Integers, lowest: int, most: int) -> tuple[Integers, Integers, Integers]:
    """Values, first and last arguments of the rows of one curve."""
    widths = np.diff(edges)
    inner = int(widths[1:-1].max(initial=1))
    # Pieces of 2^k integers are ranges of k bits.
    length = 1 << max((inner - 1).bit_length(), (int(widths.max()) // most).bit_length())
    rows = [
        (lowest + k, first, min(first + length, end) - 1)
        for k, (start, end) in enumerate(itertools.pairwise(int(edge) for edge in edges))
        for first in range(start, end, length)
    ]
    values, firsts, lasts = (np.asarray(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return values, firsts, lasts
