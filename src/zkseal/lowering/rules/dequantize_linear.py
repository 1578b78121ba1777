"""DequantizeLinear.

What it lowers
    DequantizeLinear of computed integers with constant scales and zero points: for the tensor, for each index of an
    axis, or for blocks of it. Constants are folded before.
Constraints
    None of its own: an accumulator. A scale of single precision is m / 2^k exactly, so (q - zero_point) * scale is the
    integer (q - zero_point) * m at exponent k. No hints. With one scale m and the zero point are public, with several
    they are stored as weights are.
Range assumptions
    Those of the operand.
Cost
    Nothing committed.
Example
    scale 0.75, zero point 2: acc = 3 q - 6 at exponent 2.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Offset, Scaled, Sum
from zkseal.lowering.plan import Plan
from zkseal.lowering.quantization import spread
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Accumulator
from zkseal.quantize.affine import exact_multiplier

FACTOR_BITS = 40
"""Width of the integers of several scales at one exponent."""


@rule("DequantizeLinear")
def lower_dequantize_linear(node: Node, plan: Plan) -> None:
    """Plans a DequantizeLinear."""
    source, output = node.inputs[0], node.outputs[0]
    if plan.constant(source) is not None:
        raise plan.unsupported(node, "its operand is constant. Fold constants before compiling")
    scales = np.asarray(plan.required_constant(node, 1, "scale"), dtype=np.float32)
    zeros = np.zeros(scales.shape, dtype=np.int64)
    if plan.has_input(node, 2):
        zeros = plan.required_constant(node, 2, "zero point").astype(np.int64)
    factors, exponent = exact_multiplier(scales, FACTOR_BITS)
    shape = plan.shape(output)
    if factors.size == 1:
        factor, zero = int(factors.reshape(-1)[0]), int(zeros.reshape(-1)[0])
        scaled = Offset.of(output, node.name, plan.accumulator(source, node), factor, -zero * factor)
        plan.define(replace(scaled, exponent=exponent))
        return
    offsets = -spread(node, plan, np.broadcast_to(zeros, factors.shape) * factors, shape)
    multiplier = plan.parameter(node.inputs[1], spread(node, plan, factors, shape), 0, stated=exponent)
    value = plan.committed(source)
    terms: list[tuple[Accumulator, int]] = [(Scaled.of(output, node.name, shape, value, multiplier), 1)]
    if offsets.any():
        addend = plan.parameter(f"{node.name}/offset", offsets, 0, stated=exponent)
        terms.append((Constant.of(addend, shape, node.name), 1))
    plan.define(Sum.of(output, node.name, shape, terms))
