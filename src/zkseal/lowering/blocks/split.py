"""Positive and negative part of a rounded, shifted accumulator: v = floor((acc + 2^(s-1)) / 2^s) - offset,
positive = max(v, 0), negative = max(-v, 0).

Constraints: positive * negative = 0; positive + negative in [0, 2^b'), b' >= b; and
acc + 2^(s-1) - (offset + positive - negative) * 2^s in [0, 2^s), or zero for s = 0. They fix both: one part is zero, so
the sum is the other part, an integer in range; then v is an integer, and the remainder leaves only one.
Cost: two range checks and one product for each entry.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zkseal.lowering.blocks.rescale import half
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Accumulator, Environment, Quantized
from zkseal.quantize.integers import round_shift

__all__ = ["Split", "plan_split"]


@dataclass(frozen=True)
class Split:
    """The step. `positive` and `negative` are the two parts, each in [0, 2^b)."""

    accumulator: Accumulator
    positive: Quantized
    negative: Quantized
    shift: int
    offset: int

    def execute(self, environment: Environment) -> None:
        acc, top = self.accumulator, self.positive.hi
        whole = Quantized(acc.name, acc.shape, self.positive.exponent, self.offset - top, self.offset + top)
        v = whole.check(round_shift(acc.compute(environment), self.shift)) - self.offset
        environment[self.positive.name] = np.maximum(v, 0)
        environment[self.negative.name] = np.maximum(-v, 0)

    def constrain(self, emitter: Emitter) -> None:
        acc, node = self.accumulator, self.accumulator.node
        sizes = emitter.sizes_for(acc)
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        positive = emitter.declare(self.positive, sizes, node).at(emitter.builder, index)
        negative = emitter.hint(self.negative, sizes, node).at(emitter.builder, index)
        rounded = positive - negative + self.offset
        remainder = acc.expression(emitter, index) + half(self.shift) - rounded * (1 << self.shift)
        emitter.remainder(loops, remainder, self.shift, origin=node)
        emitter.builder.zero(loops, positive * negative, origin=node)
        bits = self.positive.hi.bit_length()
        emitter.magnitude(loops, positive + negative, bits, origin=node)


def plan_split(accumulator: Accumulator, name: str, exponent: int, limit: int, offset: int = 0) -> Split:
    """Splits at `offset` (an integer of `exponent`); the positive part gets `name`, the negative `name/negative`."""
    exponent = min(exponent, accumulator.exponent)
    shift = accumulator.exponent - exponent
    lo, hi = (((bound + half(shift)) >> shift) - offset for bound in (accumulator.lo, accumulator.hi))
    top = min((1 << max(abs(lo), abs(hi)).bit_length()) - 1, limit)
    positive = Quantized(name, accumulator.shape, exponent, 0, top)
    negative = Quantized(f"{name}/negative", accumulator.shape, exponent, 0, top)
    return Split(accumulator, positive, negative, shift, offset)
