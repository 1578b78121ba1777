"""Scales and zero points of quantized operators: constant operands of a node as `QuantizedType`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zkseal.graph import Node
from zkseal.lowering.plan import Plan
from zkseal.quantize.affine import INTEGER_TYPES, QuantizedType
from zkseal.quantize.integers import Integers

__all__ = ["curve_numbers", "quantized_type", "spread"]


def quantized_type(node: Node, plan: Plan, scale: int, zero_point: int, dtype: str) -> QuantizedType:
    """Operands `scale` and `zero_point` (may be omitted) of a node. Raises `UnsupportedOp`."""
    if dtype not in INTEGER_TYPES:
        raise plan.unsupported(node, f"integers of type {dtype}. Quantize to one of {', '.join(INTEGER_TYPES)}")
    scales = np.asarray(plan.required_constant(node, scale, "scale"), dtype=np.float32)
    if not (np.isfinite(scales).all() and (scales > 0).all()):
        raise plan.unsupported(node, "a scale that is not positive. Quantize the model again")
    zeros = np.zeros(scales.shape, dtype=np.int64)
    if plan.has_input(node, zero_point):
        zeros = plan.required_constant(node, zero_point, "zero point").astype(np.int64)
    return QuantizedType(dtype, scales, np.broadcast_to(zeros, scales.shape) if zeros.size == 1 else zeros)


def curve_numbers(node: Node, plan: Plan, scales: npt.NDArray[np.float32], shape: tuple[int, ...]) -> Integers | None:
    """Which entry of `scales` (flat) belongs to each entry of a value of `shape`; None if there is only one scale."""
    if scales.size == 1:
        return None
    return spread(node, plan, np.arange(scales.size, dtype=np.int64).reshape(scales.shape), shape)


def spread(node: Node, plan: Plan, entries: Integers, shape: tuple[int, ...]) -> Integers:
    """Entries for a whole tensor (one), for each index of `axis`, or for each block of it, to broadcast to `shape`."""
    attributes = plan.attributes(node)
    axis, block = int(attributes.get("axis", 1)), int(attributes.get("block_size", 0))
    if entries.size == 1:
        return entries.reshape(())
    axis %= len(shape)
    if block:
        blocks = tuple(-(-size // block) if k == axis else size for k, size in enumerate(shape))
        if entries.shape != blocks:
            form = f"{list(entries.shape)} for blocks of {block}"
            raise plan.unsupported(node, f"scales of shape {form}. Give one for each block, {list(blocks)}")
        return np.take(np.repeat(entries, block, axis=axis), range(shape[axis]), axis=axis)
    if entries.ndim != 1 or entries.size != shape[axis]:
        raise plan.unsupported(
            node, f"scales of shape {list(entries.shape)} along axis {axis}. Give one for each index"
        )
    return entries.reshape([-1 if k == axis else 1 for k in range(len(shape))])
