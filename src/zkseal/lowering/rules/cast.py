"""Cast and CastLike between all types of numbers.

What it lowers
    To bool: x != 0. From float to an integer type: toward zero. Between integer types: modulo 2^n. To a float type, or
    from bool: nothing changes.
Constraints
    `blocks.order` for bool, `blocks.whole` toward zero, `blocks.wrap` modulo 2^n; they fix their hints. Else a view.
Range assumptions
    A float beyond the integer type raises `RangeExceeded`. A cast to a float type does not round: integers are kept as
    they are, and floats have the bits of the calibration in any type.
Cost
    Nothing where no number changes; else that of the block.
Example
    -2.7 to int32: positive 0, negative 2.7, y = 0 - 2.
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.accumulators import Offset, Sum
from zkseal.lowering.blocks.operands import linear, operand
from zkseal.lowering.blocks.order import ThreeWay, bit
from zkseal.lowering.blocks.reshape import Reshape, define_move
from zkseal.lowering.blocks.whole import plan_toward_zero
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import precision, rule
from zkseal.lowering.values import Stored

EXTRA_BITS = 8


@precision("Cast", "CastLike")
def cast_precision(node: Node, plan: Plan) -> dict[str, int]:
    """Finer than usual where the result jumps."""
    source = node.inputs[0]
    return {source: plan.target_exponent(source) + EXTRA_BITS} if plan.is_integer(node.outputs[0]) else {}


@rule("Cast", "CastLike")
def lower_cast(node: Node, plan: Plan) -> None:
    """Plans a Cast."""
    source, output = node.inputs[0], node.outputs[0]
    before, after = (plan.graph.values[name].dtype for name in (source, output))
    if after == before or before == "bool" or not plan.is_integer(output):
        define_move(node, plan, [Reshape(plan.shape(output))])
        return
    value = operand(node, plan, 0)
    if after == "bool":
        value = linear(plan, value, f"{output}/argument")
        equal, greater = bit(f"{output}/zero", value.shape), bit(f"{output}/positive", value.shape)
        plan.add(ThreeWay(node.name, value, equal, greater), equal, greater)
        plan.define(Offset.of(output, node.name, Stored.of(equal, node.name), -1, 1))
        return
    whole = value if plan.is_integer(source) else plan_toward_zero(plan, value, f"{output}/whole")
    plan.define(Sum.of(output, node.name, whole.shape, [(whole, 1)]), wraps=plan.is_integer(source))
