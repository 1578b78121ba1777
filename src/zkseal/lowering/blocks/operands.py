"""Operands of elementwise operators as accumulators, constant or computed.

A rule that multiplies an operand by a hint needs it linear: a term of a relation holds at most two accesses.
"""

from __future__ import annotations

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Offset, Sum
from zkseal.lowering.blocks.rescale import INTEGER_LIMIT, Rescale, half, proven_range
from zkseal.lowering.blocks.tie import plan_tie
from zkseal.lowering.plan import Plan
from zkseal.lowering.values import Accumulator, Quantized, Stored
from zkseal.quantize.calibration import MAX_EXACT_EXPONENT
from zkseal.quantize.scales import fitting_exponent

__all__ = ["exact_exponent", "is_linear", "linear", "operand", "operands", "rounded"]

CONSTANT_BITS = 24
"""Width of constants that no small exponent represents exactly."""


MAX_CONSTANT_BITS = 40
"""Width of constants at a given scale; a relation stores at most 48 bits."""


def exact_exponent(array: np.ndarray) -> int | None:
    """The least k >= 0 at which all entries are integers times 2^-k, if it is small; None else."""
    values = np.asarray(array, dtype=np.float64)
    for exponent in range(MAX_EXACT_EXPONENT + 1):
        scaled = np.ldexp(values, exponent)
        if np.abs(scaled).max(initial=0.0) >= 2.0**40:
            return None
        if (scaled == np.floor(scaled)).all():
            return exponent
    return None


def operand(node: Node, plan: Plan, position: int, exponent: int | None = None) -> Accumulator:
    """Operand `position` of `node`: a value as it comes, a constant exactly or with 24 bits, or at `exponent`."""
    name = node.inputs[position]
    constant = plan.constant(name)
    if constant is None:
        return plan.accumulator(name, node)
    array = np.asarray(constant)
    if array.dtype.kind in "iub" or not np.isfinite(array).all():
        exponent = 0  # a constant that is not finite is refused by its name below
    elif exponent is None:
        exponent = exact_exponent(array)
    largest = float(np.abs(array).max(initial=0.0)) if np.isfinite(array).all() else 0.0
    if exponent is None:
        exponent = fitting_exponent(largest, (1 << (CONSTANT_BITS - 1)) - 1)
    if array.dtype.kind == "f":
        exponent = min(exponent, fitting_exponent(largest, (1 << MAX_CONSTANT_BITS) - 1))
    return Constant.of(plan.parameter(name, array, exponent, stated=exponent), tuple(array.shape), node.name)


def operands(node: Node, plan: Plan) -> list[Accumulator]:
    """All operands. Raises `UnsupportedOp` where all are constant."""
    if all(plan.constant(name) is not None for name in node.inputs):
        raise plan.unsupported(node, "all operands are constant. Fold constants before compiling")
    return [operand(node, plan, position) for position in range(len(node.inputs))]


def is_linear(accumulator: Accumulator) -> bool:
    """Whether no term of the expression multiplies two tensors."""
    if isinstance(accumulator, Sum):
        return all(is_linear(part) for part, _ in accumulator.terms)
    if isinstance(accumulator, Offset):
        return is_linear(accumulator.inner)
    return isinstance(accumulator, Stored | Constant)


def linear(plan: Plan, accumulator: Accumulator, name: str) -> Accumulator:
    """The accumulator, committed under `name` without rounding where it is not linear."""
    if is_linear(accumulator):
        return accumulator
    named = Sum.of(name, accumulator.node, accumulator.shape, [(accumulator, 1)])
    return Stored.of(plan_tie(plan, named), accumulator.node)


def rounded(plan: Plan, accumulator: Accumulator, name: str, exponent: int, limit: int = INTEGER_LIMIT) -> Accumulator:
    """The accumulator at no more than `exponent`: rounded half up and committed under `name` where it is finer.

    What is rounded then reaches `limit` at most, else `RangeExceeded`.
    """
    shift = accumulator.exponent - exponent
    if shift <= 0:
        return accumulator
    lo, hi = ((bound + half(shift)) >> shift for bound in (accumulator.lo, accumulator.hi))
    lo, hi = proven_range(lo, hi, limit)
    step = Rescale(accumulator, Quantized(name, accumulator.shape, exponent, lo, hi), shift)
    plan.add(step)
    return Stored.of(step.value, accumulator.node)
