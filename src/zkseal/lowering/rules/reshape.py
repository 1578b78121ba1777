"""Reshape, Flatten, Squeeze, Unsqueeze, Identity, Dropout.

What it lowers
    Changes of shape (static, taken from the shape of the output) and operators that change nothing.
Constraints
    None: the result is a view. Where the factors of the axes do not nest ((2, 3) to (3, 2)) a flat copy is committed
    and tied by a Zero, which fixes it.
Range assumptions
    None.
Cost
    Nothing; a copy costs one committed integer and one linear term for each entry.
Example
    (1, 16, 4, 4) to (1, 256): axis 1 is read with loops c, h, w, and the weights behind it are stored as (16, 4, 4, n).
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.blocks.reshape import Reshape, define_move
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule


@rule("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout")
def lower_reshape(node: Node, plan: Plan) -> None:
    """Plans a change of shape."""
    define_move(node, plan, [Reshape(plan.shape(node.outputs[0]))])
