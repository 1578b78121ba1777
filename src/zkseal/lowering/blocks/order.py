"""Comparison of a difference with zero.

**Greater**: the bit z = [d > 0]. Constraints: z^2 = z and (2 z - 1) d - z in [0, 2^b). For z = 1 the range says d >= 1,
for z = 0 it says d <= 0, so z is fixed. Cost: one committed bit, one range as wide as d, two products.

**ThreeWay**: the bits z = [d = 0] and g = [d > 0]. Constraints: both are bits, z g = 0, z d = 0 and, with the sign
s = g - (1 - z - g) = 2 g + z - 1, s d - (1 - z) in [0, 2^b). For z = 1: g = 0 and d = 0. For z = 0: s = 1 and d >= 1,
or s = -1 and d <= -1. So both are fixed. Cost: two committed bits, one range as wide as d, six products.

d is linear in committed values (`blocks.operands.linear`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Accumulator, Environment, Quantized

__all__ = ["Greater", "ThreeWay", "bit"]


def bit(name: str, shape: tuple[int, ...]) -> Quantized:
    """A committed value that is 0 or 1."""
    return Quantized(name, shape, 0, 0, 1)


def _width(difference: Accumulator) -> int:
    return max(-difference.lo, difference.hi, 0).bit_length()


@dataclass(frozen=True)
class Greater:
    """The step; `value` is z, of the shape of `difference`."""

    node: str
    difference: Accumulator
    value: Quantized

    def execute(self, environment: Environment) -> None:
        d = self.difference.compute(environment)
        environment[self.value.name] = np.broadcast_to(d > 0, self.value.shape).astype(np.int64)

    def constrain(self, emitter: Emitter) -> None:
        b, sizes = emitter.builder, emitter.sizes_for(self.difference)
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        d = self.difference.expression(emitter, index)
        z = emitter.declare(self.value, sizes, self.node).at(b, index)
        if not emitter.is_public(self.value.name):
            b.zero(loops, z * z - z, origin=self.node)
        b.range(loops, z * d * 2 - d - z, bits=_width(self.difference), origin=self.node)


@dataclass(frozen=True)
class ThreeWay:
    """The step; `equal` is z, `greater` is g, both of the shape of `difference`."""

    node: str
    difference: Accumulator
    equal: Quantized
    greater: Quantized

    def execute(self, environment: Environment) -> None:
        d = np.broadcast_to(self.difference.compute(environment), self.equal.shape)
        environment[self.equal.name] = (d == 0).astype(np.int64)
        environment[self.greater.name] = (d > 0).astype(np.int64)

    def constrain(self, emitter: Emitter) -> None:
        b, sizes = emitter.builder, emitter.sizes_for(self.difference)
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        d = self.difference.expression(emitter, index)
        z = emitter.declare(self.equal, sizes, self.node).at(b, index)
        g = emitter.declare(self.greater, sizes, self.node).at(b, index)
        for value in (z, g):
            b.zero(loops, value * value - value, origin=self.node)
        b.zero(loops, z * g, origin=self.node)
        b.zero(loops, z * d, origin=self.node)
        sign = g * 2 + z - 1
        b.range(loops, sign * d - 1 + z, bits=_width(self.difference), origin=self.node)
