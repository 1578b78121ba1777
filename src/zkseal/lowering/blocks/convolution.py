"""`Convolution`: the accumulator of Conv and of its integer forms, data committed, weights stored or committed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from zkseal.lowering.emitter import Emitter
from zkseal.lowering.values import Accumulator, Environment, Operand, Parameter, Quantized
from zkseal.lowering.view import AxisIndex, mixed_radix
from zkseal.lowering.windows import Windows
from zkseal.quantize.integers import Integers, Narrow, matmul
from zkseal.relation import Affine, Expr, Loop

__all__ = ["Convolution", "channel_loops", "fit_channels", "weighted_bounds"]


@dataclass(frozen=True)
class Convolution(Accumulator):
    """The result is (batch, groups * m, *outputs).

    `weights` has shape (groups, m, c, *kernel) if it is stored, (groups * m, c, *kernel) if it is committed.
    `zero_point` is what the integers of `value` have too much; in the padding there is nothing, so it is not zero for
    stored weights only, and is taken off with a public tensor of ones inside.
    """

    value: Quantized
    weights: Parameter | Quantized
    windows: Windows
    groups: int
    zero_point: int = 0

    @staticmethod
    def of(
        name: str,
        node: str,
        shape: tuple[int, ...],
        value: Quantized,
        weights: Parameter | Quantized,
        windows: Windows,
        groups: int,
        zero_point: int = 0,
    ) -> Convolution:
        """`weights` in ONNX's shape (groups * m, c, *kernel). Zero is always possible where padding is read."""
        m, c = weights.shape[0] // groups, weights.shape[1]
        if isinstance(weights, Parameter):
            weights = replace(weights, stored=weights.stored.reshape(groups, m, c, *windows.kernel))
            rows = weights.integers.reshape(groups * m, -1)
            lo, hi = weighted_bounds(rows, replace(value, lo=value.lo - zero_point, hi=value.hi - zero_point))
        else:
            corners = [a * b for a in (value.lo, value.hi, 0) for b in (weights.lo, weights.hi)]
            taps = c * prod(windows.kernel)
            lo, hi = taps * min(corners), taps * max(corners)
        exponent = value.exponent + weights.exponent
        return Convolution(name, node, shape, exponent, lo, hi, value, weights, windows, groups, zero_point)

    @property
    def _inner(self) -> int:
        """Channels of the source in a group."""
        return self.value.shape[1] // self.groups

    def operands(self) -> tuple[Operand, ...]:
        # Channels and outputs have loops of their own; only the batch runs with the source.
        nothing: list[int | None] = [None] * (len(self.shape) - 1)
        source = Operand(self.value.name, (0, *nothing))
        if isinstance(self.weights, Parameter):
            return (source,)
        return (source, Operand(self.weights.name, (None, 0, *nothing[1:])))

    def cuts(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        rows = self.shape[1] // self.groups
        return ((1, (self.groups, rows)),) if self.groups > 1 and rows > 1 else ()

    def compute(self, environment: Environment) -> Integers:
        g, c, batch = self.groups, self._inner, self.shape[0]
        patches = self.windows.patches(environment[self.value.name] - self.zero_point)
        points, taps = prod(self.windows.outputs), prod(self.windows.kernel)
        columns = (
            patches.reshape(batch, g, c, points, taps).transpose(0, 1, 2, 4, 3).reshape(batch, g, c * taps, points)
        )
        if isinstance(self.weights, Parameter):
            weights: Narrow = self.weights.stored.reshape(g, self.shape[1] // g, c * taps)
            largest = int(np.abs(weights, dtype=np.int64).sum(axis=-1).max(initial=0))
        else:
            weights = environment[self.weights.name].reshape(g, self.shape[1] // g, c * taps)
            largest = c * taps * self.weights.magnitude
        magnitude = self.value.magnitude + abs(self.zero_point)
        return matmul(weights[None], columns, largest * magnitude).reshape(self.shape)

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        rank = self.windows.rank
        fit_channels(emitter, self.value.name, self.groups, range(2, rank + 2))
        batch, channel, *outputs = index
        (inner,) = emitter.loops((((self._inner,) if self._inner > 1 else ()),))
        kernel = emitter.loops(emitter.plain(self.windows.kernel))
        group, row = channel_loops(channel, self.groups)
        source: AxisIndex = inner if self.groups == 1 else mixed_radix(group) * self._inner + mixed_radix(inner)
        spatial = [
            self.windows.index(axis, outputs[axis], kernel[axis][0] if kernel[axis] else 0) for axis in range(rank)
        ]
        x = emitter.read(self.value.name, (batch, source, *spatial))
        if isinstance(self.weights, Parameter):
            w = emitter.parameter(self.weights, (group, row, inner, *kernel))
        else:
            for axis in range(1, rank + 2):
                emitter.whole_axis(self.weights.name, axis)
            w = emitter.read(self.weights.name, (channel, inner, *kernel))
        loops = [*inner, *(loop for axis in kernel for loop in axis)]
        if self.zero_point == 0:
            return (x * w).sum(loops)
        return (x * w).sum(loops) - (self._inside(emitter, spatial, w)).sum(loops) * self.zero_point

    def _inside(self, emitter: Emitter, spatial: Sequence[Affine], w: Expr) -> Expr:
        """w where the tap reads the source, zero where it reads padding."""
        if not any(self.windows.padded(axis) for axis in range(self.windows.rank)):
            return w
        ones = np.ones(self.windows.sizes, dtype=np.int64)
        return w * emitter.constant(f"{self.name}/inside", ones)[tuple(spatial)]


def weighted_bounds(rows: Integers, value: Quantized) -> tuple[int, int]:
    """Interval of `sum_k rows[m, k] * x_k` over all m, each x_k zero (padding) or in the range of `value`."""
    up, down = np.maximum(rows, 0).sum(axis=1), np.maximum(-rows, 0).sum(axis=1)
    lo, hi = min(value.lo, 0), max(value.hi, 0)
    least = min(int(u) * lo - int(d) * hi for u, d in zip(up, down, strict=True))
    return least, max(int(u) * hi - int(d) * lo for u, d in zip(up, down, strict=True))


def channel_loops(channel: AxisIndex, groups: int) -> tuple[tuple[Loop, ...], tuple[Loop, ...]]:
    """The loops of the output channel, dealt to the group and to the row in the group."""
    loops = list(channel) if isinstance(channel, tuple) else []
    taken: list[Loop] = []
    while prod(loop.size for loop in taken) < groups:
        taken.append(loops.pop(0))
    return tuple(taken), tuple(loops)


def fit_channels(emitter: Emitter, name: str, groups: int, padded: Sequence[int]) -> None:
    """Copies `name` unless its channels can be read by group, and its `padded` axes read zero outside."""
    view = emitter.view(name)
    channels = view.reads_zero_outside(1) or (groups == 1 and len(view.factor_sizes(1)) <= 1)
    if not channels or not all(view.reads_zero_outside(axis) for axis in padded):
        emitter.copy(name)
