"""LeakyRelu.

What it lowers
    LeakyRelu with a slope alpha (an attribute, hence public), fused with the linear layer before it.
Constraints
    `blocks.split` of the rounded pre-activation into positive and negative (both fixed there), then
    y = positive - alpha * negative, rounded as in `blocks.rescale`, with alpha = a / 2^15 rounded half up.
Range assumptions
    |pre-activation| <= headroom * calibrated magnitude.
Cost
    As Relu, and one committed integer with two range checks for y. With many entries, for all LeakyRelus of the model
    with this slope together, a table of all arguments: two committed integers and two lookups.
Example
    alpha 0.01: a = 328, y = floor((2^15 positive - 328 negative + 2^14) / 2^15).
"""

from __future__ import annotations

import math

from zkseal.graph import Node
from zkseal.lowering.accumulators import Sum
from zkseal.lowering.blocks.piecewise import Shape, define_table
from zkseal.lowering.blocks.split import plan_split
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import function, rule
from zkseal.lowering.values import Stored

SLOPE_BITS = 15
SAVED = 3.0
"""What a table saves for each entry: a committed integer, two ranges and a product."""


@function("LeakyRelu")
def leaky_relu_function(node: Node, plan: Plan) -> Shape:
    """A LeakyRelu as a function of one variable."""
    alpha = float(plan.attributes(node).get("alpha", 0.01))
    seen, result = plan.statistics(node.inputs[0]), plan.statistics(node.outputs[0])
    reach, largest = (magnitude * plan.options.headroom for magnitude in (seen.magnitude, result.magnitude))
    key = f"LeakyRelu{alpha}"
    return Shape("LeakyRelu", lambda x: x if x >= 0 else alpha * x, seen.minimum, seen.maximum, reach, largest, key)


@rule("LeakyRelu")
def lower_leaky_relu(node: Node, plan: Plan) -> None:
    """Plans a LeakyRelu."""
    alpha = float(plan.attributes(node).get("alpha", 0.01))
    if not abs(alpha) < 2**8:
        raise plan.unsupported(node, f"alpha is {alpha}; it must lie between -256 and 256. Change the slope")
    source, output = node.inputs[0], node.outputs[0]
    accumulator = plan.accumulator(source, node)
    if define_table(plan, node.name, output, accumulator, SAVED):
        return
    exponent, limit = plan.scale(source, accumulator.magnitude)
    split = plan_split(accumulator, f"{output}/positive", exponent, limit)
    plan.add(split, split.positive, split.negative)
    slope = math.floor(math.ldexp(alpha, SLOPE_BITS) + 0.5)
    positive, negative = (Stored.of(part, node.name) for part in (split.positive, split.negative))
    terms = [(positive, 1 << SLOPE_BITS), (negative, -slope)]
    total = Sum.of(output, node.name, plan.shape(output), terms)
    plan.define(total.divided(SLOPE_BITS))
