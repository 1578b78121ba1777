"""Add and Sub.

What it lowers
    Add and Sub of two values, or of a value and a constant, with numpy broadcasting.
Constraints
    None of its own: a sum of accumulators, brought to the finer of the two exponents. An operand that is used nowhere
    else is not rounded before (a convolution and its residual are rounded together). No hints.
Range assumptions
    The sum of the operands' intervals stays below 2^62.
Cost
    Nothing committed; linear terms.
Example
    a at exponent 12, b at exponent 9: acc = a + 8 b at exponent 12.
"""

from __future__ import annotations

import math

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Sum
from zkseal.lowering.blocks.operands import operand
from zkseal.lowering.blocks.rescale import Rescale, half, proven_range
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Accumulator, Quantized, Stored

GUARD_BITS, MAX_EXTRA_BITS = 6, 24
"""An operand that is more than 24 bits finer than 6 bits below the result is rounded to that first."""


def _near(plan: Plan, accumulator: Accumulator, output: str) -> Accumulator:
    """The accumulator, rounded first if it is so much finer than the result that the sum would be too wide."""
    exponent = plan.target_exponent(output) + GUARD_BITS
    if accumulator.exponent - exponent <= MAX_EXTRA_BITS:
        return accumulator
    shift = accumulator.exponent - exponent
    lo, hi = ((bound + half(shift)) >> shift for bound in (accumulator.lo, accumulator.hi))
    # Two large operands may have a small difference.
    reach = math.ldexp(plan.statistics(accumulator.name).magnitude * plan.options.headroom, exponent)
    own = (1 << math.ceil(reach).bit_length()) - 1
    lo, hi = proven_range(lo, hi, max(own, ((plan.limit(output) + 1) << GUARD_BITS) - 1))
    value = Quantized(f"{output}/{accumulator.name}", accumulator.shape, exponent, lo, hi)
    plan.add(Rescale(accumulator, value, shift))
    return Stored.of(value, accumulator.node)


@rule("Add", "Sub")
def lower_add(node: Node, plan: Plan) -> None:
    """Plans an Add or a Sub."""
    output = node.outputs[0]
    signs = (1, -1 if node.op == "Sub" else 1)
    if all(plan.constant(name) is not None for name in node.inputs):
        raise plan.unsupported(node, "both operands are constant. Fold constants before compiling")
    terms: list[tuple[Accumulator, int]] = []
    for position, (name, sign) in enumerate(zip(node.inputs, signs, strict=True)):
        constant = plan.constant(name)
        if constant is not None and plan.is_integer(name):
            terms.append((operand(node, plan, position), sign))
            continue
        if constant is None:
            terms.append((_near(plan, plan.accumulator(name, node), output), sign))
            continue
        parameter = plan.addend(name, np.asarray(constant, dtype=np.float64), plan.target_exponent(output))
        terms.append((Constant.of(parameter, tuple(constant.shape), node.name), sign))
    plan.define(Sum.of(output, node.name, plan.shape(output), terms))
