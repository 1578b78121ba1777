"""Choosing an entry of an axis by a computed index: a one-hot vector and a sum of products.

Hint: `chosen`, one bit for each index and each entry of the axis. Constraints: chosen^2 = chosen, sum chosen = 1,
sum j * chosen[j] = position (`blocks.position`). So chosen marks the one entry at the position, and the position is
that of an entry. The result is the accumulator sum_j chosen[j] * data[j].
Cost: one committed bit and one product for each pair of an index and an entry of the axis; no lookup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zkseal.lowering.blocks.extremum import entry_number
from zkseal.lowering.blocks.position import Position
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.values import Accumulator, Environment, Operand, Parameter, Quantized
from zkseal.lowering.view import AxisIndex
from zkseal.quantize.integers import Integers, widen
from zkseal.quantize.scales import model_bounds
from zkseal.relation import Expr

__all__ = ["OneHot", "Selected", "plan_choice", "select"]


@dataclass(frozen=True)
class OneHot:
    """The step; `chosen` has the shape of the position and behind it the axis, whose entries count from `first`."""

    position: Accumulator
    chosen: Quantized
    first: int = 0

    def execute(self, environment: Environment) -> None:
        position = self.position.compute(environment) - self.first
        entries = np.arange(self.chosen.shape[-1], dtype=np.int64)
        environment[self.chosen.name] = (position[..., np.newaxis] == entries).astype(np.int64)

    def constrain(self, emitter: Emitter) -> None:
        b, position, node = emitter.builder, self.position, self.position.node
        sizes = emitter.sizes_for(position)
        outer = emitter.loops(sizes)
        loops = flat_loops(outer)
        width = emitter.plain(self.chosen.shape[-1:])
        chosen = emitter.hint(self.chosen, (*sizes, *width), node)
        (along,) = emitter.loops(width)
        bit = chosen.at(b, (*outer, along))
        b.zero([*loops, *along], bit * bit - bit, origin=node)
        b.zero(loops, bit.sum(along) - 1, origin=node)
        number = entry_number(b, along)
        b.zero(loops, (bit * number).sum(along) + self.first - position.expression(emitter, outer), origin=node)


@dataclass(frozen=True)
class Selected(Accumulator):
    """Entry `position` of `axis` of the data; the axis is replaced by those of the position."""

    chosen: Quantized
    position: Position
    data: Quantized | Parameter
    axis: int

    @property
    def is_bounded(self) -> bool:
        return True

    @property
    def _rank(self) -> int:
        return len(self.position.shape)

    def operands(self) -> tuple[Operand, ...]:
        rank, axis = self._rank, self.axis
        own = [k - axis if axis <= k < axis + rank else None for k in range(len(self.shape))]
        found = [Operand(self.chosen.name, tuple(own))]
        if isinstance(self.data, Quantized):
            data = [*range(axis), *([None] * rank), *range(axis + 1, len(self.data.shape))]
            found.append(Operand(self.data.name, tuple(data)))
        return tuple(found)

    def compute(self, environment: Environment) -> Integers:
        data = environment[self.data.name] if isinstance(self.data, Quantized) else self.data.stored
        return widen(np.take(data, self.position.compute(environment), axis=self.axis))

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        rank, axis = self._rank, self.axis
        along_axis = [Operand(self.chosen.name, (rank,))]
        if isinstance(self.data, Quantized):
            along_axis.append(Operand(self.data.name, (axis,)))
        (along,) = emitter.loops(emitter.refine((self.position.count,), along_axis))
        own = (*index[:axis], along, *index[axis + rank :])
        data = (
            emitter.read(self.data.name, own) if isinstance(self.data, Quantized) else emitter.parameter(self.data, own)
        )
        return (emitter.read(self.chosen.name, (*index[axis : axis + rank], along)) * data).sum(along)


def plan_choice(plan: Plan, position: Accumulator, name: str, count: int, first: int = 0) -> Quantized:
    """Commits the one-hot vectors `name` of a position, which has to be one of `count` entries from `first`."""
    chosen = Quantized(name, (*position.shape, count), 0, 0, 1)
    plan.add(OneHot(position, chosen, first), chosen)
    return chosen


def select(
    name: str, shape: tuple[int, ...], chosen: Quantized, position: Position, data: Quantized | Parameter, axis: int
) -> Selected:
    """The chosen entries of `data` as an accumulator; hidden data have the bounds that the model proof shows."""
    lo, hi = (data.lo, data.hi) if isinstance(data, Quantized) else model_bounds(data.stored)
    return Selected(name, position.node, shape, data.exponent, lo, hi, chosen, position, data, axis)
