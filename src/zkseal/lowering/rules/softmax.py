"""Softmax.

What it lowers
    Softmax over one axis.
Constraints
    Four steps, for x along the axis: m = max x (`blocks.maximum`, which fixes its hints); E[j] = exp(x[j] - m) from a
    table over d = m - x[j] >= 0 (`blocks.function`), E(0) = 2^14; S = sum E, tied by a Zero; y[j] = E[j] / S rounded
    half up: the remainder r = 2^(k+1) E[j] + S - 2 S y[j] is in [0, 2 S), shown by two ranges, r and 2 S - 1 - r. S is
    at least E(0) > 0, so y in its range is the only quotient.
Range assumptions
    m - x up to twice headroom * calibrated magnitude; beyond 12 the exponential is 0 at 14 bits.
Cost
    For each entry: the maximum's step, a table argument (one or two splits), one lookup, and three ranges and two
    committed integers for the quotient.
Example
    x = (0, 0) at any scale: E = (16384, 16384), S = 32768, y = (8192, 8192) at k = 14.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Sum
from zkseal.lowering.blocks.function import Curve, define_function
from zkseal.lowering.blocks.maximum import MaximumChain
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Environment, Operand, Quantized, Stored
from zkseal.relation import Expr, Loop


def _exponential(d: float) -> float:
    return math.exp(-d)


EXPONENTIAL = Curve("exp_minus", _exponential, 0.0, 12.0, slope=1.0, bend=1.0)


@dataclass(frozen=True)
class AxisMaximum:
    """The largest entry of `source` along `axis`; `value` keeps the axis with size 1."""

    node: str
    source: Quantized
    value: Quantized
    axis: int

    @property
    def _chain(self) -> MaximumChain:
        return MaximumChain(self.node, self.value, (self.source.shape[self.axis],))

    def execute(self, environment: Environment) -> None:
        x = environment[self.source.name]
        self._chain.execute(environment, [np.take(x, [k], axis=self.axis) for k in range(x.shape[self.axis])])

    def constrain(self, emitter: Emitter) -> None:
        name, axis = self.source.name, self.axis
        emitter.whole_axis(name, axis)
        own = tuple(None if k == axis else k for k in range(len(self.source.shape)))
        sizes = emitter.refine(self.value.shape, [Operand(name, own)])
        outer = emitter.loops(sizes)

        def entry(taps: Sequence[Loop | int]) -> Expr:
            tap = taps[0]
            return emitter.read(name, (*outer[:axis], (tap,) if isinstance(tap, Loop) else 0, *outer[axis + 1 :]))

        self._chain.constrain(emitter, sizes, outer, entry)


@dataclass(frozen=True)
class Share:
    """y = source / (sum of source along `axis`), rounded half up to `value.exponent` bits; hint: the sum."""

    node: str
    source: Quantized
    value: Quantized
    axis: int

    @property
    def _sum(self) -> Quantized:
        shape = tuple(1 if k == self.axis else size for k, size in enumerate(self.source.shape))
        return Quantized(
            f"{self.value.name}/sum", shape, self.source.exponent, 0, self.source.hi * self.source.shape[self.axis]
        )

    def execute(self, environment: Environment) -> None:
        e = environment[self.source.name]
        total = e.sum(axis=self.axis, keepdims=True)
        environment[self._sum.name] = total
        environment[self.value.name] = self.value.check(((e << (self.value.exponent + 1)) + total) // (2 * total))

    def constrain(self, emitter: Emitter) -> None:
        b, axis, name = emitter.builder, self.axis, self.source.name
        every = tuple(range(len(self.source.shape)))
        sizes = emitter.refine(self.source.shape, [Operand(name, every)])
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        outer = (*index[:axis], (), *index[axis + 1 :])
        total_view = emitter.hint(self._sum, (*sizes[:axis], (), *sizes[axis + 1 :]), self.node)
        total, e = total_view.at(b, outer), emitter.read(name, index)
        b.zero(flat_loops(outer), e.sum(index[axis]) - total, origin=self.node)
        y = emitter.declare(self.value, sizes, self.node).at(b, index)
        remainder = e * (1 << (self.value.exponent + 1)) + total - total * y * 2
        bits = (2 * self._sum.hi).bit_length()
        b.range(loops, remainder, bits=bits, origin=self.node)
        b.range(loops, total * 2 - 1 - remainder, bits=bits, origin=self.node)
        if not emitter.is_public(self.value.name):
            emitter.bound(loops, y, self.value.lo, self.value.hi, origin=self.node)


@rule("Softmax")
def lower_softmax(node: Node, plan: Plan) -> None:
    """Plans a Softmax."""
    source, output = plan.committed(node.inputs[0]), node.outputs[0]
    axis = int(plan.attributes(node).get("axis", -1)) % len(source.shape)
    kept = tuple(1 if k == axis else size for k, size in enumerate(source.shape))
    maximum = replace(source, name=f"{output}/maximum", shape=kept)
    plan.add(AxisMaximum(node.name, source, maximum, axis), maximum)
    terms = [(Stored.of(maximum, node.name), 1), (Stored.of(source, node.name), -1)]
    # The maximum is proven, so the distance from it is not negative.
    distance = replace(Sum.of(f"{output}/distance", node.name, source.shape, terms), lo=0)
    reach = 2.0 * plan.statistics(source.name).magnitude * plan.options.headroom
    define_function(plan, node.name, f"{output}/exponential", distance, EXPONENTIAL, reach)
    bits = plan.options.bits - 2
    value = Quantized(output, source.shape, bits, 0, (1 << (bits + 1)) - 1)
    plan.add(Share(node.name, plan.committed(f"{output}/exponential"), value, axis), value)
