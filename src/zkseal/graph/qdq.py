"""QuantizeLinear and DequantizeLinear around a float operator, as exporters write quantized models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.graph.edit import Editor
from zkseal.graph.types import Node

__all__ = ["Quantization", "dequantized", "quantization", "quantized_to_8_bits", "same"]


@dataclass(frozen=True)
class Quantization:
    """Integers `name` of `dtype` that stand for scale * (integer - zero_point).

    `scale` and `zero_point` have one entry, or one for each index of `axis`.
    """

    name: str
    dtype: str
    scale: npt.NDArray[Any]
    zero_point: npt.NDArray[Any]
    axis: int

    @property
    def is_uniform(self) -> bool:
        """Whether there is one scale for the tensor."""
        return self.scale.size == 1

    @property
    def is_8_bit(self) -> bool:
        """Whether the quantized operators of the standard take these integers."""
        return self.dtype in ("int8", "uint8")

    def parameters(self, edit: Editor, stem: str) -> tuple[str, str]:
        """Names of constants for scale and zero point, of rank 0 if there is one of each."""
        dtype = np.float32 if self.scale.dtype != np.float16 else np.float16
        scale, zero = self.scale.astype(dtype), self.zero_point.astype(np.dtype(self.dtype))
        if self.is_uniform:
            scale, zero = scale.reshape(()), zero.reshape(())
        return edit.add_initializer(f"{stem}/scale", scale), edit.add_initializer(f"{stem}/zero_point", zero)


def dequantized(edit: Editor, name: str) -> Quantization | None:
    """What stands behind value `name` if a DequantizeLinear with constant parameters makes it."""
    node = edit.producer(name)
    if node is None or node.op != "DequantizeLinear":
        return None
    return _read(edit, node, node.inputs[0])


def quantization(edit: Editor, node: Node) -> Quantization | None:
    """What a QuantizeLinear with constant parameters makes."""
    return _read(edit, node, node.outputs[0]) if node.op == "QuantizeLinear" else None


def quantized_to_8_bits(edit: Editor) -> Iterator[tuple[Node, Quantization]]:
    """Every QuantizeLinear with one constant scale and 8-bit integers; the graph may be edited on the way."""
    for node in list(edit.nodes):
        result = quantization(edit, node)
        if result is not None and result.is_uniform and result.is_8_bit:
            yield node, result


def same(one: Quantization, other: Quantization) -> bool:
    """Whether equal integers stand for equal numbers."""
    return (
        one.dtype == other.dtype
        and one.scale.shape == other.scale.shape
        and bool((one.scale == other.scale).all() and (one.zero_point == other.zero_point).all())
        and (one.is_uniform or one.axis == other.axis)
    )


def _read(edit: Editor, node: Node, name: str) -> Quantization | None:
    scale = edit.constant(node.inputs[1])
    if scale is None or node.attributes.get("block_size", 0) or not np.all(scale > 0):
        return None
    dtype, axis = edit.values[name].dtype, node.attributes.get("axis", 1)
    assert isinstance(axis, int)
    zero: npt.NDArray[Any] | None = np.zeros(scale.shape, np.int64)
    if len(node.inputs) > 2 and node.inputs[2]:
        zero = edit.constant(node.inputs[2])
    if zero is None or zero.size not in (1, scale.size):
        return None
    rank = len(edit.values[node.inputs[0]].shape)
    return Quantization(
        name, dtype, scale, np.broadcast_to(zero.astype(np.int64).reshape(-1), (scale.size,)).reshape(scale.shape),
        axis % max(rank, 1),
    )  # fmt: skip
