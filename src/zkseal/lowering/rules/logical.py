"""And, Or, Xor, Not.

What it lowers
    The logical operators with numpy broadcasting; either operand constant.
Constraints
    None of its own: a b, a + b - a b, a + b - 2 a b and 1 - a are accumulators. Operands are bits, so results are.
Range assumptions
    Boolean values are committed as 0 and 1.
Cost
    Nothing committed; one product for each entry, none for Not.
Example
    Xor of 1 and 1: 1 + 1 - 2 = 0.
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Offset
from zkseal.lowering.blocks.operands import linear, operand, operands
from zkseal.lowering.blocks.selection import Selection
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Accumulator


def negated(accumulator: Accumulator) -> Offset:
    """1 - a."""
    return Offset.of(accumulator.name, accumulator.node, accumulator, -1, 1)


@rule("And", "Or", "Xor")
def lower_logical(node: Node, plan: Plan) -> None:
    """Plans an And, Or or Xor, as what to take where the left operand is 1, and where it is 0."""
    output = node.outputs[0]
    left, right = (linear(plan, part, f"{output}/{k}") for k, part in enumerate(operands(node, plan)))
    zero, one = (_constant(node, plan, bit) for bit in (0, 1))
    chosen, other = {"And": (right, zero), "Or": (one, right), "Xor": (negated(right), right)}[node.op]
    plan.define(Selection.of(output, node.name, plan.shape(output), left, chosen, other))


def _constant(node: Node, plan: Plan, bit: int) -> Accumulator:
    return Constant.of(plan.parameter(f"{node.name}/{bit}", bit, 0, stated=0), (), node.name)


@rule("Not")
def lower_not(node: Node, plan: Plan) -> None:
    """Plans a Not."""
    part = operand(node, plan, 0)
    plan.define(Offset.of(node.outputs[0], node.name, part, -1, 1))
