"""Concat.

What it lowers
    Concat of values (and constants) along one axis.
Constraints
    y[.., start_k + i, ..] = round(x_k[.., i, ..] / 2^s_k) for each operand k: a copy (or an exact multiple) tied by a
    Zero where s_k <= 0, else rounded as in `blocks.rescale`. Both fix y.
Range assumptions
    The result takes the finest exponent of its operands, but no finer one than its own values need.
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
from zkseal.lowering.blocks.rescale import INTEGER_LIMIT, half, proven_range
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Accumulator, Environment, Quantized, Stored
from zkseal.lowering.view import AxisIndex, mixed_radix
from zkseal.quantize.integers import round_shift


@dataclass(frozen=True)
class Concat:
    """The step. Parts that are finer than `value` are rounded, coarser ones multiplied."""

    node: str
    parts: tuple[Accumulator, ...]
    value: Quantized
    axis: int

    def execute(self, environment: Environment) -> None:
        aligned = []
        for part in self.parts:
            shift = part.exponent - self.value.exponent
            aligned.append(round_shift(part.compute(environment) << max(-shift, 0), max(shift, 0)))
        environment[self.value.name] = self.value.check(np.concatenate(aligned, axis=self.axis))

    def constrain(self, emitter: Emitter) -> None:
        whole = emitter.plain(self.value.shape)
        view = emitter.declare(self.value, whole, self.node)
        start = 0
        for part in self.parts:
            index = emitter.loops(emitter.sizes_for(part))
            loops = flat_loops(index)
            along: AxisIndex = mixed_radix(index[self.axis]) + start
            y = view.at(emitter.builder, (*index[: self.axis], along, *index[self.axis + 1 :]))
            finer = part.exponent - self.value.exponent
            shift = max(finer, 0)
            entry = part.expression(emitter, index) * (1 << max(-finer, 0))
            emitter.remainder(loops, entry + half(shift) - y * (1 << shift), shift, origin=self.node)
            proven = shift == 0 and part.is_bounded
            if not proven and not emitter.is_public(self.value.name):
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
    wanted = plan.scale(output, max(part.magnitude for part in parts))[0]
    exponents = [part.exponent for part in parts]
    exponent = max(min(exponents), min(max(exponents), wanted))
    ends = [_aligned(part, end, exponent) for part in parts for end in (part.lo, part.hi)]
    lo, hi = proven_range(min(ends), max(ends), INTEGER_LIMIT)
    value = Quantized(output, shape, exponent, lo, hi)
    plan.add(Concat(node.name, tuple(parts), value, axis), value)


def _aligned(part: Accumulator, end: int, exponent: int) -> int:
    """A bound of a part at another exponent."""
    shift = part.exponent - exponent
    return (end + half(shift)) >> shift if shift >= 0 else end << -shift
