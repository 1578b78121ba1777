"""Mod, and Div of integers.

What it lowers
    Div of integers toward zero; Mod of integers with the sign of the divisor (fmod 0) or of the dividend (fmod 1), and
    of floats (fmod 1); any operand constant, with numpy broadcasting.
Constraints
    `blocks.quotient`, rounded down, of |n| (or n) by |d|; signs and magnitudes from `blocks.signs`. Remainders are
    n - d q, accumulators. All hints are fixed there.
Range assumptions
    A divisor that gets zero raises `RangeExceeded`. Floats are taken as committed, with 8 bits more than usual.
Cost
    Two ranges as wide as the divisor and one as the quotient; for operands of either sign a range as wide as the
    operand and two committed integers each.
Example
    -7 by 3: |n| = 7, q = 2; Div -2; Mod with fmod 1: -(7 - 6) = -1; with fmod 0: q = floor(-7 / 3) = -3, -7 + 9 = 2.
"""

from __future__ import annotations

from dataclasses import replace

from zkseal.graph import Node
from zkseal.lowering.accumulators import Sum
from zkseal.lowering.blocks.operands import linear, operands
from zkseal.lowering.blocks.quotient import plan_quotient
from zkseal.lowering.blocks.rescale import INTEGER_LIMIT
from zkseal.lowering.blocks.selection import Selection
from zkseal.lowering.blocks.signs import Signed, plan_signed, with_sign, xor
from zkseal.lowering.blocks.tie import plan_tie
from zkseal.lowering.blocks.times import Times
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import precision, rule
from zkseal.lowering.values import Accumulator, Stored

EXTRA_BITS = 8


@precision("Mod")
def mod_precision(node: Node, plan: Plan) -> dict[str, int]:
    """Finer than usual, as the result jumps."""
    computed = [name for name in node.inputs if plan.constant(name) is None and not plan.is_integer(name)]
    return {name: plan.target_exponent(name) + EXTRA_BITS for name in computed}


def lower_integer_div(node: Node, plan: Plan) -> None:
    """Plans a Div of integers."""
    output = node.outputs[0]
    n, d = (plan_signed(plan, part, f"{output}/{k}") for k, part in enumerate(operands(node, plan)))
    quotient = _floor(plan, node, output, n.magnitude, d.magnitude)
    negative = xor(plan, n.negative, d.negative, f"{output}/sign")
    _define(plan, node, with_sign(quotient, negative, output))


@rule("Mod")
def lower_mod(node: Node, plan: Plan) -> None:
    """Plans a Mod."""
    output = node.outputs[0]
    like_dividend = bool(plan.attributes(node).get("fmod", 0))
    left, right = operands(node, plan)
    d = plan_signed(plan, right, f"{output}/divisor")
    if like_dividend:
        n = plan_signed(plan, left, f"{output}/dividend")
    else:
        # n mod d for d < 0 is -((-n) mod |d|), and rounding down makes n mod |d| right for either sign of n.
        value = linear(plan, left, f"{output}/dividend")
        turned = with_sign(value, d.negative, f"{output}/turned")
        n = Signed(d.negative, linear(plan, turned, f"{output}/turned"))
    quotient = _floor(plan, node, output, n.magnitude, d.magnitude)
    rest = _remainder(node, f"{output}/rest", n.magnitude, d.magnitude, quotient)
    if n.negative is not None:
        rest = with_sign(Stored.of(plan_tie(plan, rest), node.name), n.negative, output)
    _define(plan, node, rest)


def _floor(plan: Plan, node: Node, output: str, n: Accumulator, d: Accumulator) -> Accumulator:
    shape = Selection.broadcast(n, d)
    name = f"{output}/quotient"
    value = plan_quotient(plan, node.name, name, shape, n, d, exponent=0, limit=INTEGER_LIMIT, nearest=False)
    return Stored.of(value, node.name)


def _remainder(node: Node, name: str, n: Accumulator, d: Accumulator, quotient: Accumulator) -> Accumulator:
    """n - d q, which lies in [0, d)."""
    product = Times.of(f"{name}/product", node.name, d, quotient)
    rest = Sum.of(name, node.name, product.shape, [(n, 1), (product, -1)])
    step = rest.exponent - d.exponent
    return replace(rest, lo=0, hi=(d.hi << step) - 1)


def _define(plan: Plan, node: Node, result: Accumulator) -> None:
    output = node.outputs[0]
    plan.define(Sum.of(output, node.name, plan.shape(output), [(result, 1)]))
