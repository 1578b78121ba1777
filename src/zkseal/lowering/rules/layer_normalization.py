"""LayerNormalization and RMSNormalization along the last axis, with a scale of ones.

What it lowers
    y = (x - mean) / sqrt(variance + epsilon), or x / sqrt(mean of squares + epsilon), for each row. The frontend writes
    every normalization as one of these, and scales and biases as products and sums behind it (`graph.decompose`).
Constraints
    Mean and variance are exact sums of integers; `blocks.spread` proves the root and `blocks.shares` its reciprocal,
    one for each row, and y is an accumulator, rounded once by whoever commits it.
Range assumptions
    None: |y| is at most the root of the length of a row. Rows of equal entries give 0.
Cost
    For each row about ten wide ranges; for each entry nothing. x gets a few bits more than usual, because it counts in
    terms of its deviation and not of its largest entry.
Example
    x = (1, 3) with epsilon 0: A = 4, V = 2 * 10 - 16 = 4, y = (2 - 4) / 2, (6 - 4) / 2 = -1, 1.
"""

from __future__ import annotations

import math

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.blocks.rescale import Rescale
from zkseal.lowering.blocks.shares import AxisTotal, plan_reciprocal
from zkseal.lowering.blocks.spread import Deviation, Standardized
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import precision, rule
from zkseal.lowering.values import Quantized

ROOT_BITS = 32
"""Roots are scaled to about this width; those of small rows are still accurate."""

RECIPROCAL_BITS = 14
"""Accuracy of the reciprocal of the largest root that calibration lets expect."""

SPARE_BITS = 3
GUARD_BITS = 2

_OPS = ("LayerNormalization", "RMSNormalization")


@precision(*_OPS)
def normalization_precision(node: Node, plan: Plan) -> dict[str, int]:
    """A deviation is about the largest x by the largest y; steps of x are to be small beside the deviation."""
    x, y = (max(plan.statistics(name).magnitude, 1e-30) for name in (node.inputs[0], node.outputs[0]))
    return {node.inputs[0]: math.ceil(plan.options.bits + GUARD_BITS + math.log2(max(y, 1e-6) / x))}


@rule(*_OPS)
def lower_normalization(node: Node, plan: Plan) -> None:
    """Plans a LayerNormalization or a RMSNormalization."""
    attributes, output = plan.attributes(node), node.outputs[0]
    source = plan.committed(node.inputs[0])
    _require_plain_form(node, plan, source)
    count = source.shape[-1]
    epsilon = float(attributes.get("epsilon", 1e-5))
    total = _total(node, plan, source) if node.op == "LayerNormalization" else None
    largest = (count * source.magnitude) ** 2
    scale_bits = 2 * max(0, ROOT_BITS - (largest.bit_length() + 1) // 2)
    constant = max(1, round(math.ldexp(epsilon * count * count, 2 * source.exponent + scale_bits)))
    most = math.isqrt((largest << scale_bits) + constant)
    shape = (*source.shape[:-1], 1)
    root = Quantized(f"{output}/root", shape, 0, 0, (1 << most.bit_length()) - 1)
    plan.add(Deviation(node.name, source, total, root, constant, scale_bits), root)
    least = 1 << (math.isqrt(constant).bit_length() - 1)
    numerator_bits = _usual_root(node, plan, most).bit_length() + RECIPROCAL_BITS
    # Rounding should drop no more than two limbs of 16 bits, where a few bits of the reciprocal can be spared for it.
    fitting = plan.scale(output)[0] + 32 + scale_bits // 2
    if numerator_bits - SPARE_BITS <= fitting < numerator_bits:
        numerator_bits = fitting
    step = plan_reciprocal(node.name, f"{output}/reciprocal", root, least, numerator_bits)
    plan.add(step, step.value)
    exponent = numerator_bits - scale_bits // 2
    plan.define(Standardized.of(output, node.name, source, total, step.value, exponent))


def _usual_root(node: Node, plan: Plan, most: int) -> int:
    """About the largest root that occurs: all entries of a row would have to be as large as the largest for `most`."""
    ratio = plan.statistics(node.outputs[0]).magnitude * plan.options.headroom
    return max(math.floor(most / max(ratio, 1.0)), 1)


def _require_plain_form(node: Node, plan: Plan, source: Quantized) -> None:
    axis = int(plan.attributes(node).get("axis", -1)) % len(source.shape)
    scale = plan.constant(node.inputs[1])
    outputs = [name for name in node.outputs if name]
    plain = axis == len(source.shape) - 1 and scale is not None and bool(np.all(scale == 1))
    if not plain or plan.has_input(node, 2) or len(outputs) > 1:
        raise plan.unsupported(node, "it has a scale, a bias or several axes. Load the model with `zkseal.load_onnx`")


def _total(node: Node, plan: Plan, source: Quantized) -> Quantized:
    accumulator = AxisTotal.of(f"{node.outputs[0]}/total", node.name, source, len(source.shape) - 1)
    bits = max(abs(accumulator.lo), accumulator.hi).bit_length()
    total = Quantized(accumulator.name, accumulator.shape, source.exponent, -(1 << bits), (1 << bits) - 1)
    plan.add(Rescale(accumulator, total, 0))
    return total
