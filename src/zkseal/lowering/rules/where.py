"""Where.

What it lowers
    Where with numpy broadcasting; any operands constant or computed.
Constraints
    None of its own: c (x - y) + y is an accumulator (`blocks.selection`). No hints.
Range assumptions
    The condition is committed as 0 and 1.
Cost
    Nothing committed; two products for each entry.
Example
    c = 0, x = 3, y = 5: 0 (3 - 5) + 5 = 5.
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.blocks.operands import linear, operands
from zkseal.lowering.blocks.selection import Selection
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule


@rule("Where")
def lower_where(node: Node, plan: Plan) -> None:
    """Plans a Where."""
    output = node.outputs[0]
    condition, chosen, other = (linear(plan, part, f"{output}/{k}") for k, part in enumerate(operands(node, plan)))
    plan.define(Selection.of(output, node.name, plan.shape(output), condition, chosen, other))
