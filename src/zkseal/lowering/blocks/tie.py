"""Committing an accumulator as it is: y = acc, tied by a Zero.

The Zero fixes y. Its range needs no check of its own: y is the integer that the accumulator is, whatever its bounds.
Cost: one committed integer for each entry.
"""

from __future__ import annotations

from dataclasses import dataclass

from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.values import Accumulator, Environment, Quantized

__all__ = ["Tie", "plan_tie"]


@dataclass(frozen=True)
class Tie:
    """The step; `value` has the shape, exponent and bounds of the accumulator."""

    accumulator: Accumulator
    value: Quantized

    def execute(self, environment: Environment) -> None:
        environment[self.value.name] = self.value.check(self.accumulator.compute(environment))

    def constrain(self, emitter: Emitter) -> None:
        acc = self.accumulator
        sizes = emitter.sizes_for(acc)
        index = emitter.loops(sizes)
        y = emitter.declare(self.value, sizes, acc.node).at(emitter.builder, index)
        emitter.builder.zero(flat_loops(index), acc.expression(emitter, index) - y, origin=acc.node)


def plan_tie(plan: Plan, accumulator: Accumulator) -> Quantized:
    """Commits the accumulator under its own name, without rounding."""
    acc = accumulator
    value = Quantized(acc.name, acc.shape, acc.exponent, acc.lo, acc.hi)
    plan.add(Tie(acc, value), value)
    return value
