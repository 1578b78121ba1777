"""Expand and Tile.

What it lowers
    Expand to a constant shape (numpy broadcasting in both directions) and Tile with constant repeats.
Constraints
    None: the result is a view with one more index for each repeated axis, which the source does not read.
Range assumptions
    None.
Cost
    Nothing.
Example
    x (3, 1) expanded to (2, 3, 4): y[a, b, c] reads x[b, 0].
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.blocks.reshape import Move, Reshape, Tile, define_move
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule


@rule("Expand")
def lower_expand(node: Node, plan: Plan) -> None:
    """Plans an Expand; its shape is that of the output."""
    shape, target = plan.shape(node.inputs[0]), plan.shape(node.outputs[0])
    aligned = (1,) * (len(target) - len(shape)) + tuple(shape)
    moves: list[Move] = [Reshape(aligned)] if len(target) > len(shape) else []
    moves += [Tile(k, size) for k, (old, size) in enumerate(zip(aligned, target, strict=True)) if old != size]
    define_move(node, plan, moves)


@rule("Tile")
def lower_tile(node: Node, plan: Plan) -> None:
    """Plans a Tile; its repeats follow from the shapes."""
    shapes = plan.shape(node.inputs[0]), plan.shape(node.outputs[0])
    repeats = [size // old for old, size in zip(*shapes, strict=True)]
    define_move(node, plan, [Tile(axis, count) for axis, count in enumerate(repeats) if count > 1])
