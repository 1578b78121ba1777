"""GatherElements, GatherND.

What it lowers
    GatherElements along one axis and GatherND with batch_dims, each with constant or with computed indices.
Constraints
    Constant indices: none, a view of the row-major source through a public list. Computed indices: lookups in a table
    of the entries (`blocks.table_read`) at places that the indices and the position in the result determine; every
    index is shown to exist (`blocks.position`), negative ones count from the end.
Range assumptions
    Indices are integers of [-n, n) for an axis of n entries; others raise `RangeExceeded` while proving.
Cost
    Constant: at most two copies. Computed: a table row for each entry of the source, one lookup for each entry of the
    result, and a range check for each index (not for one of the first axis that is never negative).
Example
    x (2, 4), GatherElements along axis 1: y[a, b] stands at place 4 a + i[a, b].
"""

from __future__ import annotations

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Sum
from zkseal.lowering.blocks.position import plan_position
from zkseal.lowering.blocks.reshape import Move, Reshape, Take, define_move, plan_moves
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.rules.gather import along, operand, plan_table_read, strides
from zkseal.lowering.values import Accumulator
from zkseal.quantize.integers import Integers


def define_listed(node: Node, plan: Plan, places: Integers) -> None:
    """Defines the output of `node` as the entries of its first input at constant row-major `places`."""
    size = int(np.prod(plan.shape(node.inputs[0])))
    entries = tuple(int(place) for place in places.reshape(-1))
    moves: list[Move] = [Reshape((size,)), Take(0, entries), Reshape(plan.shape(node.outputs[0]))]
    define_move(node, plan, moves)


@rule("GatherElements")
def lower_gather_elements(node: Node, plan: Plan) -> None:
    """Plans a GatherElements."""
    shape, result = plan.shape(node.inputs[0]), plan.shape(node.outputs[0])
    axis = int(plan.attributes(node).get("axis", 0)) % len(shape)
    steps, indices = strides(shape), plan.constant(node.inputs[1])
    if indices is not None:
        own = list(np.indices(result, dtype=np.int64))
        own[axis] = np.asarray(indices, dtype=np.int64) % shape[axis]
        places = np.zeros(result, dtype=np.int64)
        for along_axis, step in zip(own, steps, strict=True):
            places += along_axis * step
        define_listed(node, plan, places)
        return
    index, output = plan.committed(node.inputs[1]), node.outputs[0]
    check = shape[axis] * steps[axis] < shape[0] * steps[0]  # else an index out of range is no row of the table
    position = plan_position(plan, node, index, shape[axis], f"{output}/position", check=check)
    terms: list[tuple[Accumulator, int]] = [(position, steps[axis])]
    terms += [(along(node, k, len(shape), size, steps[k]), 1) for k, size in enumerate(result) if k != axis]
    place = Sum.of(f"{output}/place", node.name, result, terms)
    plan_table_read(node, plan, operand(node, plan, 0), place, result)


@rule("GatherND")
def lower_gather_nd(node: Node, plan: Plan) -> None:
    """Plans a GatherND: the last axis of the indices counts the axes that they index."""
    shape, result = plan.shape(node.inputs[0]), plan.shape(node.outputs[0])
    batch = int(plan.attributes(node).get("batch_dims", 0))
    of_indices = plan.shape(node.inputs[1])
    depth, steps = of_indices[-1], strides(shape)
    lead, inner = len(of_indices) - 1, shape[batch + depth :]
    indices = plan.constant(node.inputs[1])
    if indices is not None:
        define_listed(node, plan, _places(np.asarray(indices, dtype=np.int64), shape, batch))
        return
    index, output = plan.committed(node.inputs[1]), node.outputs[0]
    terms: list[tuple[Accumulator, int]] = []
    aligned = (*of_indices[:-1], *([1] * len(inner)))
    for k in range(depth):
        moves: list[Move] = [Take(lead, (k,), 1), Reshape(aligned)]
        part = plan_moves(plan, node.name, index, f"{output}/index_{k}", aligned, moves)
        axis = batch + k
        position = plan_position(plan, node, part, shape[axis], f"{output}/position_{k}", check=axis > 0)
        terms.append((position, steps[axis]))
    terms += [(along(node, k, len(result), shape[k], steps[k]), 1) for k in range(batch)]
    for k, size in enumerate(inner):
        terms.append((along(node, lead + k, len(result), size, steps[batch + depth + k]), 1))
    place = Sum.of(f"{output}/place", node.name, result, terms)
    plan_table_read(node, plan, operand(node, plan, 0), place, result)


def _places(indices: Integers, shape: tuple[int, ...], batch: int) -> Integers:
    """Row-major places that constant indices of a GatherND name, of the shape of the result."""
    depth, steps = indices.shape[-1], strides(shape)
    places = np.zeros(indices.shape[:-1], dtype=np.int64)
    for k in range(depth):
        places += indices[..., k] % shape[batch + k] * steps[batch + k]
    for k in range(batch):
        own = [1] * places.ndim
        own[k] = -1
        places = places + (np.arange(shape[k]) * steps[k]).reshape(own)
    inner = shape[batch + depth :]
    offsets = np.arange(int(np.prod(inner, dtype=np.int64)), dtype=np.int64).reshape(inner)
    return places.reshape(*places.shape, *([1] * len(inner))) + offsets
