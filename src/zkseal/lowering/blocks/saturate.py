"""Committing an accumulator that may leave its range: y = min(max(v, lo), hi) with v = floor((acc + 2^(s-1)) / 2^s).

Constraints, with non-negative hints `above` = max(v - hi, 0) and `below` = max(lo - v, 0):

- acc + 2^(s-1) - (y + above - below) * 2^s lies in [0, 2^s), or is zero for s = 0;
- above * (hi - y) = 0 and below * (y - lo) = 0;
- y lies in [lo, hi] (checked by the verifier itself when y is a public output), above + below in [0, 2^w).

They fix all three. The first leaves one integer, v = y + above - below. If above is not zero then y = hi, so y is not
lo, below is zero, and above is the sum, which is not negative: v > hi. In the same way below forces v < lo. So v inside
the range leaves y = v, outside it leaves the nearer end. Nothing wraps: the products are below 2^64, the accumulator is
below 2^62, the sum has at most 32 bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zkseal.lowering.blocks.rescale import half
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import Accumulator, Environment, Quantized
from zkseal.quantize.integers import round_shift

__all__ = ["MAX_EXCESS_BITS", "Saturate", "plan_saturate"]

MAX_EXCESS_BITS = 31
"""Values further than 2^31 steps beyond their range raise `RangeExceeded`."""


@dataclass(frozen=True)
class Saturate:
    """The step. `value` is y; `above` and `below` are hints in [0, 2^w)."""

    accumulator: Accumulator
    value: Quantized
    above: Quantized
    below: Quantized
    shift: int

    def execute(self, environment: Environment) -> None:
        acc, value, top = self.accumulator, self.value, self.above.hi
        whole = Quantized(value.name, acc.shape, value.exponent, value.lo - top, value.hi + top)
        v = whole.check(round_shift(acc.compute(environment), self.shift))
        environment[self.above.name] = np.maximum(v - value.hi, 0)
        environment[self.below.name] = np.maximum(value.lo - v, 0)
        environment[value.name] = np.clip(v, value.lo, value.hi)

    def constrain(self, emitter: Emitter) -> None:
        acc, value, node = self.accumulator, self.value, self.accumulator.node
        sizes = emitter.sizes_for(acc)
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        y = emitter.declare(value, sizes, node).at(emitter.builder, index)
        above = emitter.hint(self.above, sizes, node).at(emitter.builder, index)
        below = emitter.hint(self.below, sizes, node).at(emitter.builder, index)
        rounded = y + above - below
        remainder = acc.expression(emitter, index) + half(self.shift) - rounded * (1 << self.shift)
        emitter.remainder(loops, remainder, self.shift, origin=node)
        emitter.builder.zero(loops, above * value.hi - above * y, origin=node)
        emitter.builder.zero(loops, below * y - below * value.lo, origin=node)
        if not emitter.is_public(value.name):
            emitter.bound(loops, y, value.lo, value.hi, origin=node)
        emitter.magnitude(loops, above + below, self.above.hi.bit_length(), origin=node)


def plan_saturate(accumulator: Accumulator, name: str, exponent: int, lo: int, hi: int) -> Saturate:
    """Rounds to `exponent` (or that of the accumulator, if coarser) and clamps to [lo, hi], lo < hi."""
    exponent = min(exponent, accumulator.exponent)
    shift = accumulator.exponent - exponent
    least, most = ((bound + half(shift)) >> shift for bound in (accumulator.lo, accumulator.hi))
    bits = min(max(most - hi, lo - least, 1).bit_length(), MAX_EXCESS_BITS)
    value = Quantized(name, accumulator.shape, exponent, lo, hi)
    above, below = (
        Quantized(f"{name}/{hint}", accumulator.shape, exponent, 0, (1 << bits) - 1) for hint in ("above", "below")
    )
    return Saturate(accumulator, value, above, below, shift)
