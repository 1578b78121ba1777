"""MatMulInteger and ConvInteger.

What it lowers
    MatMulInteger and ConvInteger of 8-bit integers, either operand constant or computed; zero points constant, or
    computed if there is one for the tensor (as DynamicQuantizeLinear gives it).
Constraints
    None of its own: an exact accumulator of operands less their zero points (`blocks.contraction`,
    `blocks.convolution`). What a constant zero point adds is linear, and taken off; padding does not have it. An
    operand whose zero point is computed (or constant, in a convolution of two computed operands) is committed again
    without it, tied by a Zero. No hints.
Range assumptions
    Sums stay inside 32 bits, as in onnxruntime, or the node is refused.
Cost
    One merged product term, two with padding and a zero point; one committed integer for each entry that is committed
    again.
Example
    a = (11, 7), zero point 12, b = (1, 4), zero point 0: (11 - 12) * 1 + (7 - 12) * 4 = -21.
"""

from __future__ import annotations

from math import prod

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Offset, Sum
from zkseal.lowering.blocks.axis_sum import AxisSum
from zkseal.lowering.blocks.contraction import Contraction, Side
from zkseal.lowering.blocks.convolution import Convolution
from zkseal.lowering.blocks.integer_operands import centered, public_zero_point, require_int32
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.rules.average_pool import WindowSum
from zkseal.lowering.values import Accumulator, Parameter, Quantized, Stored
from zkseal.lowering.windows import plan_windows

__all__ = ["integer_convolution", "integer_product", "integer_window_sum"]


def integer_product(
    node: Node, plan: Plan, name: str, *, operands: tuple[int, int], zeros: tuple[int, int]
) -> Accumulator:
    """The exact product of two operands less their zero points, as value `name`."""
    if all(plan.constant(node.inputs[k]) is not None for k in operands):
        raise plan.unsupported(node, "both operands are constant. Fold constants before compiling")
    shape, sides, points = plan.shape(node.outputs[0]), [], []
    matrices = all(len(plan.shape(node.inputs[k])) > 1 for k in operands)
    rows = (*plan.shape(node.inputs[operands[0]])[-2:-1], 1)
    for position, zero, zero_shape in zip(operands, zeros, (rows, None), strict=True):
        point = public_zero_point(node, plan, zero) if matrices else None
        if plan.constant(node.inputs[position]) is None and point is not None:
            sides.append(Side(plan.committed(node.inputs[position])))
            points.append(point)
        else:
            sides.append(Side(centered(node, plan, position, zero, zero_shape)))
            points.append(0)
    left, right = sides
    terms: list[tuple[Accumulator, int]] = [(Contraction.of(name, node.name, shape, left, right), 1)]
    # (a - p)(b - q) = a b - p b - q a + p q, summed over the k of the product.
    if points[0]:
        terms.append((_sum_of(node, plan, right.value, -2), -points[0]))
    if points[1]:
        terms.append((_sum_of(node, plan, left.value, -1), -points[1]))
    product: Accumulator = terms[0][0] if len(terms) == 1 else Sum.of(name, node.name, shape, terms)
    if points[0] and points[1]:
        count = left.value.shape[-1]
        product = Offset.of(name, node.name, product, 1, count * points[0] * points[1])
    require_int32(node, plan, product)
    return product


def _sum_of(node: Node, plan: Plan, value: Quantized | Parameter, axis: int) -> Accumulator:
    """The sum of a matrix along one axis, which stays."""
    stem = f"{node.outputs[0]}/sum_{axis + 2}"
    if isinstance(value, Parameter):
        sums = plan.parameter(stem, value.integers.sum(axis=axis, keepdims=True), 0, stated=0)
        return Constant.of(sums, sums.shape, node.name)
    axis %= len(value.shape)
    shape = tuple(1 if k == axis else size for k, size in enumerate(value.shape))
    return AxisSum.of(stem, node.name, shape, Stored.of(value, node.name), (axis,), keep=True, mean=False)


def integer_convolution(
    node: Node, plan: Plan, name: str, *, operands: tuple[int, int], zeros: tuple[int, int], bias: int | None = None
) -> Accumulator:
    """The exact convolution of two operands less their zero points, plus an optional constant bias, as value `name`."""
    if plan.constant(node.inputs[operands[0]]) is not None:
        raise plan.unsupported(node, "its data is constant. Make it an input of the model")
    shape = plan.shape(node.outputs[0])
    weights = centered(node, plan, operands[1], zeros[1], (shape[1], *([1] * (len(shape) - 1))))
    windows = plan_windows(node, plan, weights.shape[2:], operands[0])
    groups = int(plan.attributes(node).get("group", 1))
    point = public_zero_point(node, plan, zeros[0]) if isinstance(weights, Parameter) else None
    value = (
        plan.committed(node.inputs[operands[0]]) if point is not None else centered(node, plan, operands[0], zeros[0])
    )
    assert isinstance(value, Quantized)
    product: Accumulator = Convolution.of(name, node.name, shape, value, weights, windows, groups, point or 0)
    if bias is not None and plan.has_input(node, bias):
        addend = plan.required_constant(node, bias, "bias").astype(np.int64).reshape(-1, *([1] * (len(shape) - 2)))
        parameter = plan.parameter(f"{node.name}/bias", addend, 0, stated=0)
        product = Sum.of(name, node.name, shape, [(product, 1), (Constant.of(parameter, shape, node.name), 1)])
    require_int32(node, plan, product)
    return product


def integer_window_sum(
    node: Node, plan: Plan, name: str, *, operands: tuple[int, int], zero: int
) -> Accumulator | None:
    """A convolution of every channel with ones, without padding, as sums: nothing is stored. None for any other."""
    weights, point = plan.constant(node.inputs[operands[1]]), public_zero_point(node, plan, zero)
    shape, source = plan.shape(node.outputs[0]), plan.shape(node.inputs[operands[0]])
    if weights is None or point is None or plan.constant(node.inputs[operands[0]]) is not None:
        return None
    windows = plan_windows(node, plan, tuple(weights.shape[2:]), operands[0])
    alone = int(plan.attributes(node).get("group", 1)) == source[1] == shape[1]
    if not alone or (weights != 1).any() or any(windows.padded(axis) for axis in range(windows.rank)):
        return None
    value, count = plan.committed(node.inputs[operands[0]]), prod(windows.kernel)
    total = WindowSum(name, node.name, shape, 0, value.lo * count, value.hi * count, value, windows, (1,))
    product = Offset.of(name, node.name, total, 1, -point * count)
    require_int32(node, plan, product)
    return product


@rule("MatMulInteger")
def lower_matmul_integer(node: Node, plan: Plan) -> None:
    """Plans a MatMulInteger."""
    plan.define(integer_product(node, plan, node.outputs[0], operands=(0, 1), zeros=(2, 3)))


@rule("ConvInteger")
def lower_conv_integer(node: Node, plan: Plan) -> None:
    """Plans a ConvInteger."""
    plan.define(integer_convolution(node, plan, node.outputs[0], operands=(0, 1), zeros=(2, 3)))
