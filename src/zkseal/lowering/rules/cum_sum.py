"""CumSum.

What it lowers
    Cumulative sums along one constant axis, exclusive or not, forward or reverse.
Constraints
    y[i] = y[i - 1] + x[i], reading zero before the first entry (y[i + 1] in reverse, x[i - 1] if exclusive): the sums
    are exact and fixed one after the other. Sums wider than an activation are rounded by whoever uses them.
Range assumptions
    n * max |x| stays below 2^62.
Cost
    One committed integer and one linear term for each entry; no lookup.
Example
    x = (3, 1, 4): y = (3, 4, 8); exclusive (0, 3, 4); reverse (8, 5, 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Sum
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Environment, Operand, Quantized, Stored
from zkseal.lowering.view import AxisIndex
from zkseal.quantize.integers import Integers


@dataclass(frozen=True)
class CumSum:
    """The step: `value` has the shape and exponent of `source`; `step` is 1 (forward) or -1."""

    node: str
    source: Quantized
    value: Quantized
    axis: int
    step: int
    exclusive: bool

    def execute(self, environment: Environment) -> None:
        x = environment[self.source.name]
        ordered = np.flip(x, self.axis) if self.step < 0 else x
        total: Integers = ordered.cumsum(axis=self.axis)
        if self.exclusive:
            total = total - ordered
        environment[self.value.name] = np.flip(total, self.axis) if self.step < 0 else total

    def constrain(self, emitter: Emitter) -> None:
        b, axis, shape = emitter.builder, self.axis, self.source.shape
        if shape[axis] > 1 and not emitter.view(self.source.name).reads_zero_outside(axis):
            emitter.copy(self.source.name)
        rest = [k for k in range(len(shape)) if k != axis]
        sizes = emitter.refine([shape[k] for k in rest], [Operand(self.source.name, tuple(rest))])
        own = (*sizes[:axis], *emitter.plain(shape[axis : axis + 1]), *sizes[axis:])
        y = emitter.declare(self.value, own, self.node)
        outer = emitter.loops(sizes)
        along = b.loop(shape[axis])

        def at(index: AxisIndex) -> tuple[AxisIndex, ...]:
            return (*outer[:axis], index, *outer[axis:])

        if shape[axis] == 1:
            x = emitter.read(self.source.name, at(()))
            b.zero(flat_loops(outer), y.at(b, at(())) - (x * 0 if self.exclusive else x), origin=self.node)
            return
        before = y.at(b, at(along - self.step))
        x = emitter.read(self.source.name, at(along - self.step if self.exclusive else (along,)))
        b.zero([*flat_loops(outer), along], y.at(b, at((along,))) - before - x, origin=self.node)


@rule("CumSum")
def lower_cum_sum(node: Node, plan: Plan) -> None:
    """Plans a CumSum."""
    source, output, attributes = plan.committed(node.inputs[0]), node.outputs[0], plan.attributes(node)
    axis = int(plan.required_constant(node, 1, "axis").reshape(-1)[0]) % len(source.shape)
    count = source.shape[axis]
    lo, hi = min(source.lo * count, 0), max(source.hi * count, 0)
    wide = not plan.is_integer(output) and max(-lo - 1, hi) > plan.options.limit
    value = Quantized(f"{output}/sums" if wide else output, source.shape, source.exponent, lo, hi)
    step = -1 if attributes.get("reverse", 0) else 1
    plan.add(CumSum(node.name, source, value, axis, step, bool(attributes.get("exclusive", 0))), value)
    if wide:
        plan.define(Sum.of(output, node.name, source.shape, [(Stored.of(value, node.name), 1)]))
