"""ReduceSum, ReduceMean.

What it lowers
    Sums and means over constant axes, keepdims 0 or 1, of values or of accumulators that nothing else uses (the sum of
    squares of Mul and ReduceSum is never rounded in between).
Constraints
    None of its own: an accumulator `c * sum x`, where c / 2^t is 1 / count rounded to 15 bits, exact for powers of
    two. No hints.
Range assumptions
    count * max |x| * c stays below 2^62.
Cost
    Nothing committed; one linear term.
Example
    Mean over 49 entries: c = floor(2^20 / 49 + 1/2) = 21400, t = 20.
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.blocks.axis_sum import AxisSum
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule

__all__ = ["reduced_axes"]


def reduced_axes(node: Node, plan: Plan) -> tuple[int, ...]:
    """The axes that a Reduce operator runs over, ascending, from its second input or from its attribute."""
    rank = len(plan.shape(node.inputs[0]))
    attributes = plan.attributes(node)
    given = attributes.get("axes", ())
    if plan.has_input(node, 1):
        given = plan.required_constant(node, 1, "list of axes").reshape(-1)
    axes = tuple(sorted({int(axis) % rank for axis in given}))
    if not axes and not attributes.get("noop_with_empty_axes", 0):
        return tuple(range(rank))
    return axes


@rule("ReduceSum", "ReduceMean")
def lower_reduce_sum(node: Node, plan: Plan) -> None:
    """Plans a ReduceSum or ReduceMean."""
    output, mean = node.outputs[0], node.op == "ReduceMean"
    if mean and plan.is_integer(output):
        raise plan.unsupported(node, "a mean of integers rounds. Cast its input to float")
    inner = plan.accumulator(node.inputs[0], node)
    keep = bool(plan.attributes(node).get("keepdims", 1))
    axes = reduced_axes(node, plan)
    plan.define(AxisSum.of(output, node.name, plan.shape(output), inner, axes, keep=keep, mean=mean))
