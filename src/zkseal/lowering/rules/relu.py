"""Relu.

What it lowers
    Relu of any value; fused with the linear layer before it, whose accumulator is then never rounded by itself.
Constraints
    `blocks.split`: positive * negative = 0, their sum in [0, 2^(bits-1)), the remainder of the rounding in range. The
    output is `positive`; the hint `negative` is fixed by the same constraints (see there).
Range assumptions
    |pre-activation| <= headroom * calibrated magnitude, else `RangeExceeded`.
Cost
    For each entry two committed integers, two range checks (remainder, sum) and one product.
Example
    acc = -70000, s = 16: v = floor((-70000 + 32768) / 65536) = -1, positive 0, negative 1, remainder 28304.
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.blocks.split import plan_split
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule


@rule("Relu")
def lower_relu(node: Node, plan: Plan) -> None:
    """Plans a Relu."""
    source, output = node.inputs[0], node.outputs[0]
    accumulator = plan.accumulator(source, node)
    exponent, limit = plan.scale(source, accumulator.magnitude)
    split = plan_split(accumulator, output, exponent, limit)
    plan.add(split, split.positive)
