"""Committing an accumulator: y = floor((acc + 2^(s-1)) / 2^s), round half up.

Constraints: the remainder acc + 2^(s-1) - y * 2^s lies in [0, 2^s), and y in its range (two's complement bits; checked
by the verifier itself when y is a public output). Together they fix y: two integers y with a remainder in range would
differ by less than one. Nothing wraps, since accumulator bounds are proven to stay under 62 bits.
For s = 0 the remainder must be zero; then y needs no check of its range where the accumulator's bounds are proven.
An accumulator is below 2^61, so it is 0 in steps of 2^62 and more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.values import MAX_ACCUMULATOR_BITS, Accumulator, Environment, Quantized
from zkseal.quantize.integers import round_shift

if TYPE_CHECKING:
    from zkseal.lowering.plan import Plan

__all__ = ["INTEGER_LIMIT", "Rescale", "half", "plan_rescale", "proven_range"]


INTEGER_LIMIT = (1 << 60) - 1
"""Largest integer of a value that the model itself computes in integers."""


def half(shift: int) -> int:
    """What is added before the low `shift` bits are dropped: 2^(shift-1), or 0 without a shift."""
    return 1 << (shift - 1) if shift else 0


def proven_range(lo: int, hi: int, limit: int) -> tuple[int, int]:
    """The narrowest range with a span of a power of two ([0, 2^k) or [-2^k, 2^k)) around [lo, hi], inside the limit.

    `limit` = 2^k - 1 is the largest integer that may be committed.
    """
    if lo >= 0:
        return 0, min((1 << hi.bit_length()) - 1, limit)
    bits = max((-lo - 1).bit_length(), hi.bit_length() if hi > 0 else 0)
    top = min((1 << bits) - 1, limit)
    return -top - 1, top


@dataclass(frozen=True)
class Rescale:
    """The step; `value` is y. `in_table`: whoever reads y looks it up in a table that has no rows beyond its range.

    Such a lookup leaves y one integer of the range by itself, so that the range is not shown twice.
    """

    accumulator: Accumulator
    value: Quantized
    shift: int
    in_table: bool = False

    def execute(self, environment: Environment) -> None:
        acc = self.accumulator.compute(environment)
        rounded = np.zeros_like(acc) if self.shift >= MAX_ACCUMULATOR_BITS else round_shift(acc, self.shift)
        environment[self.value.name] = self.value.check(rounded)

    def constrain(self, emitter: Emitter) -> None:
        acc, value, node = self.accumulator, self.value, self.accumulator.node
        sizes = emitter.sizes_for(acc)
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        y = emitter.declare(value, sizes, node).at(emitter.builder, index)
        if self.shift >= MAX_ACCUMULATOR_BITS:
            emitter.builder.zero(loops, y, origin=node)
            return
        remainder = acc.expression(emitter, index) + half(self.shift) - y * (1 << self.shift)
        emitter.remainder(loops, remainder, self.shift, origin=node)
        if not (emitter.is_public(value.name) or self._is_in_range or self.in_table):
            emitter.bound(loops, y, value.lo, value.hi, origin=node)

    @property
    def _is_in_range(self) -> bool:
        acc, value = self.accumulator, self.value
        return self.shift == 0 and acc.is_bounded and value.lo <= acc.lo and acc.hi <= value.hi


def plan_rescale(accumulator: Accumulator, plan: Plan) -> Rescale:
    """Rounds to the calibrated scale of the accumulator's value, or not at all if its integers are small enough.

    Values of integer type are not rounded.
    """
    exponent, limit = plan.scale(accumulator.name, accumulator.magnitude)
    fits = -limit - 1 <= accumulator.lo and accumulator.hi <= limit
    exponent = accumulator.exponent if fits else min(exponent, accumulator.exponent)
    shift = accumulator.exponent - exponent
    lo, hi = ((bound + half(shift)) >> shift for bound in (accumulator.lo, accumulator.hi))
    lo, hi = proven_range(lo, hi, limit)
    return Rescale(accumulator, Quantized(accumulator.name, accumulator.shape, exponent, lo, hi), shift)
