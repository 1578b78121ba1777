"""Transpose.

What it lowers
    Transpose with any permutation.
Constraints
    None: the result is a view with its axes permuted. No hints.
Range assumptions
    None.
Cost
    Nothing.
Example
    (1, 8, 4, 16) with perm (0, 2, 1, 3) is (1, 4, 8, 16); a MatMul behind it reads the same tensor.
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.blocks.reshape import Permute, define_move
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule


@rule("Transpose")
def lower_transpose(node: Node, plan: Plan) -> None:
    """Plans a Transpose."""
    rank = len(plan.shape(node.inputs[0]))
    permutation = plan.attributes(node).get("perm", tuple(reversed(range(rank))))
    define_move(node, plan, [Permute(tuple(int(axis) for axis in permutation))])
