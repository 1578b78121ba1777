"""Rounding to whole numbers: down, up, toward zero, and to the nearest with ties to even.

Down and up are `blocks.rescale` of the shifted accumulator; toward zero rounds both parts of `blocks.split` down.

**Ties to even**: y = 2 h + b for an integer h and a bit b, and e = acc - 2^s y. Constraints: b is a bit, h is in its
range, e + 2^(s-1) - b and 2^(s-1) - b - e are in [0, 2^(s+1)). So |e| <= 2^(s-1) for an even y, and less for an odd
one: of the two candidates for a tie only the even one is left, otherwise there is only one. Hint: h; b is y - 2 h.
Cost: two committed integers, two ranges of s + 1 bits and one of h for each entry.
"""

from __future__ import annotations

from dataclasses import dataclass

from zkseal.lowering.accumulators import Offset, Sum
from zkseal.lowering.blocks.rescale import INTEGER_LIMIT, Rescale, half, proven_range
from zkseal.lowering.blocks.split import plan_split
from zkseal.lowering.emitter import Emitter, flat_loops
from zkseal.lowering.plan import Plan
from zkseal.lowering.values import Accumulator, Environment, Quantized, Stored

__all__ = ["NearestEven", "plan_down", "plan_nearest_even", "plan_toward_zero", "plan_up"]


@dataclass(frozen=True)
class NearestEven:
    """The step for ties to even. `value` is y, at exponent 0; `half` is h."""

    accumulator: Accumulator
    value: Quantized
    half: Quantized

    def execute(self, environment: Environment) -> None:
        s = self.accumulator.exponent
        acc = self.accumulator.compute(environment)
        down = acc >> s
        rest = (acc - (down << s)) * 2 - (1 << s)
        y = down + ((rest > 0) | ((rest == 0) & (down & 1 == 1)))
        environment[self.value.name] = y
        environment[self.half.name] = self.half.check(y >> 1)

    def constrain(self, emitter: Emitter) -> None:
        b, acc, s = emitter.builder, self.accumulator, self.accumulator.exponent
        sizes = emitter.sizes_for(acc)
        index = emitter.loops(sizes)
        loops = flat_loops(index)
        y = emitter.declare(self.value, sizes, acc.node).at(b, index)
        h = emitter.hint(self.half, sizes, acc.node).at(b, index)
        odd = y - h * 2
        b.zero(loops, odd * odd - odd, origin=acc.node)
        emitter.bound(loops, h, self.half.lo, self.half.hi, origin=acc.node)
        e = acc.expression(emitter, index) - y * (1 << s)
        b.range(loops, e + half(s) - odd, bits=s + 1, origin=acc.node)
        b.range(loops, -e + half(s) - odd, bits=s + 1, origin=acc.node)


def _whole(accumulator: Accumulator, name: str) -> Accumulator | None:
    """The accumulator under `name` if it holds whole numbers only."""
    if accumulator.exponent > 0:
        return None
    return Sum.of(name, accumulator.node, accumulator.shape, [(accumulator, 1)])


def _plan_shifted(plan: Plan, accumulator: Accumulator, name: str, addend: int) -> Accumulator:
    """floor((acc + addend) / 2^s)."""
    shift = accumulator.exponent
    moved = Offset.of(accumulator.name, accumulator.node, accumulator, 1, addend - half(shift))
    lo, hi = ((bound + addend) >> shift for bound in (accumulator.lo, accumulator.hi))
    value = Quantized(name, accumulator.shape, 0, *proven_range(lo, hi, INTEGER_LIMIT))
    plan.add(Rescale(moved, value, shift))
    return Stored.of(value, accumulator.node)


def plan_down(plan: Plan, accumulator: Accumulator, name: str) -> Accumulator:
    """floor(acc) at exponent 0, committed under `name`; as it is where it holds whole numbers."""
    return _whole(accumulator, name) or _plan_shifted(plan, accumulator, name, 0)


def plan_up(plan: Plan, accumulator: Accumulator, name: str) -> Accumulator:
    """ceil(acc)."""
    return _whole(accumulator, name) or _plan_shifted(plan, accumulator, name, (1 << accumulator.exponent) - 1)


def plan_toward_zero(plan: Plan, accumulator: Accumulator, name: str) -> Accumulator:
    """trunc(acc), at exponent 0."""
    if accumulator.exponent <= 0:
        factor = 1 << -accumulator.exponent
        scaled = Sum.of(name, accumulator.node, accumulator.shape, [(accumulator, factor)])
        return scaled.divided(accumulator.exponent)
    if accumulator.lo >= 0:
        return plan_down(plan, accumulator, name)
    split = plan_split(accumulator, f"{name}/positive", accumulator.exponent, INTEGER_LIMIT)
    plan.add(split, split.positive, split.negative)
    parts = [
        plan_down(plan, Stored.of(part, accumulator.node), f"{part.name}/whole")
        for part in (split.positive, split.negative)
    ]
    return Sum.of(name, accumulator.node, accumulator.shape, [(parts[0], 1), (parts[1], -1)])


def plan_nearest_even(plan: Plan, accumulator: Accumulator, name: str) -> Accumulator:
    """The nearest whole number, of two the even one."""
    whole = _whole(accumulator, name)
    if whole is not None:
        return whole
    lo, hi = ((bound >> accumulator.exponent) >> 1 for bound in (accumulator.lo, accumulator.hi))
    lo, hi = proven_range(lo, hi + 1, INTEGER_LIMIT)
    parts = Quantized(f"{name}/half", accumulator.shape, 0, lo, hi)
    value = Quantized(name, accumulator.shape, 0, 2 * lo, 2 * hi + 1)
    plan.add(NearestEven(accumulator, value, parts), value)
    return Stored.of(value, accumulator.node)
