"""QuantizeLinear.

What it lowers
    QuantizeLinear to 8 and 16 bits with constant scales and zero points: for the tensor, for each index of an axis, or
    for blocks of it. What is quantized is not rounded before, if this is its only use; a graph input gets enough bits.
Constraints
    `blocks.staircase`: y is the row of a public table in whose interval the accumulator lies. The table holds the exact
    roundings: x / scale in single precision, to the nearest integer, ties to even, plus zero point, saturated. Sums of
    two dequantized integers get smaller coefficients with the same results (`blocks.narrow_sum`).
Range assumptions
    Those of the operand; saturation costs nothing.
Cost
    For each entry one lookup, two ranges, three committed integers; a table row for each integer of the type and scale.
Example
    scale 1/2, zero point 3, x = n / 4: y = 3 for n in [-1, 1] (ties to even), y = 4 for n = 2, y = 5 for n in [3, 5].
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.blocks.narrow_sum import narrow_staircase
from zkseal.lowering.blocks.staircase import plan_staircase
from zkseal.lowering.plan import Plan
from zkseal.lowering.quantization import curve_numbers, quantized_type
from zkseal.lowering.registry import precision, rule
from zkseal.lowering.values import Quantized
from zkseal.quantize.affine import quantized
from zkseal.quantize.integers import Integers

INPUT_BITS = 20
"""What is quantized is known to 2^-20 of a step."""

MAX_ROWS = 1 << 20


@precision("QuantizeLinear")
def quantize_precision(node: Node, plan: Plan) -> Mapping[str, int]:
    """The operand of a QuantizeLinear must be much finer than its steps."""
    scales = plan.constant(node.inputs[1])
    if scales is None or not (scales > 0).all():
        return {}
    return {node.inputs[0]: math.ceil(-math.log2(float(scales.min()))) + INPUT_BITS}


@rule("QuantizeLinear")
def lower_quantize_linear(node: Node, plan: Plan) -> None:
    """Plans a QuantizeLinear."""
    source, output = node.inputs[0], node.outputs[0]
    kind = quantized_type(node, plan, 1, 2, plan.graph.values[output].dtype)
    shape, (lo, hi) = plan.shape(output), kind.range
    which = curve_numbers(node, plan, kind.scale, shape)
    if (hi - lo + 1) * kind.scale.size > MAX_ROWS:
        raise plan.unsupported(node, f"{kind.scale.size} scales of {kind.dtype} are too many. Use fewer or 8 bits")
    accumulator = plan.accumulator(source, node)
    exponent = accumulator.exponent

    def curves(number: Integers, n: Integers) -> Integers:
        return quantized(kind, number, np.ldexp(n.astype(np.float64), -exponent), divide=True)

    value = Quantized(output, shape, 0, lo, hi)
    step = None
    if which is None:
        step = narrow_staircase(accumulator, value, lambda n: curves(np.zeros((), dtype=np.int64), n))
    plan.add(step or plan_staircase(accumulator, value, curves, which), value)
