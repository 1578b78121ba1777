"""Conv.

What it lowers
    Conv in one, two or three spatial dimensions with strides, dilations, explicit or automatic padding and groups;
    weights and bias constant or computed.
Constraints
    None of its own: an accumulator `sum over c, k of x[n, g c', s o + d k - p] * w[m, c, k] + bias[m]`; padding is the
    part of the affine index that lies outside and reads zero. No hints.
Range assumptions
    As Gemm; real zero is the integer zero, so padding needs no correction.
Cost
    One merged product term; nothing committed. A source whose channel or spatial axes are no tensor axes of their own
    (after Slice, Reshape) is copied first.
Example
    x (1, 1, 28, 28), w (6, 1, 5, 5), pads 2: acc[m, h, v] = sum_{i,j} x[0, 0, h + i - 2, v + j - 2] w[m, 0, i, j].
"""

from __future__ import annotations

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Sum
from zkseal.lowering.blocks.convolution import Convolution
from zkseal.lowering.blocks.reshape import MoveStep, Reshape
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.rules.gemm import stored_weights
from zkseal.lowering.values import Accumulator, Parameter, Quantized, Stored
from zkseal.lowering.windows import plan_windows


def convolution_weights(node: Node, plan: Plan, value: Quantized) -> Parameter | Quantized:
    """The second input of a float convolution: its own integers if it is computed, else stored weights."""
    constant = plan.constant(node.inputs[1])
    if constant is None:
        return plan.committed(node.inputs[1])
    return stored_weights(plan, node.inputs[1], constant, value, plan.target_exponent(node.outputs[0]))


def define_with_bias(node: Node, plan: Plan, product: Accumulator) -> None:
    """Defines the output of `node` as `product` (batch, channels, *spatial) plus its third input, if there is one."""
    if not plan.has_input(node, 2):
        plan.define(product)
        return
    name, shape = node.inputs[2], product.shape
    trailing = (shape[1], *([1] * (len(shape) - 2)))
    bias = plan.constant(name)
    addend: Accumulator
    if bias is not None:
        parameter = plan.addend(name, np.asarray(bias).reshape(trailing), plan.target_exponent(product.name))
        addend = Constant.of(parameter, shape, node.name)
    else:
        committed = plan.committed(name)
        column = plan.rename(committed, f"{product.name}/bias", trailing)
        plan.add(MoveStep(node.name, committed.name, column, (Reshape(trailing),)), column)
        addend = Stored.of(column, node.name)
    plan.define(Sum.of(product.name, node.name, shape, [(product, 1), (addend, 1)]))


@rule("Conv")
def lower_conv(node: Node, plan: Plan) -> None:
    """Plans a Conv."""
    if plan.constant(node.inputs[0]) is not None:
        raise plan.unsupported(node, "its data is constant. Make it an input of the model")
    value = plan.committed(node.inputs[0])
    weights = convolution_weights(node, plan, value)
    windows = plan_windows(node, plan, weights.shape[2:])
    groups = int(plan.attributes(node).get("group", 1))
    product = Convolution.of(node.outputs[0], node.name, plan.shape(node.outputs[0]), value, weights, windows, groups)
    define_with_bias(node, plan, product)
