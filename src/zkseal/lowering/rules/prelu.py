"""PRelu.

What it lowers
    PRelu with slopes of any sign that broadcast to x, constant or computed; fused with the layer before it.
Constraints
    `blocks.split` of the rounded pre-activation fixes its two parts; y = positive - slope * negative is an accumulator.
Range assumptions
    |pre-activation| <= headroom * calibrated magnitude.
Cost
    As Relu, one product for each entry, and the rounding of y.
Example
    x = -3, slope 0.5: positive 0, negative 3, y = -1.5.
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.accumulators import Sum
from zkseal.lowering.blocks.operands import linear, operand
from zkseal.lowering.blocks.split import plan_split
from zkseal.lowering.blocks.times import Times
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Stored


@rule("PRelu")
def lower_prelu(node: Node, plan: Plan) -> None:
    """Plans a PRelu."""
    source, output = node.inputs[0], node.outputs[0]
    accumulator = operand(node, plan, 0)
    slope = linear(plan, operand(node, plan, 1), f"{output}/slope")
    exponent, limit = plan.scale(source, accumulator.magnitude)
    split = plan_split(accumulator, f"{output}/positive", exponent, limit)
    plan.add(split, split.positive, split.negative)
    positive, negative = (Stored.of(part, node.name) for part in (split.positive, split.negative))
    product = Times.of(f"{output}/product", node.name, negative, slope)
    plan.define(Sum.of(output, node.name, plan.shape(output), [(positive, 1), (product, -1)]))
