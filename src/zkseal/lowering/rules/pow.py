"""Pow.

What it lowers
    A constant exponent: 0, 1 and 2 exactly; 0.5 as Sqrt; others as functions of one variable. A constant base that is
    one positive number. A computed exponent of a positive base, as 2^(y log2 x). Integers by squares and products,
    exactly; a computed exponent of integers must be an integer and not negative.
Constraints
    `blocks.times` for squares and products, `blocks.root`, `blocks.piecewise`, and `blocks.quotient` by 2 for the bits
    of a computed exponent; they fix all hints.
Range assumptions
    x lies where the power is defined, as far as |x^y| <= headroom * its calibrated magnitude. Products of whole powers
    stay below 2^62.
Cost
    That of the block; for a computed exponent two functions of one variable for each entry.
Example
    x^3 of integers: x^2 is committed, x^2 x is an accumulator.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Offset, Sum
from zkseal.lowering.blocks.operands import linear, operand
from zkseal.lowering.blocks.piecewise import Shape, argument_exponent, define_piecewise
from zkseal.lowering.blocks.quotient import plan_quotient
from zkseal.lowering.blocks.rescale import INTEGER_LIMIT, Rescale, proven_range
from zkseal.lowering.blocks.root import plan_root
from zkseal.lowering.blocks.selection import Selection
from zkseal.lowering.blocks.times import Times
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import precision, rule
from zkseal.lowering.values import Accumulator, Quantized, Stored

MOST_WHOLE = 64
"""The largest power of integers."""


def _scalar(plan: Plan, name: str) -> float | None:
    """The number that all entries of a constant are; None for others."""
    constant = plan.constant(name)
    if constant is None or constant.size == 0 or (constant != constant.reshape(-1)[0]).any():
        return None
    return float(constant.reshape(-1)[0])


def _shape(node: Node, plan: Plan) -> Shape | None:
    """The power as a function of its only computed operand, where it is one."""
    base, exponent = (_scalar(plan, name) for name in node.inputs)
    largest = plan.statistics(node.outputs[0]).magnitude * plan.options.headroom
    name = node.inputs[1] if base is not None else node.inputs[0]
    if base is None and exponent is None:
        return None
    seen = plan.statistics(name)
    if base is not None and base <= 0:
        raise plan.unsupported(node, f"its base is {base:.6g} and its exponent computed. Use a positive base")
    if exponent is not None and exponent < 0 and seen.minimum < 0 < seen.maximum:
        raise plan.unsupported(
            node, "a negative power of numbers of both signs. Write it as the Reciprocal of a positive power"
        )

    def power(x: float) -> float:
        result = math.pow(base, x) if base is not None else math.pow(x, exponent or 0.0)
        if not math.isfinite(result):
            raise OverflowError
        return result

    reach = seen.magnitude * plan.options.headroom
    return Shape("Pow", power, seen.minimum, seen.maximum, reach, largest)


@precision("Pow")
def pow_precision(node: Node, plan: Plan) -> dict[str, int]:
    """As fine as the power is steep; a base with a computed exponent has 10 bits more than usual."""
    computed = [name for name in node.inputs if plan.constant(name) is None]
    if plan.is_integer(node.outputs[0]) or not computed or _scalar(plan, node.inputs[1]) in (0.0, 1.0, 2.0):
        return {}
    shape = _shape(node, plan)
    if shape is None:
        return {name: plan.target_exponent(name) + 10 for name in computed}
    return {computed[0]: argument_exponent(shape, math.ldexp(shape.largest, -plan.options.function_bits))}


@rule("Pow")
def lower_pow(node: Node, plan: Plan) -> None:
    """Plans a Pow."""
    output, exponent = node.outputs[0], _scalar(plan, node.inputs[1])
    if plan.constant(node.inputs[0]) is not None and plan.constant(node.inputs[1]) is not None:
        raise plan.unsupported(node, "both operands are constant. Fold constants before compiling")
    if plan.is_integer(output):
        _lower_whole(node, plan, exponent)
    elif exponent in (0.0, 1.0, 2.0):
        _lower_small(node, plan, int(exponent))
    elif exponent == 0.5:
        accumulator = operand(node, plan, 0)
        plan_root(plan, output, accumulator, plan.target_exponent(output) + 1, 2 * plan.limit(output) + 1)
    else:
        shape = _shape(node, plan)
        if shape is None:
            _lower_computed(node, plan)
            return
        position = 0 if exponent is not None else 1
        define_piecewise(plan, node.name, output, operand(node, plan, position), shape, plan.target_exponent(output))


def _lower_small(node: Node, plan: Plan, exponent: int) -> None:
    output = node.outputs[0]
    shape = plan.shape(output)
    if exponent == 2:
        value = Stored.of(plan.committed(node.inputs[0]), node.name)
        square = Times.of(output, node.name, value, value)
        plan.define(Sum.of(output, node.name, shape, [(square, 1)]) if square.shape != shape else square)
        return
    if exponent == 1:
        plan.define(Sum.of(output, node.name, shape, [(operand(node, plan, 0), 1)]))
        return
    one = Constant.of(plan.parameter(f"{node.name}/one", np.ones(()), 0, stated=0), (), node.name)
    plan.define(Sum.of(output, node.name, shape, [(one, 1)]))


def _lower_whole(node: Node, plan: Plan, exponent: float | None) -> None:
    """Integers, by squares and products."""
    output = node.outputs[0]
    base = linear(plan, operand(node, plan, 0), f"{output}/base")
    if exponent is None and plan.is_integer(node.inputs[1]):
        power = _computed_whole(node, plan, base)
    elif exponent is None or exponent != int(exponent) or not 0 <= exponent <= MOST_WHOLE:
        raise plan.unsupported(
            node, f"an exponent of integers that is no integer from 0 to {MOST_WHOLE}. Cast the base to float before"
        )
    elif exponent == 0:
        power = Offset.of(output, node.name, base, 0, 1)
    else:
        power = base
        for bit in f"{int(exponent):b}"[1:]:
            power = linear(plan, power, f"{output}/{power.name}")
            power = Times.of(f"{power.name}^2", node.name, power, power)
            if bit == "1":
                power = Times.of(f"{power.name}x", node.name, linear(plan, power, f"{output}/{power.name}"), base)
    plan.define(Sum.of(output, node.name, plan.shape(output), [(power, 1)]))


def _computed_whole(node: Node, plan: Plan, base: Accumulator) -> Accumulator:
    """x^e for a computed e >= 0: the product of x^(2^i) over the bits of e, which are the remainders of halving it."""
    output, rest = node.outputs[0], linear(plan, operand(node, plan, 1), f"{node.outputs[0]}/exponent")
    if plan.statistics(node.inputs[1]).minimum < 0:
        raise plan.unsupported(node, "a negative exponent of integers. Cast the base to float before")
    if rest.lo < 0:
        # Bits stand for numbers that are not negative only: others are out of this range.
        value = Quantized(f"{output}/whole_exponent", rest.shape, 0, *proven_range(0, max(rest.hi, 1), INTEGER_LIMIT))
        plan.add(Rescale(rest, value, 0))
        rest = Stored.of(value, node.name)
    two = Constant.of(plan.parameter(f"{node.name}/two", 2, 0, stated=0), (), node.name)
    one = Constant.of(plan.parameter(f"{node.name}/one", 1, 0, stated=0), (), node.name)
    power: Accumulator = base
    product: Accumulator = one
    for place in range(rest.hi.bit_length()):
        name = f"{output}/bit_{place}"
        value = plan_quotient(
            plan, node.name, f"{name}/half", rest.shape, rest, two, exponent=0, limit=INTEGER_LIMIT, nearest=False
        )
        half = Stored.of(value, node.name)
        bit = replace(Sum.of(name, node.name, rest.shape, [(rest, 1), (half, -2)]), lo=0, hi=1)
        shape = Selection.broadcast(bit, power)
        factor = Selection.of(f"{name}/factor", node.name, shape, bit, power, one)
        factors = (linear(plan, part, f"{name}/{k}") for k, part in enumerate((product, factor)))
        product = Times.of(f"{name}/product", node.name, *factors)
        rest = half
        if rest.hi > 0:
            power = linear(plan, Times.of(f"{name}/square", node.name, power, power), f"{name}/power")
    return product


def _lower_computed(node: Node, plan: Plan) -> None:
    """2^(y log2 x)."""
    output, seen = node.outputs[0], plan.statistics(node.inputs[0])
    if seen.minimum <= 0:
        raise plan.unsupported(
            node, "the exponent is computed and the base is not always positive. Make the exponent constant"
        )
    exponents = linear(plan, operand(node, plan, 1), f"{output}/exponent")
    largest = plan.statistics(output).magnitude * plan.options.headroom
    logs = max(abs(math.log2(seen.minimum)), abs(math.log2(seen.maximum))) + 1
    shape = Shape("Pow", math.log2, seen.minimum, seen.maximum, seen.magnitude * plan.options.headroom, logs)
    # An error of 2^-k in the logarithm times y is a relative error of the power.
    bits = plan.options.bits + math.ceil(math.log2(max(exponents.magnitude, 1.0)))
    name = f"{output}/log2"
    define_piecewise(plan, node.name, name, operand(node, plan, 0), shape, bits, math.ldexp(1.0, 2 - bits))
    log = Stored.of(plan.committed(name), node.name)
    product = Times.of(f"{output}/product", node.name, log, exponents)
    least, most = _products(plan, node, seen.minimum, seen.maximum)
    power = Shape("Pow", lambda x: math.pow(2.0, x), least, most, product.magnitude, largest)
    total = Sum.of(f"{output}/total", node.name, plan.shape(output), [(product, 1)])
    define_piecewise(plan, node.name, output, total, power, plan.target_exponent(output))


def _products(plan: Plan, node: Node, least: float, most: float) -> tuple[float, float]:
    """Least and largest y log2 x that the result allows, for what was seen of x and y."""
    constant = plan.constant(node.inputs[1])
    if constant is not None:
        low, high = float(np.min(constant)), float(np.max(constant))
    else:
        low, high = plan.statistics(node.inputs[1]).minimum, plan.statistics(node.inputs[1]).maximum
    corners = [y * math.log2(x) for x in (least, most) for y in (low, high)]
    top = math.log2(max(plan.statistics(node.outputs[0]).maximum, 2.0**-40))
    return min(min(corners), top), top
