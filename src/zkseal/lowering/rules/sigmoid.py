"""Sigmoid and Tanh.

What it lowers
    Sigmoid and Tanh of any value, fused with the linear layer before it.
Constraints
    `blocks.function`: the argument is rounded to a grid and clamped where the function is flat to the precision asked,
    then looked up in one table, or interpolated from a small one. The lookups fix every hint. A Tanh that stays small
    is not clamped (`blocks.piecewise`), so that it keeps its relative precision.
Range assumptions
    None where the whole curve is in the table; else |x| <= headroom * calibrated magnitude.
Cost
    Direct: one committed argument with its two range checks, one lookup, and the rows of the table. Interpolated: five
    committed integers and about five range checks, and a few hundred rows. The cheaper form is taken.
Example
    32 activations: 512 cells rather than 2^15 rows.
"""

from __future__ import annotations

import math

from zkseal.graph import Node
from zkseal.lowering.blocks.function import Curve, define_function
from zkseal.lowering.blocks.piecewise import Shape, define_piecewise
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import precision, rule

SMALL = 0.25


def _sigmoid(x: float) -> float:
    return 0.5 * (1.0 + math.tanh(0.5 * x))


SIGMOID = Curve("sigmoid", _sigmoid, -12.0, 12.0, slope=0.25, bend=0.0963)
TANH = Curve("tanh", math.tanh, -6.0, 6.0, slope=1.0, bend=0.77)


@precision("Sigmoid", "Tanh")
def sigmoid_precision(node: Node, plan: Plan) -> dict[str, int]:
    """Steps of the argument that move the result by 2^-(function_bits - 2): large arguments need more than 16 bits."""
    return {node.inputs[0]: plan.options.function_bits - (4 if node.op == "Sigmoid" else 2)}


@rule("Sigmoid", "Tanh")
def lower_sigmoid(node: Node, plan: Plan) -> None:
    """Plans a Sigmoid or a Tanh."""
    source, output = node.inputs[0], node.outputs[0]
    curve = SIGMOID if node.op == "Sigmoid" else TANH
    largest = plan.statistics(output).magnitude * plan.options.headroom
    if largest < SMALL:
        seen = plan.statistics(source)
        reach = seen.magnitude * plan.options.headroom
        shape = Shape(node.op, curve.f, seen.minimum, seen.maximum, reach, largest)
        define_piecewise(plan, node.name, output, plan.accumulator(source, node), shape, plan.target_exponent(output))
        return
    reach = plan.statistics(source).magnitude * plan.options.headroom
    # Half of them, as the first steps of a sequence often have scales of their own.
    sharing = max(1, plan.steps_of(output) // 2)
    define_function(plan, node.name, output, plan.accumulator(source, node), curve, reach, sharing=sharing)
