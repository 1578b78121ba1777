"""Div and Reciprocal.

What it lowers
    Div with numpy broadcasting, by a constant, a value or a constant by a value; Reciprocal. Integers: see `mod`.
Constraints
    By a constant: none, a product with 1 / c. By a value: `blocks.quotient`, whose remainder fixes y. A divisor that
    was positive on all samples must be positive, a negative one likewise; else its magnitude is a sum of the parts of
    `blocks.split`.
Range assumptions
    |y| <= headroom * calibrated magnitude. A divisor that gets zero, or changes a sign that it had on all samples,
    raises `RangeExceeded`.
Cost
    By a value: two ranges as wide as the divisor and the range of y; the split of a divisor of either sign before.
Example
    1 / 3 at 14 bits: n = 2^14, d = 3: r = 2^15 + 3 - 6 y in [0, 6), y = 5461.
"""

from __future__ import annotations

import math

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Offset, Sum
from zkseal.lowering.blocks.quotient import plan_quotient
from zkseal.lowering.blocks.split import plan_split
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import precision, rule
from zkseal.lowering.rules.mod import lower_integer_div
from zkseal.lowering.rules.mul import scaled
from zkseal.lowering.values import Accumulator, Stored

UNKNOWN_BITS = 8
"""A divisor of both signs is taken to be at least 2^-8 of its largest magnitude."""


@precision("Div", "Reciprocal")
def div_precision(node: Node, plan: Plan) -> dict[str, int]:
    """A rounded divisor moves y by y times its relative error, a rounded numerator by its error / divisor."""
    *numerator, divisor = node.inputs
    if plan.constant(divisor) is not None or plan.is_integer(node.outputs[0]):
        return {}
    seen = plan.statistics(divisor)
    has_one_sign = seen.minimum > 0 or seen.maximum < 0
    least = min(abs(seen.minimum), abs(seen.maximum)) if has_one_sign else math.ldexp(seen.magnitude, -UNKNOWN_BITS)
    least = max(least, 2.0**-60)
    largest = max(plan.statistics(node.outputs[0]).magnitude, 2.0**-60)
    bits = plan.options.bits - 4
    wanted = {divisor: bits - math.floor(math.log2(least))}
    if numerator and plan.constant(numerator[0]) is None:
        own = bits - math.floor(math.log2(least * largest))
        wanted[numerator[0]] = max(own, wanted.get(numerator[0], own))
    return wanted


@rule("Div")
def lower_div(node: Node, plan: Plan) -> None:
    """Plans a Div."""
    constant = plan.constant(node.inputs[1])
    if plan.is_integer(node.outputs[0]):
        lower_integer_div(node, plan)
        return
    if constant is None:
        _lower_quotient(node, plan, _numerator(node, plan), node.inputs[1])
        return
    divisor = np.asarray(constant, dtype=np.float64)
    if (divisor == 0).any():
        raise plan.unsupported(node, "its constant divisor is zero somewhere. Remove the zero")
    plan.define(scaled(node, plan, node.inputs[0], node.inputs[1], 1.0 / divisor))


@rule("Reciprocal")
def lower_reciprocal(node: Node, plan: Plan) -> None:
    """Plans a Reciprocal."""
    one = plan.parameter(f"{node.name}/one", np.ones(()), 0, stated=0)
    _lower_quotient(node, plan, Constant.of(one, (), node.name), node.inputs[0])


def _numerator(node: Node, plan: Plan) -> Accumulator:
    constant = plan.constant(node.inputs[0])
    if constant is None:
        return plan.accumulator(node.inputs[0], node)
    parameter = plan.addend(
        node.inputs[0], np.asarray(constant, dtype=np.float64), plan.target_exponent(node.outputs[0])
    )
    return Constant.of(parameter, tuple(constant.shape), node.name)


def _lower_quotient(node: Node, plan: Plan, numerator: Accumulator, divisor_name: str) -> None:
    output, statistics = node.outputs[0], plan.statistics(divisor_name)
    divisor: Accumulator = Stored.of(plan.committed(divisor_name), node.name)
    magnitude = divisor
    if statistics.maximum < 0:
        negated = Offset.of(divisor_name, node.name, divisor, -1, 0)
        divisor = magnitude = negated
        numerator = Offset.of(numerator.name, node.name, numerator, -1, 0)
    elif statistics.minimum <= 0:
        limit = (1 << max(-divisor.lo, divisor.hi).bit_length()) - 1
        split = plan_split(divisor, f"{output}/positive", divisor.exponent, limit)
        plan.add(split, split.positive, split.negative)
        parts = [(Stored.of(part, node.name), 1) for part in (split.positive, split.negative)]
        magnitude = Sum.of(f"{output}/magnitude", node.name, divisor.shape, parts)
    exponent, limit = plan.target_exponent(output), plan.limit(output)
    plan_quotient(
        plan,
        node.name,
        output,
        plan.shape(output),
        numerator,
        divisor,
        exponent=exponent,
        limit=limit,
        magnitude=magnitude,
    )
