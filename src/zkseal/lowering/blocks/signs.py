"""The sign of a value as a bit, and its magnitude: x = (1 - 2 s) |x| with s = [x < 0].

s is a `Greater` of `blocks.order`, and |x| = x - 2 s x is committed, tied by a Zero; both are fixed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from zkseal.lowering.accumulators import Constant, Offset
from zkseal.lowering.blocks.operands import linear
from zkseal.lowering.blocks.order import Greater, bit
from zkseal.lowering.blocks.selection import Selection
from zkseal.lowering.blocks.tie import plan_tie
from zkseal.lowering.plan import Plan
from zkseal.lowering.values import Accumulator, Stored

__all__ = ["Signed", "plan_signed", "with_sign", "xor"]


@dataclass(frozen=True)
class Signed:
    """`negative` is s, a bit, or None where the value is never negative; `magnitude` is |x|. Both linear."""

    negative: Accumulator | None
    magnitude: Accumulator


def plan_signed(plan: Plan, accumulator: Accumulator, name: str) -> Signed:
    """Adds the steps for the sign and the magnitude of a value."""
    if isinstance(accumulator, Constant) and accumulator.lo < 0:
        return _signed_constant(plan, accumulator, name)
    value = linear(plan, accumulator, f"{name}/value")
    if value.lo >= 0:
        return Signed(None, value)
    opposite = Offset.of(value.name, value.node, value, -1, 0)
    if value.hi <= 0:
        one = plan.parameter(f"{name}/one", 1, 0, stated=0)
        return Signed(Constant.of(one, (), value.node), opposite)
    negative = bit(f"{name}/negative", value.shape)
    plan.add(Greater(value.node, opposite, negative), negative)
    s = Stored.of(negative, value.node)
    magnitude = Selection.of(f"{name}/magnitude", value.node, value.shape, s, opposite, value)
    bounded = replace(magnitude, lo=0, hi=max(-value.lo, value.hi))
    return Signed(s, Stored.of(plan_tie(plan, bounded), value.node))


def _signed_constant(plan: Plan, constant: Constant, name: str) -> Signed:
    """Both parts are constants, as public as it is: nothing has to be shown."""
    integers = constant.parameter.integers
    negative = plan.parameter(f"{name}/negative", integers < 0, 0, stated=0)
    size = np.ldexp(np.abs(integers).astype(np.float64), -constant.exponent)
    magnitude = plan.parameter(f"{name}/magnitude", size, constant.exponent, stated=constant.exponent)
    shape, node, public = constant.shape, constant.node, constant.public
    return Signed(*(Constant.of(part, shape, node, public=public) for part in (negative, magnitude)))


def xor(plan: Plan, left: Accumulator | None, right: Accumulator | None, name: str) -> Accumulator | None:
    """The sign of a product of values with these signs, committed if it depends on both."""
    if left is None or right is None:
        return left if right is None else right
    opposite = Offset.of(right.name, right.node, right, -1, 1)
    shape = Selection.broadcast(left, right)
    return Stored.of(plan_tie(plan, Selection.of(name, left.node, shape, left, opposite, right)), left.node)


def with_sign(magnitude: Accumulator, negative: Accumulator | None, name: str) -> Accumulator:
    """-magnitude where the sign is 1, as an accumulator; `magnitude` is linear."""
    if negative is None:
        return magnitude
    opposite = Offset.of(magnitude.name, magnitude.node, magnitude, -1, 0)
    shape = Selection.broadcast(magnitude, negative)
    return Selection.of(name, magnitude.node, shape, negative, opposite, magnitude)
