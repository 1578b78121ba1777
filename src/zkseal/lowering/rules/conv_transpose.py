"""ConvTranspose.

What it lowers
    ConvTranspose in one, two or three spatial dimensions with strides, dilations, output padding, explicit or automatic
    padding, a given output shape, and groups; weights and bias constant or computed (computed weights not with strides
    and dilation along one axis).
Constraints
    None of its own: an accumulator. Along an axis of stride s > 1 it is `sum over i of x[i] * w[o + p - s i]`: the sum
    runs over the whole input, taps outside the kernel read zero, and dilation is written into the stored kernel as
    zeros. Along one of stride 1 it is `sum over k of x[o + p - d k] * w[k]`, zero outside the input. No hints.
Range assumptions
    As Conv.
Cost
    One merged product term with a slot for each channel times input positions (stride > 1) or taps; nothing committed.
Example
    x (1, 1, 3), w (1, 1, 2), stride 2: y = (x0 w0, x0 w1, x1 w0, x1 w1, x2 w0, x2 w1).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.blocks.convolution import channel_loops, fit_channels, weighted_bounds
from zkseal.lowering.emitter import Emitter
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.rules.conv import convolution_weights, define_with_bias
from zkseal.lowering.values import Accumulator, Environment, Operand, Parameter, Quantized
from zkseal.lowering.view import AxisIndex, mixed_radix
from zkseal.lowering.windows import attribute_text
from zkseal.quantize.integers import Integers, Narrow, matmul
from zkseal.relation import Affine, Expr, Loop

MAX_INDEX_ENTRIES = 1 << 22
"""Output positions times input positions of one axis: the verifier makes an array of this size."""


@dataclass(frozen=True)
class TransposedConvolution(Accumulator):
    """The result is (batch, groups * m, *outputs); input i and tap k meet in output `stride i + dilation k - before`.

    `weights`: (groups, c, m, *taps) if stored, (groups * c, m, *taps) if committed. One of stride and dilation is 1.
    """

    value: Quantized
    weights: Parameter | Quantized
    groups: int
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    before: tuple[int, ...]

    @property
    def _rank(self) -> int:
        return len(self.strides)

    @property
    def _taps(self) -> tuple[int, ...]:
        return self.weights.shape[-self._rank :]

    def operands(self) -> tuple[Operand, ...]:
        nothing: list[int | None] = [None] * (len(self.shape) - 1)
        source = Operand(self.value.name, (0, *nothing))
        if isinstance(self.weights, Parameter):
            return (source,)
        rows = (Operand(self.weights.name, (None, 1, *nothing[1:])),) if self.groups == 1 else ()
        return (source, *rows)

    def cuts(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        rows = self.shape[1] // self.groups
        return ((1, (self.groups, rows)),) if self.groups > 1 and rows > 1 else ()

    def compute(self, environment: Environment) -> Integers:
        g, c, m = self.groups, self.value.shape[1] // self.groups, self.shape[1] // self.groups
        x = environment[self.value.name]
        batch, sizes = x.shape[0], x.shape[2:]
        if isinstance(self.weights, Parameter):
            rows: Narrow = self.weights.stored.reshape(g, c, m * prod(self._taps)).transpose(0, 2, 1)
            largest = int(np.abs(rows, dtype=np.int64).sum(axis=-1).max(initial=0))
        else:
            rows = environment[self.weights.name].reshape(g, c, m * prod(self._taps)).transpose(0, 2, 1)
            largest = c * self.weights.magnitude
        products = matmul(rows[None], x.reshape(batch, g, c, prod(sizes)), largest * self.value.magnitude)
        products = products.reshape(batch, g * m, *self._taps, *sizes)
        reach = _reach(sizes, self._taps, self.strides, self.dilations)
        wide = tuple(max(r, b + o) for r, b, o in zip(reach, self.before, self.shape[2:], strict=True))
        full = np.zeros((batch, g * m, *wide), dtype=np.int64)
        for tap in itertools.product(*map(range, self._taps)):
            place: tuple[Any, ...] = tuple(
                slice(k * d, k * d + s * (n - 1) + 1, s)
                for k, s, d, n in zip(tap, self.strides, self.dilations, sizes, strict=True)
            )
            own: tuple[Any, ...] = (slice(None), slice(None), *tap)
            full[(..., *place)] += products[own]
        crop: tuple[Any, ...] = tuple(slice(b, b + o) for b, o in zip(self.before, self.shape[2:], strict=True))
        return full[(..., *crop)]

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        rank, c = self._rank, self.value.shape[1] // self.groups
        self._fit(emitter)
        batch, channel, *outputs = index
        sizes = [t if s == 1 else n for t, s, n in zip(self._taps, self.strides, self.value.shape[2:], strict=True)]
        (inner, *summed) = emitter.loops(emitter.plain((c, *sizes)))
        group, row = channel_loops(channel, self.groups)
        source: AxisIndex = inner if self.groups == 1 else mixed_radix(group) * c + mixed_radix(inner)
        pairs = [self._meeting(axis, outputs[axis], summed[axis]) for axis in range(rank)]
        x = emitter.read(self.value.name, (batch, source, *(position for position, _ in pairs)))
        taps = [tap for _, tap in pairs]
        if isinstance(self.weights, Parameter):
            w = emitter.parameter(self.weights, (group, inner, row, *taps))
        else:
            w = emitter.read(self.weights.name, (source, row, *taps))
        return (x * w).sum([*inner, *(loop for axis in summed for loop in axis)])

    def _meeting(self, axis: int, output: AxisIndex, loop: tuple[Loop, ...]) -> tuple[AxisIndex, AxisIndex]:
        """Indices of input and tap that meet in an output, by a loop over one of the two."""
        start = mixed_radix(output) if isinstance(output, tuple) else Affine((), 0) + output
        other = start + self.before[axis] - mixed_radix(loop) * (self.strides[axis] * self.dilations[axis])
        return (other, loop) if self.strides[axis] == 1 else (loop, other)

    def _fit(self, emitter: Emitter) -> None:
        """Copies operands whose layouts do not have the axes that are read by affine indices or single loops."""
        rank, name = self._rank, self.value.name
        outside = [axis + 2 for axis in range(rank) if self.strides[axis] == 1]
        fit_channels(emitter, name, self.groups, outside)
        for axis in range(1, rank + 2):
            emitter.whole_axis(name, axis)
        if isinstance(self.weights, Quantized):
            name, inside = self.weights.name, [axis + 2 for axis in range(rank) if self.strides[axis] > 1]
            fit_channels(emitter, name, 1, [*inside, *((0,) if self.groups > 1 else ())])
            for axis in (0, *range(2, rank + 2)):
                emitter.whole_axis(name, axis)


def _reach(
    sizes: Sequence[int], taps: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> tuple[int, ...]:
    """Sizes of the output before anything is cut off."""
    return tuple(s * (n - 1) + d * (k - 1) + 1 for n, k, s, d in zip(sizes, taps, strides, dilations, strict=True))


def _written_out(weights: Integers, strides: Sequence[int], dilations: Sequence[int]) -> Integers:
    """(a, b, *kernel) with zeros between the taps of axes with strides, which get at least two taps."""
    sizes = tuple(
        max(2, d * (k - 1) + 1) if s > 1 else k for k, s, d in zip(weights.shape[2:], strides, dilations, strict=True)
    )
    wide = np.zeros((*weights.shape[:2], *sizes), dtype=np.int64)
    taps: tuple[Any, ...] = tuple(
        slice(0, d * (k - 1) + 1, d) if s > 1 else slice(None)
        for k, s, d in zip(weights.shape[2:], strides, dilations, strict=True)
    )
    wide[(..., *taps)] = weights
    return wide


def _before(node: Node, plan: Plan, reach: Sequence[int]) -> tuple[int, ...]:
    """How much is cut off at the start of each spatial axis; `reach`: sizes before anything is cut off."""
    rank, attributes = len(reach), plan.attributes(node)
    auto_pad = attribute_text(node, "auto_pad", "NOTSET")
    if auto_pad == "VALID":
        return (0,) * rank
    if auto_pad == "NOTSET" and "output_shape" not in attributes:
        return tuple(int(v) for v in attributes.get("pads", (0,) * (2 * rank)))[:rank]
    added = attributes.get("output_padding", (0,) * rank)
    outputs = plan.shape(node.outputs[0])[2:]
    totals = [max(0, r + int(a) - o) for r, a, o in zip(reach, added, outputs, strict=True)]
    return tuple(t // 2 if auto_pad == "SAME_UPPER" else t - t // 2 for t in totals)


@rule("ConvTranspose")
def lower_conv_transpose(node: Node, plan: Plan) -> None:
    """Plans a ConvTranspose."""
    if plan.constant(node.inputs[0]) is not None:
        raise plan.unsupported(node, "its data is constant. Make it an input of the model")
    attributes, value = plan.attributes(node), plan.committed(node.inputs[0])
    rank, output = len(value.shape) - 2, node.outputs[0]
    shape = plan.shape(output)
    strides = tuple(int(v) for v in attributes.get("strides", (1,) * rank))
    dilations = tuple(int(v) for v in attributes.get("dilations", (1,) * rank))
    for n, o, s in zip(value.shape[2:], shape[2:], strides, strict=True):
        if s > 1 and n * o > MAX_INDEX_ENTRIES:
            raise plan.unsupported(node, f"an axis of {n} entries becomes {o}. Split it into shorter pieces")
    weights = convolution_weights(node, plan, value)
    before = _before(node, plan, _reach(value.shape[2:], weights.shape[2:], strides, dilations))
    if isinstance(weights, Parameter):
        weights = replace(weights, stored=_written_out(weights.integers, strides, dilations))
        dilations = tuple(d if s == 1 else 1 for s, d in zip(strides, dilations, strict=True))
    elif any(s > 1 and d > 1 for s, d in zip(strides, dilations, strict=True)):
        raise plan.unsupported(node, "strides and dilation with computed weights. Make the weights an initializer")
    groups = int(attributes.get("group", 1))
    lo, hi, weights = _bounds(weights, value, groups)
    exponent = value.exponent + weights.exponent
    product = TransposedConvolution(
        output, node.name, shape, exponent, lo, hi, value, weights, groups, strides, dilations, before
    )
    define_with_bias(node, plan, product)


def _bounds(weights: Parameter | Quantized, value: Quantized, groups: int) -> tuple[int, int, Parameter | Quantized]:
    """Interval of the accumulator, as if all taps met in one output; stored weights get their axis of groups."""
    c, m, taps = weights.shape[0] // groups, weights.shape[1], weights.shape[2:]
    if isinstance(weights, Parameter):
        weights = replace(weights, stored=weights.stored.reshape(groups, c, m, *taps))
        rows = np.moveaxis(weights.integers, 1, 2).reshape(groups * m, -1)
        return (*weighted_bounds(rows, value), weights)
    corners = [a * b for a in (value.lo, value.hi, 0) for b in (weights.lo, weights.hi)]
    return c * prod(taps) * min(corners), c * prod(taps) * max(corners), weights
