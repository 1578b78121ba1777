"""Gather.

What it lowers
    Gather with constant indices, and with computed ones (tokens of an embedding, private or public), of any shape.
Constraints
    Constant indices: none, the result is a view through a public list. Computed indices, whichever is cheaper: a
    one-hot vector for each index and sums of products (`blocks.choice`), or lookups in a table of the entries
    (`blocks.table_read`). Both fix the result and show that every index exists; negative ones count from the end.
Range assumptions
    Indices are integers of [-n, n) for an axis of n entries; others raise `RangeExceeded` while proving.
Cost
    Constant: nothing. One-hot: n bits for each index, no lookup. Table: a row for each entry of the data, one lookup
    for each entry of the result.
Example
    32 tokens of a vocabulary of 30522, 384 wide: 976,704 bits and one product with the (hidden) embedding.
"""

from __future__ import annotations

from math import prod

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Sum
from zkseal.lowering.blocks.choice import plan_choice, select
from zkseal.lowering.blocks.position import plan_position
from zkseal.lowering.blocks.reshape import Move, Reshape, Take, define_move, plan_moves
from zkseal.lowering.blocks.table_read import TableRead
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Accumulator, Parameter, Quantized
from zkseal.quantize.scales import fitting_exponent, model_bounds

BIT_COST, ROW_COST = 1.6, 3.2
"""Of a one-hot bit with its product, and of a table row with its copy, in leaves of the lookup tree."""

MAX_TABLE_ROWS = 1 << 20


@rule("Gather")
def lower_gather(node: Node, plan: Plan) -> None:
    """Plans a Gather."""
    shape = plan.shape(node.inputs[0])
    axis = int(plan.attributes(node).get("axis", 0)) % max(len(shape), 1)
    indices = plan.constant(node.inputs[1])
    if indices is None:
        _gather_computed(node, plan, axis)
        return
    entries = tuple(int(i) % shape[axis] for i in indices.reshape(-1))
    moves: list[Move] = [Take(axis, entries)]
    if indices.ndim != 1:
        moves.append(Reshape(plan.shape(node.outputs[0])))
    define_move(node, plan, moves)


def operand(node: Node, plan: Plan, position: int) -> Quantized | Parameter:
    """An input of a node whose entries are only moved: committed, or a constant with as many bits as activations."""
    name = node.inputs[position]
    constant = plan.constant(name)
    if constant is None:
        return plan.committed(name)
    if plan.is_integer(name):
        return plan.parameter(name, constant, 0, stated=0)
    largest = float(np.abs(constant).max(initial=0.0)) if np.isfinite(constant).all() else 1.0
    exponent = fitting_exponent(largest, plan.options.limit)
    return plan.parameter(name, constant, exponent, stated=exponent)


def plan_table_read(
    node: Node, plan: Plan, data: Quantized | Parameter, place: Accumulator, shape: tuple[int, ...]
) -> None:
    """Defines the first output of `node` as the entries of `data` at `place`."""
    lo, hi = (data.lo, data.hi) if isinstance(data, Quantized) else model_bounds(data.stored)
    value = Quantized(node.outputs[0], shape, data.exponent, lo, hi)
    plan.add(TableRead(data, place, value), value)


def strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """How far apart neighbours along each axis are in a row-major tensor."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def along(node: Node, axis: int, rank: int, size: int, stride: int) -> Constant:
    """0, stride, 2 stride, .. along one of `rank` axes: what an exact index contributes to a place."""
    own = tuple(size if k == axis else 1 for k in range(rank))
    integers = (np.arange(size, dtype=np.int64) * stride).reshape(own)
    return Constant.of(Parameter(f"{node.outputs[0]}/axis_{axis}", integers, 0), own, node.name, public=True)


def _gather_computed(node: Node, plan: Plan, axis: int) -> None:
    data, index, output = operand(node, plan, 0), plan.committed(node.inputs[1]), node.outputs[0]
    shape, count, rank = plan.shape(output), data.shape[axis], len(index.shape)
    rows, bits = prod(data.shape), prod(index.shape) * count
    if rows > MAX_TABLE_ROWS or rows * ROW_COST + prod(shape) >= bits * BIT_COST:
        # An index that is out of range has no one-hot vector.
        position = plan_position(plan, node, index, count, f"{output}/position", check=False)
        chosen = plan_choice(plan, position, f"{output}/chosen", count)
        plan.define(select(output, shape, chosen, position, data, axis))
        return
    aligned = (*index.shape, *([1] * (len(data.shape) - axis - 1)))
    index = plan_moves(plan, node.name, index, f"{output}/indices", aligned, [Reshape(aligned)])
    # Along the first axis an index that is out of range is no row of the table.
    check = prod(data.shape[:axis]) > 1
    position = plan_position(plan, node, index, count, f"{output}/position", check=check)
    steps = strides(data.shape)
    terms: list[tuple[Accumulator, int]] = [(position, steps[axis])]
    for k, size in enumerate(data.shape):
        if k != axis:
            own = k if k < axis else k + rank - 1
            terms.append((along(node, own, len(shape), size, steps[k]), 1))
    plan_table_read(node, plan, data, Sum.of(f"{output}/place", node.name, shape, terms), shape)
