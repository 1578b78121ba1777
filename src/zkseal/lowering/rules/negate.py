"""Neg, Abs, Sum, Mean.

What it lowers
    Neg and Abs of any value; Sum and Mean of any number of operands with numpy broadcasting.
Constraints
    Neg, Sum and Mean: none, they are accumulators; Mean multiplies by 1 / n at 24 bits. Abs: `blocks.split` at full
    precision fixes both parts, |x| is their sum.
Range assumptions
    None beyond those of the operands.
Cost
    Nothing; for Abs two committed integers, one range and one product for each entry.
Example
    x = -3: positive 0, negative 3, |x| = 3.
"""

from __future__ import annotations

from dataclasses import replace

from zkseal.graph import Node
from zkseal.lowering.accumulators import Offset, Sum
from zkseal.lowering.blocks.operands import operand, operands, rounded
from zkseal.lowering.blocks.rescale import INTEGER_LIMIT
from zkseal.lowering.blocks.split import plan_split
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Stored

MEAN_BITS = 24


@rule("Neg")
def lower_neg(node: Node, plan: Plan) -> None:
    """Plans a Neg."""
    plan.define(Offset.of(node.outputs[0], node.name, operand(node, plan, 0), -1, 0))


@rule("Sum", "Mean")
def lower_sum(node: Node, plan: Plan) -> None:
    """Plans a Sum or a Mean of several operands."""
    output = node.outputs[0]
    parts = operands(node, plan)
    total = Sum.of(output, node.name, plan.shape(output), [(part, 1) for part in parts])
    if node.op == "Mean" and len(parts) > 1:
        share = ((1 << MEAN_BITS) + len(parts) // 2) // len(parts)
        total = Sum.of(output, node.name, total.shape, [(total, share)]).divided(MEAN_BITS)
    plan.define(total)


@rule("Abs")
def lower_abs(node: Node, plan: Plan) -> None:
    """Plans an Abs."""
    output = node.outputs[0]
    limit = INTEGER_LIMIT if plan.is_integer(output) else 4 * plan.limit(output) + 3
    finest = plan.target_exponent(output) + 1
    part = rounded(plan, operand(node, plan, 0), f"{output}/rounded", finest, limit)
    split = plan_split(part, f"{output}/positive", part.exponent, INTEGER_LIMIT)
    plan.add(split, split.positive, split.negative)
    total = Sum.of(
        output, node.name, part.shape, [(Stored.of(p, node.name), 1) for p in (split.positive, split.negative)]
    )
    plan.define(replace(total, hi=max(-part.lo, part.hi)))
