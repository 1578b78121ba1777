"""BitwiseAnd, BitwiseOr, BitwiseXor, BitwiseNot, BitShift.

What it lowers
    The bitwise operators of integers of any type, with numpy broadcasting; either operand constant. BitShift to the
    left modulo 2^n, to the right with the sign; by n bits or more, or by a negative number, all bits are shifted out.
Constraints
    `blocks.nibbles`, where the digits fix everything. Not is -1 - x, or 2^n - 1 - x for unsigned types. A shift is a
    product with 2^s (`blocks.wrap`) or a quotient by it (`blocks.quotient`); a computed s is looked up in a table of
    the powers, which fixes 2^s.
Range assumptions
    Products of a shift to the left stay below 2^62.
Cost
    Bitwise: a lookup for each four bits. Shift: that of the product or quotient, and a lookup for a computed amount.
Example
    -2 and 5: digits (14, -1) and (5, 0) give (4, 0).
"""

from __future__ import annotations

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Offset, Sum
from zkseal.lowering.blocks.function import TableLookup
from zkseal.lowering.blocks.nibbles import plan_nibbles
from zkseal.lowering.blocks.operands import linear, operand, operands
from zkseal.lowering.blocks.quotient import plan_quotient
from zkseal.lowering.blocks.rescale import INTEGER_LIMIT
from zkseal.lowering.blocks.times import Times
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Accumulator, Quantized, Stored
from zkseal.quantize.affine import integer_range
from zkseal.quantize.integers import Integers

MOST_AMOUNTS = 1 << 12


@rule("BitwiseAnd", "BitwiseOr", "BitwiseXor")
def lower_bitwise(node: Node, plan: Plan) -> None:
    """Plans a bitwise operator of two operands."""
    output = node.outputs[0]
    left, right = (linear(plan, part, f"{output}/{k}") for k, part in enumerate(operands(node, plan)))
    step = plan_nibbles(output, node.name, node.op.removeprefix("Bitwise").lower(), left, right)
    plan.add(step, step.value)


@rule("BitwiseNot")
def lower_bitwise_not(node: Node, plan: Plan) -> None:
    """Plans a BitwiseNot."""
    output = node.outputs[0]
    lo, hi = integer_range(plan.graph.values[output].dtype)
    plan.define(Offset.of(output, node.name, operand(node, plan, 0), -1, hi + lo))


@rule("BitShift")
def lower_bit_shift(node: Node, plan: Plan) -> None:
    """Plans a BitShift."""
    output = node.outputs[0]
    direction = plan.attributes(node)["direction"]
    is_left = (direction.decode() if isinstance(direction, bytes) else str(direction)) == "LEFT"
    lo, hi = integer_range(plan.graph.values[output].dtype)
    bits = (hi - lo).bit_length()
    x = linear(plan, operand(node, plan, 0), f"{output}/value")
    power = _power(node, plan, bits, is_left=is_left)
    if is_left:
        product = Times.of(output, node.name, x, power)
        plan.define(Sum.of(output, node.name, plan.shape(output), [(product, 1)]))
        return
    plan_quotient(plan, node.name, output, plan.shape(output), x, power, exponent=0, limit=INTEGER_LIMIT, nearest=False)


def _power(node: Node, plan: Plan, bits: int, *, is_left: bool) -> Accumulator:
    """2^s; for a shift by all bits or more 0 (to the left), or a power that only leaves the sign (to the right)."""

    def powers(amounts: Integers) -> Integers:
        outside = (amounts < 0) | (amounts >= bits)
        gone = 0 if is_left else 1 << min(bits, 60)
        return np.where(outside, gone, np.left_shift(1, np.clip(amounts, 0, min(bits, 60))))

    constant = plan.constant(node.inputs[1])
    if constant is not None:
        found = powers(np.asarray(constant, dtype=np.int64))
        parameter = plan.parameter(node.inputs[1], found, 0, stated=0)
        return Constant.of(parameter, tuple(found.shape), node.name)
    amount = plan.committed(node.inputs[1])
    lo, hi = (amount.lo, amount.hi) if amount.hi - amount.lo < MOST_AMOUNTS else (0, bits - 1)
    rows = powers(np.arange(lo, hi + 1))
    argument = Quantized(amount.name, amount.shape, 0, lo, hi)
    value = Quantized(f"{node.outputs[0]}/power", amount.shape, 0, int(rows.min()), int(rows.max()))
    plan.add(TableLookup(node.name, f"{node.outputs[0]}/powers", argument, value, rows), value)
    return Stored.of(value, node.name)
