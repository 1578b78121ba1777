"""GlobalAveragePool, AveragePool.

What it lowers
    Average pooling in one to three spatial dimensions with strides, padding, ceil_mode, count_include_pad 0 or 1.
Constraints
    None of its own: an accumulator `c * sum x`, where c / 2^t is 1 / count rounded to 15 bits, exact for powers of
    two. Where windows hold different counts (padding not counted), c is a public tensor over the outputs. No hints.
Range assumptions
    count * max |x| * c stays below 2^62.
Cost
    Nothing committed; one linear term (one product term with differing counts).
Example
    GlobalAveragePool over 7 x 7: c = floor(2^20 / 49 + 1/2) = 21400, t = 20.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.blocks.axis_sum import COEFFICIENT_BITS, AxisSum, reciprocal
from zkseal.lowering.emitter import Emitter
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Accumulator, Environment, Operand, Quantized
from zkseal.lowering.view import AxisIndex, mixed_radix
from zkseal.lowering.windows import Windows, plan_windows
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr


@dataclass(frozen=True)
class WindowSum(Accumulator):
    """The sum of each window times its coefficient (one entry, or one for each output position)."""

    value: Quantized
    windows: Windows
    coefficients: tuple[int, ...]

    def _coefficient_array(self) -> Integers:
        array = np.asarray(self.coefficients, dtype=np.int64)
        return array.reshape(self.windows.outputs) if len(self.coefficients) > 1 else array.reshape(())

    def operands(self) -> tuple[Operand, ...]:
        return (Operand(self.value.name, (0, 1, *([None] * self.windows.rank))),)

    def compute(self, environment: Environment) -> Integers:
        patches = self.windows.patches(environment[self.value.name])
        axes = tuple(range(-self.windows.rank, 0))
        total: Integers = patches.sum(axis=axes) * self._coefficient_array()
        return total

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        view = emitter.view(self.value.name)
        if not all(view.reads_zero_outside(axis + 2) for axis in range(self.windows.rank)):
            emitter.copy(self.value.name)
        kernel = emitter.loops(emitter.plain(self.windows.kernel))
        spatial = [
            self.windows.index(axis, index[axis + 2], kernel[axis][0] if kernel[axis] else 0)
            for axis in range(self.windows.rank)
        ]
        x = emitter.read(self.value.name, (index[0], index[1], *spatial))
        loops = [loop for axis in kernel for loop in axis]
        if len(self.coefficients) == 1:
            return x.sum(loops) * self.coefficients[0]
        counts = emitter.constant(f"{self.name}/coefficients", self._coefficient_array())
        position = tuple(mixed_radix(part) if isinstance(part, tuple) else part for part in index[2:])
        return (x * counts[position]).sum(loops)


@rule("GlobalAveragePool")
def lower_global_average_pool(node: Node, plan: Plan) -> None:
    """Plans a GlobalAveragePool."""
    output, axes = node.outputs[0], range(2, len(plan.shape(node.inputs[0])))
    inner = plan.accumulator(node.inputs[0], node)
    plan.define(AxisSum.of(output, node.name, plan.shape(output), inner, axes, keep=True, mean=True))


@rule("AveragePool")
def lower_average_pool(node: Node, plan: Plan) -> None:
    """Plans an AveragePool."""
    attributes = plan.attributes(node)
    windows = plan_windows(node, plan, tuple(int(v) for v in attributes["kernel_shape"]))
    value, output = plan.committed(node.inputs[0]), node.outputs[0]
    counts = _counts(node, plan, windows)
    # One exponent for all positions: that of the largest count.
    _, shift = reciprocal(max(counts))
    if len(set(counts)) > 1:
        shift = COEFFICIENT_BITS + max(counts).bit_length() - 1
    coefficients = tuple(math.floor((1 << shift) / count + 0.5) for count in counts)
    if len(set(coefficients)) == 1:
        coefficients = coefficients[:1]
    weight = prod(windows.kernel) * max(coefficients)
    lo, hi = min(value.lo, 0) * weight, max(value.hi, 0) * weight
    shape = plan.shape(output)
    exponent = value.exponent + shift
    plan.define(WindowSum(output, node.name, shape, exponent, lo, hi, value, windows, coefficients))


def _counts(node: Node, plan: Plan, windows: Windows) -> list[int]:
    """By how many entries each output position is divided.

    With count_include_pad, declared padding counts, what ceil_mode adds beyond it does not.
    """
    include = bool(plan.attributes(node).get("count_include_pad", 0))
    pads = tuple(int(v) for v in plan.attributes(node).get("pads", (0,) * (2 * windows.rank)))
    along: list[Integers] = []
    for axis in range(windows.rank):
        first, last = 0, windows.sizes[axis] - 1
        if include:
            first, last = -windows.before[axis], last + max(pads[windows.rank + axis], 0)
        positions = np.stack([windows.positions(axis, k) for k in range(windows.kernel[axis])])
        along.append(((positions >= first) & (positions <= last)).sum(axis=0))
    counts = along[0]
    for other in along[1:]:
        counts = np.multiply.outer(counts, other)
    return [int(count) for count in counts.reshape(-1)]
