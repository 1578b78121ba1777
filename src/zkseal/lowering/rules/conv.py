"""Conv.

What it lowers
    Conv in one, two or three spatial dimensions with strides, dilations, explicit or automatic padding and groups;
    weights and bias constant.
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

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Sum
from zkseal.lowering.emitter import Emitter
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.rules.gemm import stored_weights
from zkseal.lowering.values import Accumulator, Environment, Operand, Parameter, Quantized
from zkseal.lowering.view import AxisIndex, mixed_radix
from zkseal.lowering.windows import Windows, plan_windows
from zkseal.quantize.integers import Integers, matmul
from zkseal.relation import Expr, Loop


@dataclass(frozen=True)
class Convolution(Accumulator):
    """`weights` has shape (groups, m per group, c per group, *kernel); the result is (batch, groups * m, *outputs)."""

    value: Quantized
    weights: Parameter
    windows: Windows

    @property
    def _groups(self) -> tuple[int, int, int]:
        g, m, c = self.weights.shape[:3]
        return g, m, c

    def operands(self) -> tuple[Operand, ...]:
        # Channels and outputs have loops of their own; only the batch runs with the source.
        return (Operand(self.value.name, (0, *([None] * (len(self.shape) - 1)))),)

    def cuts(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        g, m, _ = self._groups
        return ((1, (g, m)),) if g > 1 and m > 1 else ()

    def compute(self, environment: Environment) -> Integers:
        g, m, c = self._groups
        batch = self.shape[0]
        patches = self.windows.patches(environment[self.value.name])
        points, taps = prod(self.windows.outputs), prod(self.windows.kernel)
        columns = (
            patches.reshape(batch, g, c, points, taps).transpose(0, 1, 2, 4, 3).reshape(batch, g, c * taps, points)
        )
        weights = self.weights.integers.reshape(g, m, c * taps)
        bound = int(np.abs(weights).sum(axis=-1).max(initial=0)) * self.value.magnitude
        return matmul(weights[None], columns, bound).reshape(self.shape)

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        self._fit(emitter)
        g, _, c = self._groups
        batch, channel, *outputs = index
        group, row = self._channel_loops(channel)
        (inner,) = emitter.loops((((c,) if c > 1 else ()),))
        kernel = emitter.loops(emitter.plain(self.windows.kernel))
        source: AxisIndex = inner if g == 1 else mixed_radix(group) * c + mixed_radix(inner)
        spatial = [
            self.windows.index(axis, outputs[axis], kernel[axis][0] if kernel[axis] else 0)
            for axis in range(self.windows.rank)
        ]
        x = emitter.read(self.value.name, (batch, source, *spatial))
        w = emitter.parameter(self.weights, (group, row, inner, *kernel))
        return (x * w).sum([*inner, *(loop for axis in kernel for loop in axis)])

    def _channel_loops(self, channel: AxisIndex) -> tuple[tuple[Loop, ...], tuple[Loop, ...]]:
        """The loops of the output channel, dealt to group and row in the group."""
        loops = list(channel) if isinstance(channel, tuple) else []
        taken: list[Loop] = []
        while prod(loop.size for loop in taken) < self._groups[0]:
            taken.append(loops.pop(0))
        return tuple(taken), tuple(loops)

    def _fit(self, emitter: Emitter) -> None:
        """Copies the source if its layout does not have an axis of its own for channels and each spatial axis."""
        view = emitter.view(self.value.name)
        channels = view.reads_zero_outside(1) or (self._groups[0] == 1 and len(view.factor_sizes(1)) <= 1)
        if not channels or not all(view.reads_zero_outside(axis + 2) for axis in range(self.windows.rank)):
            emitter.copy(self.value.name)


def _bounds(weights: Integers, value: Quantized) -> tuple[int, int]:
    """Interval of the accumulator; zero is always possible where padding is read, and harmless elsewhere."""
    rows = weights.reshape(weights.shape[0] * weights.shape[1], -1)
    up, down = np.maximum(rows, 0).sum(axis=1), np.maximum(-rows, 0).sum(axis=1)
    lo, hi = min(value.lo, 0), max(value.hi, 0)
    least = min(int(u) * lo - int(d) * hi for u, d in zip(up, down, strict=True))
    return least, max(int(u) * hi - int(d) * lo for u, d in zip(up, down, strict=True))


@rule("Conv")
def lower_conv(node: Node, plan: Plan) -> None:
    """Plans a Conv."""
    weights = plan.required_constant(node, 1, "weights")
    value = plan.committed(node.inputs[0])
    groups = int(plan.attributes(node).get("group", 1))
    output = node.outputs[0]
    windows = plan_windows(node, plan, tuple(weights.shape[2:]))
    grouped = weights.reshape(groups, weights.shape[0] // groups, *weights.shape[1:])
    target = plan.target_exponent(output)
    stored = stored_weights(plan, node.inputs[1], grouped, value, target)
    shape = plan.shape(output)
    lo, hi = _bounds(stored.integers, value)
    exponent = value.exponent + stored.exponent
    product = Convolution(output, node.name, shape, exponent, lo, hi, value, stored, windows)
    if not plan.has_input(node, 2):
        plan.define(product)
        return
    bias = np.asarray(plan.required_constant(node, 2, "bias"))
    addend = plan.addend(node.inputs[2], bias.reshape(-1, *([1] * windows.rank)), target)
    plan.define(Sum.of(output, node.name, shape, [(product, 1), (Constant.of(addend, shape, node.name), 1)]))
