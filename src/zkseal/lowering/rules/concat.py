"""Concat.

What it lowers
    Concat of values (and constants) along one axis.
Constraints
    y[.., start_k + i, ..] = round(x_k[.., i, ..] / 2^s_k) for each operand k: a copy tied by a Zero where the exponents
    are equal, else rounded as in `blocks.rescale`. Both fix y.
Range assumptions
    The result takes the coarsest exponent of its operands.
Cost
    One committed integer for each entry; two range checks for entries that are rounded.
Example
    (1, 8, 4, 4) and (1, 4, 4, 4) along axis 1: y[0, c, h, w] and y[0, 8 + c, h, w].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant
from zkseal.lowering.blocks.rescale import half, proven_range
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Accumulator, Environment, Quantized, Stored
from zkseal.lowering.view import AxisIndex, mixed_radix
from zkseal.quantize.integers import round_shift


@dataclass(frozen=True)
class Concat:
    """The step. `parts` have exponents at least that of `value`."""

    node: str
    parts: tuple[Accumulator, ...]
    value: Quantized
    axis: int

    def execute(self, environment: Environment) -> None:
        rounded = [round_shift(part.compute(environment), part.exponent - self.value.exponent) for part in self.parts]
        environment[self.value.name] = self.value.check(np.concatenate(rounded, axis=self.axis))

    def constrain(self, emitter: Emitter) -> None:
        whole = emitter.plain(self.value.shape)
        view = emitter.declare(self.value, whole, self.node)
        start = 0
        for part in self.parts:
            index = emitter.loops(emitter.sizes_for(part))
            loops = flat_loops(index)
            along: AxisIndex = mixed_radix(index[self.axis]) + start
            y = view.at(emitter.builder, (*index[: self.axis], along, *index[self.axis + 1 :]))
            shift = part.exponent - self.value.exponent
            remainder = part.expression(emitter, index) + half(shift) - y * (1 << shift)
            emitter.remainder(loops, remainder, shift, origin=self.node)
            if shift and not emitter.is_public(self.value.name):
                emitter.bound(loops, y, self.value.lo, self.value.hi, origin=self.node)
            start += part.shape[self.axis]


@rule("Concat")
def lower_concat(node: Node, plan: Plan) -> None:
    """Plans a Concat."""
    output = node.outputs[0]
    shape = plan.shape(output)
    axis = int(plan.attributes(node)["axis"]) % len(shape)
    parts: list[Accumulator] = []
    for name in node.inputs:
        constant = plan.constant(name)
        if constant is None:
            parts.append(Stored.of(plan.committed(name), node.name))
        else:
            target = plan.target_exponent(output)
            parameter = plan.parameter(name, np.asarray(constant, dtype=np.float64), target, stated=target)
            parts.append(Constant.of(parameter, tuple(constant.shape), node.name))
    exponent = min(part.exponent for part in parts)
    rounded = [(part, part.exponent - exponent) for part in parts]
    lo = min((part.lo + half(shift)) >> shift for part, shift in rounded)
    hi = max((part.hi + half(shift)) >> shift for part, shift in rounded)
    lo, hi = proven_range(
        lo, hi, max(plan.options.limit, *((1 << max(abs(p.lo), abs(p.hi)).bit_length()) - 1 for p in parts))
    )
    value = Quantized(output, shape, exponent, lo, hi)
    plan.add(Concat(node.name, tuple(parts), value, axis), value)
