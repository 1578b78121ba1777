"""Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Sign.

What it lowers
    Comparisons with numpy broadcasting of numbers of any type, either operand constant; of booleans, Equal. Sign.
Constraints
    `blocks.order` on the difference of the operands, brought to the finer of their exponents: it fixes the bits.
    a >= b is a - b + 1 step > 0.
Range assumptions
    Integers are compared exactly. Floats are compared as they are committed, with 8 bits more than usual and both at
    one scale, so that equal floats stay equal.
Cost
    One bit and one range as wide as the difference for each entry; two bits for Equal and Sign.
Example
    3 > 5: d = -2, z = 0, range of 2.
"""

from __future__ import annotations

from dataclasses import replace

from zkseal.graph import Node
from zkseal.lowering.accumulators import Offset, Sum
from zkseal.lowering.blocks.operands import linear, operand, operands
from zkseal.lowering.blocks.order import Greater, ThreeWay, bit
from zkseal.lowering.plan import Plan
from zkseal.lowering.precision import MAX_EXTRA_BITS
from zkseal.lowering.registry import precision, rule
from zkseal.lowering.values import Accumulator, Stored

EXTRA_BITS = 8
ORDERED = ("Greater", "GreaterOrEqual", "Less", "LessOrEqual")


@precision("Equal", *ORDERED)
def compare_precision(node: Node, plan: Plan) -> dict[str, int]:
    """Both operands at one scale, finer than usual."""
    values = [name for name in node.inputs if plan.constant(name) is None and not plan.is_integer(name)]
    if not values:
        return {}
    usual = [plan.target_exponent(name) for name in values]
    return dict.fromkeys(values, min(max(usual) + EXTRA_BITS, min(usual) + MAX_EXTRA_BITS))


@precision("Sign")
def sign_precision(node: Node, plan: Plan) -> dict[str, int]:
    """Finer than usual: a small number has a sign too."""
    return {node.inputs[0]: plan.target_exponent(node.inputs[0]) + EXTRA_BITS}


def _operands(node: Node, plan: Plan) -> list[Accumulator]:
    """Both operands; a constant at the scale of a value that was rounded, so that it stays equal to an equal value."""
    computed = [position for position in (0, 1) if plan.constant(node.inputs[position]) is None]
    if len(computed) != 1:
        return operands(node, plan)
    value = operand(node, plan, computed[0])
    is_rounded = value.exponent >= plan.scale(node.inputs[computed[0]])[0]
    other = operand(node, plan, 1 - computed[0], value.exponent if is_rounded else None)
    return [value, other] if computed[0] == 0 else [other, value]


def _difference(node: Node, plan: Plan, *, swapped: bool) -> Accumulator:
    left, right = _operands(node, plan)
    terms = [(right, 1), (left, -1)] if swapped else [(left, 1), (right, -1)]
    output = node.outputs[0]
    return linear(plan, Sum.of(f"{output}/difference", node.name, plan.shape(output), terms), f"{output}/difference")


@rule(*ORDERED)
def lower_order(node: Node, plan: Plan) -> None:
    """Plans a Greater, GreaterOrEqual, Less or LessOrEqual."""
    difference = _difference(node, plan, swapped=node.op.startswith("Less"))
    if node.op.endswith("OrEqual"):
        difference = Offset.of(difference.name, node.name, difference, 1, 1)
    value = bit(node.outputs[0], difference.shape)
    plan.add(Greater(node.name, difference, value), value)


@rule("Equal")
def lower_equal(node: Node, plan: Plan) -> None:
    """Plans an Equal."""
    difference, output = _difference(node, plan, swapped=False), node.outputs[0]
    equal, greater = bit(output, difference.shape), bit(f"{output}/greater", difference.shape)
    plan.add(ThreeWay(node.name, difference, equal, greater), equal, greater)


@rule("Sign")
def lower_sign(node: Node, plan: Plan) -> None:
    """Plans a Sign."""
    output = node.outputs[0]
    value = linear(plan, operand(node, plan, 0), f"{output}/argument")
    equal, greater = bit(f"{output}/zero", value.shape), bit(f"{output}/positive", value.shape)
    plan.add(ThreeWay(node.name, value, equal, greater), equal, greater)
    terms = [(Stored.of(greater, node.name), 2), (Stored.of(equal, node.name), 1)]
    sign = Offset.of(output, node.name, Sum.of(output, node.name, value.shape, terms), 1, -1)
    plan.define(replace(sign, lo=-1, hi=1))  # the bits are never 1 together
