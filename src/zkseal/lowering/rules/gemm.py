"""Gemm and MatMul.

What it lowers
    Gemm (transA, transB, alpha, beta; C constant or a value) and MatMul with numpy's batch rules. Either operand may be
    constant, or both may be values (attention). Two constants are folded by the frontend.
Constraints
    None of its own: the product is an accumulator, an expression `sum_k left[.., k] * right[k, ..] + bias`. Whoever
    commits it (rounding, Relu, Sigmoid ..) constrains it. No hints.
Range assumptions
    Weights have at most `weight_bits` bits; the accumulator's interval, from the integers of the weights, stays below
    2^62 (`AccumulatorTooWide`).
Cost
    One merged product term; nothing committed.
Example
    x (1, 30), W (30, 64), b (64): acc[n] = sum_k x[k] W[k, n] + 2^t b[n]; after Flatten the sum runs over (c, h, w).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Sum
from zkseal.lowering.blocks.contraction import Contraction, Side
from zkseal.lowering.folding import LINEAR
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Parameter, Quantized
from zkseal.quantize.scales import weight_exponent

REMAINDER_BITS = 16
"""Weights are scaled so that rounding drops this many bits where that suits them."""

SHARED_ENTRIES, SHARED_BITS = 1 << 10, 8
"""Constants of so many entries that several nodes share keep their first scale if it is so close to their own: storing
them twice costs more than a wider rounding."""


def stored_weights(
    plan: Plan, name: str, weights: npt.ArrayLike, value: Quantized, target: int, feature_axis: int | None = None
) -> Parameter:
    """Weights that multiply `value`, for an accumulator that will be rounded to exponent `target`.

    `feature_axis` is the axis of the weights that runs with the last axis of `value`: it absorbs feature exponents.
    """
    array = np.asarray(weights, dtype=np.float64)
    features = np.zeros((), dtype=np.int64)
    if value.feature_exponents is not None and feature_axis is not None:
        shape = [1] * array.ndim
        shape[feature_axis] = -1
        features = np.asarray(value.feature_exponents, dtype=np.int64).reshape(shape)
    scaled = np.ldexp(array, -features)
    largest = float(np.abs(scaled).max(initial=0.0)) if np.isfinite(array).all() else 1.0
    exponent = weight_exponent(largest, plan.options.weight_bits, target + REMAINDER_BITS - value.exponent)
    known = plan.stored_exponent(name)
    if known is not None and array.size >= SHARED_ENTRIES and abs(known - exponent) <= SHARED_BITS:
        exponent = known
    return plan.parameter(name, array, exponent - features, stated=exponent)


def _side(plan: Plan, node: Node, position: int, transposed: bool, other: str, target: int, factor: float) -> Side:
    name = node.inputs[position]
    constant = plan.constant(name)
    if constant is None:
        return Side(plan.committed(name), transposed)
    weights = np.swapaxes(constant, -1, -2) if transposed else constant
    axis = None if position == 0 else (-2 if weights.ndim > 1 else -1)
    return Side(stored_weights(plan, name, weights * factor, plan.committed(other), target, axis))


@rule("MatMul")
def lower_matmul(node: Node, plan: Plan) -> None:
    """Plans a MatMul."""
    _contract(node, plan, transposed=(False, False), alpha=1.0)


@rule("Gemm", LINEAR)
def lower_gemm(node: Node, plan: Plan) -> None:
    """Plans a Gemm, or a Linear (x of any rank, times a matrix, plus a vector) that `folding` made."""
    attributes = plan.attributes(node)
    transposed = (bool(attributes.get("transA", 0)), bool(attributes.get("transB", 0)))
    _contract(node, plan, transposed=transposed, alpha=float(attributes.get("alpha", 1.0)))
    if not plan.has_input(node, 2):
        return
    beta, bias, output = float(attributes.get("beta", 1.0)), node.inputs[2], node.outputs[0]
    product = plan.take_accumulator(output)
    shape = plan.shape(output)
    constant = plan.constant(bias)
    if constant is not None:
        target = plan.target_exponent(output)
        addend = plan.addend(bias, np.asarray(constant, dtype=np.float64) * beta, target)
        terms = [(product, 1), (Constant.of(addend, shape, node.name), 1)]
    elif beta == 1.0:
        terms = [(product, 1), (plan.accumulator(bias, node), 1)]
    else:
        raise plan.unsupported(node, "beta other than 1 with a bias that is computed. Multiply the bias beforehand")
    plan.define(Sum.of(output, node.name, shape, terms))


def _contract(node: Node, plan: Plan, *, transposed: tuple[bool, bool], alpha: float) -> None:
    left, right = node.inputs[:2]
    output = node.outputs[0]
    constants = [plan.constant(name) is not None for name in (left, right)]
    if all(constants):
        raise plan.unsupported(node, "both operands are constant. Fold constants before compiling")
    if not any(constants) and alpha != 1.0:
        raise plan.unsupported(node, "alpha other than 1 for two computed operands. Multiply one of them beforehand")
    target = plan.target_exponent(output)
    sides = (
        _side(plan, node, 0, transposed[0], right, target, alpha),
        _side(plan, node, 1, transposed[1], left, target, alpha),
    )
    plan.define(Contraction.of(output, node.name, plan.shape(output), *sides))
