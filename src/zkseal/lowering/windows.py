"""Sliding windows: attributes of convolutions and pooling, and the arrays and indices that they read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.plan import Plan
from zkseal.lowering.view import AxisIndex, mixed_radix
from zkseal.quantize.integers import Integers
from zkseal.relation import Affine, Loop

__all__ = ["Windows", "attribute_text", "plan_windows"]


@dataclass(frozen=True)
class Windows:
    """Windows over the spatial axes (all axes after the first two). One entry for each spatial axis.

    Output o, kernel position k read input `stride * o + dilation * k - before`; outside the input is padding.
    """

    sizes: tuple[int, ...]
    outputs: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    before: tuple[int, ...]

    @property
    def rank(self) -> int:
        """Number of spatial axes."""
        return len(self.sizes)

    def after(self, axis: int) -> int:
        """How far the last window reaches beyond the end of the input; negative if it ends inside."""
        reach = self.strides[axis] * (self.outputs[axis] - 1) + self.dilations[axis] * (self.kernel[axis] - 1)
        return reach - self.before[axis] - (self.sizes[axis] - 1)

    def padded(self, axis: int) -> bool:
        """Whether some window reads padding along this axis."""
        return self.before[axis] > 0 or self.after(axis) > 0

    def positions(self, axis: int, k: int) -> Integers:
        """Input index of kernel position k for every output, out of range where padding is read."""
        start = self.dilations[axis] * k - self.before[axis]
        return start + self.strides[axis] * np.arange(self.outputs[axis], dtype=np.int64)

    def index(self, axis: int, output: AxisIndex, k: Loop | int) -> Affine:
        """The index of the input axis as an expression of the loops over outputs and kernel."""
        start = Affine((), -self.before[axis])
        position = mixed_radix(output) if isinstance(output, tuple) else output
        return start + position * self.strides[axis] + k * self.dilations[axis]

    def gather(self, array: Integers, axis: int, k: int, padding: int) -> Integers:
        """Along spatial `axis`: entries of kernel position k for every output, `padding` outside."""
        positions = self.positions(axis, k)
        inside = (positions >= 0) & (positions < self.sizes[axis])
        taken = np.take(array, np.where(inside, positions, 0), axis=axis + 2)
        if inside.all():
            return taken
        shape = [1] * array.ndim
        shape[axis + 2] = -1
        return np.where(inside.reshape(shape), taken, padding)

    def patches(self, array: Integers) -> Integers:
        """(batch, channels, *sizes) to (batch, channels, *outputs, *kernel), zero in the padding."""
        for axis in range(self.rank):
            stacked = [self.gather(array, axis, k, 0) for k in range(self.kernel[axis])]
            array = np.stack(stacked, axis=-1)
        return array


def attribute_text(node: Node, name: str, default: str) -> str:
    """A string attribute, whether it is kept as text or as bytes."""
    value = node.attributes.get(name, default)
    return value.decode() if isinstance(value, bytes) else str(value)


def plan_windows(node: Node, plan: Plan, kernel: tuple[int, ...], position: int = 0) -> Windows:
    """Reads strides, dilations, pads, auto_pad from a node whose input `position` is (batch, channels, *spatial)."""
    sizes = plan.shape(node.inputs[position])[2:]
    outputs = plan.shape(node.outputs[0])[2:]
    attributes = plan.attributes(node)
    rank = len(sizes)
    strides = tuple(int(v) for v in attributes.get("strides", (1,) * rank))
    dilations = tuple(int(v) for v in attributes.get("dilations", (1,) * rank))
    pads = tuple(int(v) for v in attributes.get("pads", (0,) * (2 * rank)))
    auto_pad = attribute_text(node, "auto_pad", "NOTSET")
    before = pads[:rank]
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        needed = [
            max(0, (o - 1) * s + (k - 1) * d + 1 - n)
            for n, o, k, s, d in zip(sizes, outputs, kernel, strides, dilations, strict=True)
        ]
        before = tuple(n // 2 if auto_pad == "SAME_UPPER" else n - n // 2 for n in needed)
    elif auto_pad == "VALID":
        before = (0,) * rank
    elif auto_pad != "NOTSET":
        raise plan.unsupported(node, f"auto_pad {auto_pad!r} is unknown. Use explicit pads")
    if min(before, default=0) < 0 or min(pads, default=0) < 0:
        raise plan.unsupported(node, "negative pads. Slice the input beforehand")
    return Windows(tuple(sizes), tuple(outputs), kernel, strides, dilations, before)
