"""The largest entry along an axis of any length, as a tree: m = max(x_0, .., x_{n-1}).

Level l compares the upper half of the entries that are left with the lower half: n_0 = n, n_l = ceil(n_{l-1} / 2), and
for i < c_l = n_{l-1} - n_l

    m_l[i] = max(m_{l-1}[i], m_{l-1}[i + n_l])        m_l[i] = m_{l-1}[i] for the entry without a partner.

Hints: up_l[i] = m_l[i] - m_{l-1}[i] and down_l[i] = m_l[i] - m_{l-1}[i + n_l], all levels behind each other in one
tensor, with a zero behind each level. Constraints: m_{l-1}[i] + up = m_{l-1}[i + n_l] + down, up * down = 0,
up + down in [0, 2^b), the zeros are zero, and m = x_0 + sum over l of up_l[0]. One of up and down is zero, so the sum
is the other one and not negative, and every hint is fixed. m_l is virtual: m_l[i] = x[i] + sum over l' <= l of
up_l'[i]; an index is at most one beyond its level, and reads the zero there. Long axes take several trees: the maxima
that are left after some levels are committed, so that expressions stay short.

Cost: one range check, one product and two committed integers for each comparison, n - 1 of them; the work is n log n.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.values import Accumulator, Environment, Operand, Quantized, Stored
from zkseal.lowering.view import AxisIndex, View
from zkseal.relation import Affine, Expr, Loop

__all__ = ["AxisMaximum", "plan_axis_maximum"]

LONGEST, LEVELS = 1 << 12, 6
"""An axis of more entries takes a tree of so many levels, and goes on with the maxima that it leaves."""


_Entry: TypeAlias = Callable[[AxisIndex], Expr]
"""The entry of the source at an index of the axis."""


@dataclass(frozen=True)
class _Level:
    """`count` comparisons of entry i with entry i + `kept`; its hints begin at `start`."""

    count: int
    kept: int
    start: int


@dataclass(frozen=True)
class AxisMaximum:
    """The step. `source` is linear in committed values or a product of two; `value` has an axis of size n_L."""

    node: str
    source: Accumulator
    value: Quantized
    axis: int

    @property
    def _levels(self) -> list[_Level]:
        levels: list[_Level] = []
        left, start = self.source.shape[self.axis], 0
        while left > self.value.shape[self.axis]:
            kept = -(-left // 2)
            levels.append(_Level(left - kept, kept, start))
            left, start = kept, start + left - kept + 1
        return levels

    def _hint(self, name: str) -> Quantized:
        span = (1 << (self.source.hi - self.source.lo).bit_length()) - 1
        last = self._levels[-1]
        shape = (*self._rest, last.start + last.count + 1)
        return Quantized(f"{self.value.name}/{name}", shape, self.source.exponent, 0, span)

    @property
    def _rest(self) -> tuple[int, ...]:
        return tuple(size for k, size in enumerate(self.source.shape) if k != self.axis)

    def execute(self, environment: Environment) -> None:
        m = np.moveaxis(self.source.compute(environment), self.axis, -1)
        up, down = [], []
        for level in self._levels:
            left, right = m[..., : level.count], m[..., level.kept : level.kept + level.count]
            larger = np.maximum(left, right)
            zero = np.zeros((*m.shape[:-1], 1), dtype=np.int64)
            up += [larger - left, zero]
            down += [larger - right, zero]
            m = np.concatenate([larger, m[..., level.count : level.kept]], axis=-1)
        if up:
            environment[self._hint("up").name] = np.concatenate(up, axis=-1)
            environment[self._hint("down").name] = np.concatenate(down, axis=-1)
        environment[self.value.name] = np.moveaxis(m, -1, self.axis)

    def constrain(self, emitter: Emitter) -> None:
        b, axis, source = emitter.builder, self.axis, self.source
        for operand in source.operands():
            if (own := operand.axes[axis]) is not None:
                emitter.whole_axis(operand.name, own)
        rest = [k for k in range(len(source.shape)) if k != axis]
        operands = [Operand(o.name, tuple(o.axes[k] for k in rest)) for o in source.operands()]
        sizes = emitter.refine(self._rest, operands)
        outer = emitter.loops(sizes)
        loops = flat_loops(outer)

        def entry(index: AxisIndex) -> Expr:
            return source.expression(emitter, (*outer[:axis], index, *outer[axis:]))

        left = self.value.shape[axis]
        last = b.loop(left) if left > 1 else None
        rows: tuple[Loop, ...] = () if last is None else (last,)
        y = emitter.declare(self.value, (*sizes[:axis], (left,) if rows else (), *sizes[axis:]), self.node)
        first = last if last is not None else Affine((), 0)
        difference = entry(first) - y.at(b, (*outer[:axis], rows, *outer[axis:]))
        if not self._levels:
            b.zero([*loops, *rows], difference, origin=self.node)
            return
        storage = (*sizes, self._hint("up").shape[-1:])
        up, down = (emitter.hint(self._hint(name), storage, self.node) for name in ("up", "down"))
        self._constrain_levels(emitter, loops, outer, entry, (up, down))
        self._constrain_hints(emitter, loops, outer, (up, down))
        rising = [up.at(b, (*outer, first + level.start)) for level in self._levels]
        b.zero([*loops, *rows], sum(rising, difference), origin=self.node)

    def _constrain_levels(
        self,
        emitter: Emitter,
        loops: Sequence[Loop],
        outer: Sequence[AxisIndex],
        entry: _Entry,
        hints: tuple[View, View],
    ) -> None:
        b, (up, down) = emitter.builder, hints
        for number, level in enumerate(self._levels):
            i = b.loop(level.count) if level.count > 1 else None
            left = i if i is not None else Affine((), 0)
            right = left + level.kept
            difference = entry(left) - entry(right)
            for earlier in self._levels[:number]:
                difference = difference + up.at(b, (*outer, left + earlier.start))
                difference = difference - up.at(b, (*outer, right + earlier.start))
            difference = difference + up.at(b, (*outer, left + level.start)) - down.at(b, (*outer, left + level.start))
            b.zero([*loops, *([i] if i is not None else [])], difference, origin=self.node)

    def _constrain_hints(
        self, emitter: Emitter, loops: Sequence[Loop], outer: Sequence[AxisIndex], hints: tuple[View, View]
    ) -> None:
        b = emitter.builder
        every, level = b.loop(self._hint("up").shape[-1]), b.loop(len(self._levels))
        u, d = (hint.at(b, (*outer, (every,))) for hint in hints)
        b.zero([*loops, every], u * d, origin=self.node)
        emitter.magnitude([*loops, every], u + d, self._hint("up").hi.bit_length(), origin=self.node)
        gaps = [known.start + known.count for known in self._levels]
        u, d = (_gathered(emitter, hint, outer, gaps, level) for hint in hints)
        b.zero([*loops, level], u + d, origin=self.node)


def _gathered(emitter: Emitter, hint: View, outer: Sequence[AxisIndex], entries: Sequence[int], loop: Loop) -> Expr:
    """The entries of the last axis of a hint that stand at `entries[loop]`."""
    taken = hint.take(len(hint.shape) - 1, tuple(entries))
    assert taken is not None  # The last axis of a fresh tensor is one plain axis.
    return taken.at(emitter.builder, (*outer, (loop,)))


def plan_axis_maximum(plan: Plan, node: str, name: str, source: Accumulator, axis: int) -> Quantized:
    """Adds the steps for `name`, the largest entry of `source` along `axis`, which stays with size 1."""
    while True:
        left = source.shape[axis]
        kept = 1 if left <= LONGEST else -(-left // (1 << LEVELS))
        shape = tuple(kept if k == axis else size for k, size in enumerate(source.shape))
        value = Quantized(name if kept == 1 else f"{name}/of_{kept}", shape, source.exponent, source.lo, source.hi)
        plan.add(AxisMaximum(node, source, value, axis), value)
        if kept == 1:
            return value
        source = Stored.of(value, node)
