"""ReduceMax, ReduceMin.

What it lowers
    ReduceMax and ReduceMin over constant axes, keepdims 0 or 1.
Constraints
    `blocks.extremum` over the axes, merged into one: the result is an entry that no other exceeds.
Range assumptions
    None beyond those of x.
Cost
    For each entry: one committed bit, one range check, one product.
Example
    x = (3, 7, 7), ReduceMax: extreme 7, chosen (0, 1, 0) or (0, 0, 1), 7 - x[j] = 4, 0, 0.
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.blocks.reshape import Reshape, define_move
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.rules.arg_max import define_result, plan_extremum
from zkseal.lowering.rules.reduce_sum import reduced_axes


@rule("ReduceMax", "ReduceMin")
def lower_reduce_max(node: Node, plan: Plan) -> None:
    """Plans a ReduceMax or ReduceMin."""
    axes = reduced_axes(node, plan)
    if not axes:
        define_move(node, plan, [Reshape(plan.shape(node.outputs[0]))])
        return
    step = plan_extremum(node, plan, axes, 1 if node.op == "ReduceMax" else -1, "any")
    define_result(node, plan, step.extreme)
