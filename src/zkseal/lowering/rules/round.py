"""Floor, Ceil, Round.

What it lowers
    Floor, Ceil and Round (ties to even) of any value.
Constraints
    `blocks.whole`: the remainder of the rounding, in a half-open interval or with ties to even, fixes y.
Range assumptions
    A float next to a whole number is rounded as it is committed, with 8 bits more than usual.
Cost
    Down and up: one committed integer and two ranges; ties to even: two committed integers and three ranges.
Example
    2.5 at exponent 1: acc = 5, y = 2 = 2 * 1 + 0, e = 1 = 2^(s-1), allowed since y is even.
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.accumulators import Sum
from zkseal.lowering.blocks.operands import operand
from zkseal.lowering.blocks.whole import plan_down, plan_nearest_even, plan_up
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import precision, rule
from zkseal.lowering.values import Stored

EXTRA_BITS = 8


@precision("Floor", "Ceil", "Round")
def round_precision(node: Node, plan: Plan) -> dict[str, int]:
    """Finer than usual, as the result jumps."""
    return {node.inputs[0]: plan.target_exponent(node.inputs[0]) + EXTRA_BITS}


@rule("Floor", "Ceil", "Round")
def lower_round(node: Node, plan: Plan) -> None:
    """Plans a Floor, Ceil or Round."""
    output = node.outputs[0]
    planned = {"Floor": plan_down, "Ceil": plan_up, "Round": plan_nearest_even}[node.op]
    value = planned(plan, operand(node, plan, 0), output)
    if not (isinstance(value, Stored) and value.name == output):
        plan.define(Sum.of(output, node.name, value.shape, [(value, 1)]))
