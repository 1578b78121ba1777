"""QLinearMatMul and QLinearConv.

What it lowers
    Both with their own integers: operands of 8 bits, constant or computed; constant scales and zero points, for the
    weights one for the tensor or one for each column or output channel; a constant bias in 32 bits.
Constraints
    The exact sum in 32 bits is an accumulator (`rules.integer_linear`), and y the row of a public table in whose
    interval it lies (`blocks.staircase`). The table holds the exact roundings of onnxruntime: sum * M in single
    precision, to the nearest integer, ties to even, plus zero point, saturated. With a scale for each channel, the sum
    is committed, tied by a Zero, and multiplied by M 2^k, an integer for each channel, which is stored as weights are.
Range assumptions
    As MatMulInteger and ConvInteger; saturation costs nothing.
Cost
    For each entry one lookup, two ranges and three committed integers; one more with a scale for each channel.
Example
    sum 300, M = 0.0117: 3.51 -> 4, plus zero point 128: y = 132.
"""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from zkseal.graph import Node
from zkseal.lowering.accumulators import Scaled
from zkseal.lowering.blocks.staircase import plan_staircase
from zkseal.lowering.blocks.tie import plan_tie
from zkseal.lowering.plan import Plan
from zkseal.lowering.quantization import quantized_type
from zkseal.lowering.registry import rule
from zkseal.lowering.rules.integer_linear import integer_convolution, integer_product, integer_window_sum
from zkseal.lowering.values import Accumulator, Quantized
from zkseal.quantize.affine import QuantizedType, exact_multiplier, quantized, requantization_multipliers
from zkseal.quantize.integers import Integers

MAX_PRODUCT_BITS = 60


def _scale(node: Node, plan: Plan, position: int) -> npt.NDArray[np.float32]:
    scales = np.asarray(plan.required_constant(node, position, "scale"), dtype=np.float32)
    return scales.reshape(()) if scales.size == 1 else scales


def _requantize(
    node: Node, plan: Plan, total: Accumulator, multipliers: npt.NDArray[np.float32], result: QuantizedType
) -> None:
    """Defines the output of `node` as total * multipliers (one, or broadcast to its shape), rounded and saturated."""
    output = node.outputs[0]
    if result.scale.size > 1:
        raise plan.unsupported(node, "several scales for the result. Use one")
    value = Quantized(output, total.shape, 0, *result.range)
    none = np.zeros((), dtype=np.int64)
    if multipliers.size == 1:
        multiplier = multipliers.reshape(())

        def curve(_number: Integers, n: Integers) -> Integers:
            return quantized(result, none, np.asarray(n.astype(np.float32) * multiplier, np.float32), divide=False)

        plan.add(plan_staircase(total, value, curve), value)
        return
    committed = plan_tie(plan, total)
    factors, exponent = exact_multiplier(multipliers, MAX_PRODUCT_BITS - committed.magnitude.bit_length())
    parameter = plan.parameter(f"{node.name}/multipliers", factors, 0, stated=exponent)
    scaled = Scaled.of(f"{output}/scaled", node.name, total.shape, committed, parameter)

    def common(_number: Integers, n: Integers) -> Integers:
        return quantized(result, none, np.ldexp(n.astype(np.float64), -exponent), divide=False)

    plan.add(plan_staircase(scaled, value, common), value)


def _average(node: Node, plan: Plan) -> Accumulator | None:
    """The sum of an average pooling, which `graph.passes.fuse_qdq` writes with weights of one and scale 1 / count."""
    count = prod(plan.shape(node.inputs[3])[2:])
    zero = plan.constant(node.inputs[5])
    if plan.has_input(node, 8) or zero is None or zero.any() or _scale(node, plan, 4).size > 1:
        return None
    if float(_scale(node, plan, 4)) != float(np.float32(1.0 / count)):
        return None
    return integer_window_sum(node, plan, f"{node.outputs[0]}/sum", operands=(0, 3), zero=2)


@rule("QLinearMatMul")
def lower_qlinear_matmul(node: Node, plan: Plan) -> None:
    """Plans a QLinearMatMul."""
    output = node.outputs[0]
    result = quantized_type(node, plan, 6, 7, plan.graph.values[output].dtype)
    left, right = _scale(node, plan, 1), _scale(node, plan, 4)
    if left.size > 1:
        raise plan.unsupported(node, "a scale for each row of its first operand. Use one for the tensor")
    if right.ndim > 1 and right.shape[-2] > 1:
        raise plan.unsupported(node, "scales that differ inside a column. Use one for each column")
    total = integer_product(node, plan, f"{output}/sum", operands=(0, 3), zeros=(2, 5))
    _requantize(node, plan, total, requantization_multipliers(left, right, result.scale.reshape(())), result)


@rule("QLinearConv")
def lower_qlinear_conv(node: Node, plan: Plan) -> None:
    """Plans a QLinearConv."""
    output = node.outputs[0]
    result = quantized_type(node, plan, 6, 7, plan.graph.values[output].dtype)
    multipliers = requantization_multipliers(_scale(node, plan, 1), _scale(node, plan, 4), result.scale.reshape(()))
    total = _average(node, plan) or integer_convolution(
        node, plan, f"{output}/sum", operands=(0, 3), zeros=(2, 5), bias=8
    )
    if multipliers.size > 1:
        multipliers = multipliers.reshape(-1, *([1] * (len(total.shape) - 2)))
    _requantize(node, plan, total, multipliers, result)
