"""Split.

What it lowers
    Split into equal parts, into a number of parts (`num_outputs`, the last may be shorter), or into constant sizes.
Constraints
    None: each result is a view of its part. An axis that was merged from several is copied first, tied by a Zero.
Range assumptions
    None.
Cost
    Nothing, or a copy.
Example
    x (1, 12) in three parts: y_1 reads x[0, 4 + i].
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.blocks.reshape import Take, plan_moves
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule


@rule("Split")
def lower_split(node: Node, plan: Plan) -> None:
    """Plans a Split. The sizes of the parts are those of the outputs, which the frontend inferred."""
    source = plan.committed(node.inputs[0])
    axis = int(plan.attributes(node).get("axis", 0)) % len(source.shape)
    sizes = _sizes(node, plan, source.shape[axis], axis)
    start = 0
    for output, size in zip(node.outputs, sizes, strict=True):
        if output:
            take = Take(axis, tuple(range(start, start + size)), 1)
            plan_moves(plan, node.name, source, output, plan.shape(output), [take])
        start += size


def _sizes(node: Node, plan: Plan, size: int, axis: int) -> list[int]:
    """Sizes of all parts, those of omitted outputs included."""
    if plan.has_input(node, 1):
        return [int(part) for part in plan.required_constant(node, 1, "list of sizes").reshape(-1)]
    part = -(-size // len(node.outputs))
    return [min(part, size - k * part) for k in range(len(node.outputs))]
