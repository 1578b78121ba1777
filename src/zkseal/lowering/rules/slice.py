"""Slice.

What it lowers
    Slice with constant starts, ends, axes and steps, negative steps too.
Constraints
    None: the result is a view. An axis that was merged from several (Flatten) is copied first, tied by a Zero, which
    fixes the copy.
Range assumptions
    None.
Cost
    Nothing, or a copy.
Example
    x (1, 10), Slice 2:8:3 reads x[0, 2 + 3 i], i < 2.
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.blocks.reshape import Move, Take, define_move
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
