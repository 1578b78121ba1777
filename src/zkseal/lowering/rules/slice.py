"""Slice and Gather with constant indices.

What it lowers
    Slice (starts, ends, axes, steps constant; negative steps too) and Gather whose indices are constant.
Constraints
    None: the result is a view, affine for Slice, a public list for Gather. An axis that was merged from several
    (Flatten) is copied first, tied by a Zero, which fixes the copy.
Range assumptions
    None.
Cost
    Nothing, or a copy.
Example
    x (1, 10), Slice 2:8:3 reads x[0, 2 + 3 i], i < 2.
"""

from __future__ import annotations

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.blocks.reshape import Move, Reshape, Take, define_move
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule


@rule("Slice")
def lower_slice(node: Node, plan: Plan) -> None:
    """Plans a Slice."""
    shape = plan.shape(node.inputs[0])
    starts = [int(v) for v in plan.required_constant(node, 1, "starts").reshape(-1)]
    ends = [int(v) for v in plan.required_constant(node, 2, "ends").reshape(-1)]
    axes = list(range(len(starts)))
    if plan.has_input(node, 3):
        axes = [int(v) % len(shape) for v in plan.required_constant(node, 3, "axes").reshape(-1)]
    steps = [1] * len(starts)
    if plan.has_input(node, 4):
        steps = [int(v) for v in plan.required_constant(node, 4, "steps").reshape(-1)]
    moves: list[Move] = []
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        # ONNX clamps as Python does, and an end below -size with a negative step means "before entry 0".
        stop = None if step < 0 and end < -shape[axis] else end
        entries = range(shape[axis])[start:stop:step]
        if len(entries) == 0:
            raise plan.unsupported(node, "its result is empty. Remove the node")
        moves.append(Take(axis, tuple(entries), entries.step))
    define_move(node, plan, moves)


@rule("Gather")
def lower_gather(node: Node, plan: Plan) -> None:
    """Plans a Gather with constant indices of any shape."""
    shape = plan.shape(node.inputs[0])
    axis = int(plan.attributes(node).get("axis", 0)) % max(len(shape), 1)
    indices = np.asarray(plan.required_constant(node, 1, "list of indices"))
    entries = tuple(int(i) % shape[axis] for i in indices.reshape(-1))
    moves: list[Move] = [Take(axis, entries)]
    if indices.ndim != 1:
        moves.append(Reshape(plan.shape(node.outputs[0])))
    define_move(node, plan, moves)
