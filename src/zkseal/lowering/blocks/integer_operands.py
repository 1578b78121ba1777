"""Operands of integer operators: integers of the model's own types, less their zero points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Offset, Sum
from zkseal.lowering.blocks.tie import plan_tie
from zkseal.lowering.plan import Plan
from zkseal.lowering.values import Accumulator, Parameter, Quantized, Stored
from zkseal.quantize.affine import integer_range
from zkseal.quantize.integers import Integers

__all__ = ["centered", "public_zero_point", "require_int32"]


def public_zero_point(node: Node, plan: Plan, position: int) -> int | None:
    """A constant zero point with one entry, 0 if it is omitted; None for any other."""
    zero = _zero_point(node, plan, position, None)
    return int(zero.reshape(())) if isinstance(zero, np.ndarray) and zero.size == 1 else None


def centered(
    node: Node, plan: Plan, position: int, zero_point: int, zero_shape: tuple[int, ...] | None = None
) -> Quantized | Parameter:
    """Operand `position` of `node` less its zero point (operand `zero_point`, may be omitted).

    A zero point with several entries is brought to `zero_shape`, which broadcasts to the operand. A computed operand
    with a zero point other than 0 is committed again without it, so that padding reads the real zero.
    """
    name = node.inputs[position]
    zero = _zero_point(node, plan, zero_point, zero_shape)
    constant = plan.constant(name)
    if constant is not None:
        if not isinstance(zero, np.ndarray):
            raise plan.unsupported(node, "a constant operand with a computed zero point. Make both constant")
        return plan.parameter(name, constant.astype(np.int64) - zero, 0, stated=0)
    value = plan.committed(name)
    if isinstance(zero, np.ndarray) and not zero.any():
        return value
    stem = f"{node.outputs[0]}/centered_{position}"
    stored = Stored.of(value, node.name)
    if isinstance(zero, np.ndarray) and zero.size == 1:
        return plan_tie(plan, Offset.of(stem, node.name, stored, 1, -int(zero.reshape(()))))
    other: Accumulator
    if isinstance(zero, np.ndarray):
        other = Constant.of(Parameter(f"{stem}/zero", zero, 0), zero.shape, node.name, public=True)
    else:
        other = Stored.of(zero, node.name)
    return plan_tie(plan, Sum.of(stem, node.name, value.shape, [(stored, 1), (other, -1)]))


def _zero_point(node: Node, plan: Plan, position: int, shape: tuple[int, ...] | None) -> Integers | Quantized:
    if not plan.has_input(node, position):
        return np.zeros((), dtype=np.int64)
    name = node.inputs[position]
    constant = plan.constant(name)
    if constant is not None:
        array = np.asarray(constant, dtype=np.int64)
        if array.size == 1:
            return array.reshape(())
        return array.reshape(shape) if shape is not None and array.ndim == 1 else array
    value = plan.committed(name)
    if value.shape not in ((), (1,)):
        raise plan.unsupported(node, "a computed zero point with several entries. Use one for the tensor")
    lo, hi = integer_range(plan.graph.values[name].dtype)
    return replace(value, lo=max(value.lo, lo), hi=min(value.hi, hi))


def require_int32(node: Node, plan: Plan, accumulator: Accumulator) -> None:
    """Integer operators compute in 32 bits: sums that could leave them would mean something else."""
    if max(-accumulator.lo, accumulator.hi) >> 31:
        raise plan.unsupported(node, "its sums can exceed 32 bits. Split it into parts with fewer summands")
