"""Mul, BatchNormalization, Scaler.

What it lowers
    Mul of two values or of a value and a constant, with numpy broadcasting; BatchNormalization in inference form, as
    x * a + b for each channel (where the frontend could not fold it); the Scaler of ai.onnx.ml, (x - offset) * scale.
Constraints
    None of its own: the product is an accumulator. No hints.
Range assumptions
    As Gemm for constants. A product of two 16-bit values has 31 bits.
Cost
    Nothing committed; one merged product term, for two values with one slot for each entry.
Example
    Scaler on (1, 30): acc[j] = x[j] * c[j] + 2^t b[j] with b = -offset * scale; c[j] absorbs the exponent of feature j.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Product, Scaled, Sum
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import precision, rule
from zkseal.lowering.rules.gemm import stored_weights
from zkseal.lowering.values import Accumulator


def scaled(node: Node, plan: Plan, source: str, name: str, factor: npt.ArrayLike) -> Scaled:
    """`source` times a constant, for the output of `node`; integers exactly."""
    output = node.outputs[0]
    value = plan.committed(source)
    if plan.is_integer(output):
        return Scaled.of(output, node.name, plan.shape(output), value, plan.parameter(name, factor, 0, stated=0))
    array = np.asarray(factor, dtype=np.float64)
    if value.feature_exponents is not None:
        array = np.broadcast_to(array, value.shape[-1:])
    axis = -1 if value.feature_exponents is not None else None
    weights = stored_weights(plan, name, array, value, plan.target_exponent(output), axis)
    return Scaled.of(output, node.name, plan.shape(output), value, weights)


def _affine(node: Node, plan: Plan, name: str, factor: npt.ArrayLike, addend: npt.ArrayLike) -> Accumulator:
    """First input of `node` times `factor` plus `addend`, both of the rank that broadcasts."""
    output = node.outputs[0]
    product = scaled(node, plan, node.inputs[0], f"{name}/factor", factor)
    parameter = plan.addend(f"{name}/addend", addend, plan.target_exponent(output))
    shape = plan.shape(output)
    return Sum.of(output, node.name, shape, [(product, 1), (Constant.of(parameter, shape, node.name), 1)])


@precision("Mul")
def mul_precision(node: Node, plan: Plan) -> dict[str, int]:
    """A product over an axis (slices of one value) has entries far from its largest: their errors add up relatively."""
    left, right = node.inputs
    if plan.constant(left) is not None or plan.constant(right) is not None or plan.is_integer(node.outputs[0]):
        return {}
    makers = [plan.graph.producer(name) for name in (left, right)]
    sliced = {maker.inputs[0] for maker in makers if maker is not None and maker.op == "Slice"}
    if len(sliced) != 1 or any(maker is None or maker.op not in ("Slice", "Mul") for maker in makers):
        return {}
    largest = max(plan.statistics(node.outputs[0]).magnitude, 2.0**-60)
    bits = plan.options.bits - 4
    other = {left: plan.statistics(right).magnitude, right: plan.statistics(left).magnitude}
    return {name: bits - math.floor(math.log2(largest / size)) for name, size in other.items() if size > 0}


@rule("Mul")
def lower_mul(node: Node, plan: Plan) -> None:
    """Plans a Mul."""
    left, right = node.inputs
    output = node.outputs[0]
    for source, name in ((left, right), (right, left)):
        constant = plan.constant(name)
        if constant is not None and plan.constant(source) is None:
            plan.define(scaled(node, plan, source, name, constant))
            return
    if plan.constant(left) is not None:
        raise plan.unsupported(node, "both operands are constant. Fold constants before compiling")
    values = plan.committed(left), plan.committed(right)
    plan.define(Product.of(output, node.name, plan.shape(output), *values))


@rule("BatchNormalization")
def lower_batch_normalization(node: Node, plan: Plan) -> None:
    """Plans a BatchNormalization in inference form."""
    scale, shift, mean, variance = (
        np.asarray(plan.required_constant(node, k, what), dtype=np.float64)
        for k, what in ((1, "scale"), (2, "bias"), (3, "mean"), (4, "variance"))
    )
    epsilon = float(plan.attributes(node).get("epsilon", 1e-5))
    factor = scale / np.sqrt(variance + epsilon)
    trailing = (-1, *([1] * (len(plan.shape(node.inputs[0])) - 2)))
    addend = (shift - mean * factor).reshape(trailing)
    plan.define(_affine(node, plan, node.name, factor.reshape(trailing), addend))


@rule("Scaler")
def lower_scaler(node: Node, plan: Plan) -> None:
    """Plans a Scaler."""
    attributes = plan.attributes(node)
    scale = np.asarray(attributes.get("scale", (1.0,)), dtype=np.float64)
    offset = np.asarray(attributes.get("offset", (0.0,)), dtype=np.float64)
    plan.define(_affine(node, plan, node.name, scale, -offset * scale))
