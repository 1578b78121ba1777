"""MatMulInteger and ConvInteger.

What it lowers
    MatMulInteger and ConvInteger of 8-bit integers, either operand constant or computed; zero points constant, or
    computed if there is one for the tensor (as DynamicQuantizeLinear gives it).
Constraints
    None of its own: an exact accumulator of operands less their zero points (`blocks.contraction`,
    `blocks.convolution`). A computed operand is committed again without its zero point, tied by a Zero, unless that
    is 0: padding then reads the real zero. No hints.
Range assumptions
    Sums stay inside 32 bits, as in onnxruntime, or the node is refused.
Cost
    One merged product term, and one committed integer for each entry of an operand with a zero point.
Example
    a = (11, 7), zero point 12, b = (1, 4), zero point 0: (11 - 12) * 1 + (7 - 12) * 4 = -21.
"""

from __future__ import annotations

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Sum
from zkseal.lowering.blocks.contraction import Contraction, Side
from zkseal.lowering.blocks.convolution import Convolution
from zkseal.lowering.blocks.integer_operands import centered, require_int32
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Accumulator, Parameter
from zkseal.lowering.windows import plan_windows

__all__ = ["integer_convolution", "integer_product"]


def integer_product(
    node: Node, plan: Plan, name: str, *, operands: tuple[int, int], zeros: tuple[int, int]
) -> Accumulator:
    """The exact product of two operands less their zero points, as value `name`."""
    rows = (*plan.shape(node.inputs[operands[0]])[-2:-1], 1)
    if all(plan.constant(node.inputs[k]) is not None for k in operands):
        raise plan.unsupported(node, "both operands are constant. Fold constants before compiling")
    left = centered(node, plan, operands[0], zeros[0], rows)
    right = centered(node, plan, operands[1], zeros[1])
    product = Contraction.of(name, node.name, plan.shape(node.outputs[0]), Side(left), Side(right))
    require_int32(node, plan, product)
    return product


def integer_convolution(
    node: Node, plan: Plan, name: str, *, operands: tuple[int, int], zeros: tuple[int, int], bias: int | None = None
) -> Accumulator:
    """The exact convolution of two operands less their zero points, plus an optional constant bias, as value `name`."""
    if plan.constant(node.inputs[operands[0]]) is not None:
        raise plan.unsupported(node, "its data is constant. Make it an input of the model")
    shape = plan.shape(node.outputs[0])
    trailing = (shape[1], *([1] * (len(shape) - 2)))
    weights = centered(node, plan, operands[1], zeros[1], (shape[1], *([1] * (len(shape) - 1))))
    windows = plan_windows(node, plan, weights.shape[2:], operands[0])
    groups = int(plan.attributes(node).get("group", 1))
    addend = np.zeros(trailing, dtype=np.int64)
    if bias is not None and plan.has_input(node, bias):
        addend = plan.required_constant(node, bias, "bias").astype(np.int64).reshape(trailing)
    zero = plan.constant(node.inputs[zeros[0]]) if plan.has_input(node, zeros[0]) else None
    padded = any(windows.padded(axis) for axis in range(windows.rank))
    if isinstance(weights, Parameter) and zero is not None and zero.size == 1 and zero.any() and not padded:
        # Without padding the zero point of the data adds the same to all outputs of a channel.
        value = plan.committed(node.inputs[operands[0]])
        addend = addend - int(zero.reshape(())) * weights.integers.reshape(shape[1], -1).sum(axis=1).reshape(trailing)
    else:
        centered_value = centered(node, plan, operands[0], zeros[0])
        assert not isinstance(centered_value, Parameter)
        value = centered_value
    product: Accumulator = Convolution.of(name, node.name, shape, value, weights, windows, groups)
    if addend.any():
        parameter = plan.parameter(f"{node.name}/bias", addend, 0, stated=0)
        product = Sum.of(name, node.name, shape, [(product, 1), (Constant.of(parameter, shape, node.name), 1)])
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
