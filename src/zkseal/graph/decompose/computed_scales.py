"""Quantized operators whose scales or zero points are computed: by floats, rounded as the operators are.

Models that were quantized beforehand have constant scales, and keep their integers by lowering rules. What is left is
written as division, Round (ties to even), a sum and Clip; sums of products are still exact integers.
"""

from __future__ import annotations

import numpy as np

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition

_INTEGERS = ("int8", "uint8")
"""Results that fit the bits of an activation."""


def _is_constant(x: Expansion, *positions: int) -> bool:
    return all(x.array(x.input(k)) is not None for k in positions if x.has_input(k))


@decomposition("DequantizeLinear")
def write_dequantize_linear(x: Expansion) -> bool:
    """Writes a DequantizeLinear with a computed scale or zero point."""
    if _is_constant(x, 1, 2):
        return False
    dtype, shape = x.dtype(x.node.outputs[0]), x.shape(x.input(0))
    value = x.cast(x.input(0), dtype)
    if x.has_input(2):
        value = x.apply("Sub", value, _aligned(x, x.cast(x.input(2), dtype), shape))
    x.define(0, x.apply("Mul", value, _aligned(x, x.cast(x.input(1), dtype), shape)))
    return True


@decomposition("QuantizeLinear")
def write_quantize_linear(x: Expansion) -> bool:
    """Writes a QuantizeLinear with a computed scale or zero point."""
    dtype = x.dtype(x.node.outputs[0])
    if _is_constant(x, 1, 2) or dtype not in _INTEGERS:
        return False
    value, shape = x.cast(x.input(0), "float32"), x.shape(x.input(0))
    steps = x.apply("Div", value, _aligned(x, x.cast(x.input(1), "float32"), shape))
    zero = _aligned(x, x.cast(x.input(2), "float32"), shape) if x.has_input(2) else ""
    x.define(0, _saturated(x, steps, zero, dtype))
    return True


@decomposition("QLinearMatMul")
def write_qlinear_matmul(x: Expansion) -> bool:
    """Writes a QLinearMatMul with a computed scale, or a computed zero point of the result."""
    if _is_constant(x, 1, 4, 6, 7) or x.dtype(x.node.outputs[0]) not in _INTEGERS:
        return False
    product = x.apply("MatMulInteger", x.input(0), x.input(3), x.input(2), x.input(5), shape=_result(x), dtype="int32")
    _requantize(x, product)
    return True


@decomposition("QLinearConv")
def write_qlinear_conv(x: Expansion) -> bool:
    """Writes a QLinearConv with a computed scale, or a computed zero point of the result."""
    if _is_constant(x, 1, 4, 6, 7) or x.dtype(x.node.outputs[0]) not in _INTEGERS:
        return False
    operands = (x.input(0), x.input(3), x.input(2), x.input(5))
    total = x.apply("ConvInteger", *operands, shape=_result(x), dtype="int32", **dict(x.node.attributes))
    if x.has_input(8):
        channels = (-1, *([1] * (len(_result(x)) - 2)))
        total = x.apply("Add", total, x.reshape(x.input(8), (x.shape(x.input(8))[0], *channels[1:])))
    _requantize(x, total)
    return True


def _result(x: Expansion) -> tuple[int, ...]:
    return x.shape(x.node.outputs[0])


def _requantize(x: Expansion, total: str) -> None:
    """Defines the result from exact sums: sums * (scales of the operands / scale of the result), rounded, saturated."""
    scales = [x.cast(x.input(k), "float32") for k in (1, 4, 6)]
    per_channel = x.node.op == "QLinearConv" and x.shape(scales[1]) not in ((), (1,))
    if per_channel:
        scales[1] = x.reshape(scales[1], (x.shape(scales[1])[0], *([1] * (len(_result(x)) - 2))))
    multiplier = x.apply("Div", x.apply("Mul", scales[0], scales[1]), scales[2])
    steps = x.apply("Mul", x.cast(total, "float32"), multiplier)
    zero = x.cast(x.input(7), "float32") if x.has_input(7) else ""
    x.define(0, _saturated(x, steps, zero, x.dtype(x.node.outputs[0])))


def _saturated(x: Expansion, steps: str, zero: str, dtype: str) -> str:
    """Round(steps) + zero point, inside the range of an integer type."""
    limits = np.iinfo(dtype)
    rounded = x.apply("Round", steps)
    moved = x.apply("Add", rounded, zero) if zero else rounded
    ends = [x.number(float(end), moved) for end in (limits.min, limits.max)]
    return x.cast(x.apply("Clip", moved, *ends), dtype)


def _aligned(x: Expansion, entries: str, shape: tuple[int, ...]) -> str:
    """Scales for the tensor, each index of an axis or each block of it, to broadcast to `shape`."""
    own = x.shape(entries)
    if own in ((), (1,)):
        return x.reshape(entries, ())
    axis, block = int(x.attribute("axis", 1)) % len(shape), int(x.attribute("block_size", 0))
    if not block:
        return x.reshape(entries, tuple(size if k == axis else 1 for k, size in enumerate(shape)))
    split = (*own[: axis + 1], 1, *own[axis + 1 :])
    wide = (*own[: axis + 1], block, *own[axis + 1 :])
    repeated = x.apply("Expand", x.reshape(entries, split), x.constant("blocks", wide), shape=wide)
    merged = x.reshape(repeated, (*own[:axis], own[axis] * block, *own[axis + 1 :]))
    return x.slice(merged, axis, 0, shape[axis])
