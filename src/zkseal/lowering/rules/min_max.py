"""Min and Max.

What it lowers
    Min and Max of any number of operands with numpy broadcasting; operands may be constant.
Constraints
    max(a, b) = a + max(b - a, 0), with `blocks.split` of the difference at full precision, which fixes both parts;
    min(a, b) = a - max(a - b, 0). Operands are taken one after the other.
Range assumptions
    The differences of the operands stay below 2^60.
Cost
    For each operand but the first two committed integers, one range as wide as the difference and one product.
Example
    max(3, 5) = 3 + max(2, 0).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Sum
from zkseal.lowering.blocks.operands import operands, rounded
from zkseal.lowering.blocks.rescale import INTEGER_LIMIT
from zkseal.lowering.blocks.split import plan_split
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Accumulator, Stored

GUARD_BITS = 8
"""Operands more than 8 bits finer than the result are rounded to that first."""


@rule("Min", "Max")
def lower_min_max(node: Node, plan: Plan) -> None:
    """Plans a Min or a Max."""
    output, sign = node.outputs[0], 1 if node.op == "Max" else -1
    finest = plan.target_exponent(output) + GUARD_BITS
    parts = [rounded(plan, part, f"{output}/{k}/rounded", finest) for k, part in enumerate(operands(node, plan))]
    extreme = parts[0]
    for number, part in enumerate(parts[1:]):
        extreme = _extreme(plan, node.name, f"{output}/{number}", extreme, part, sign)
    plan.define(Sum.of(output, node.name, plan.shape(output), [(extreme, 1)]))


def _extreme(plan: Plan, node: str, name: str, a: Accumulator, b: Accumulator, sign: int) -> Accumulator:
    shape = np.broadcast_shapes(a.shape, b.shape)
    difference = Sum.of(f"{name}/difference", node, shape, [(b, sign), (a, -sign)])
    split = plan_split(difference, f"{name}/excess", difference.exponent, INTEGER_LIMIT)
    plan.add(split, split.positive, split.negative)
    result = Sum.of(name, node, shape, [(a, 1), (Stored.of(split.positive, node), sign)])
    shift_a, shift_b = (result.exponent - part.exponent for part in (a, b))
    lo = (max if sign > 0 else min)(a.lo << shift_a, b.lo << shift_b)
    hi = (max if sign > 0 else min)(a.hi << shift_a, b.hi << shift_b)
    return replace(result, lo=lo, hi=hi)
