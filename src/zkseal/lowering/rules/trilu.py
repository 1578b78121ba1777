"""Trilu.

What it lowers
    Upper and lower triangles of the last two axes, with a constant diagonal k.
Constraints
    None of its own: x times a public tensor of ones and zeros is an accumulator. No hints.
Range assumptions
    None.
Cost
    Nothing committed; one product with a public tensor of the size of one matrix.
Example
    x (8, 4, 4), lower, k = 0: y[a, i, j] = x[a, i, j] * m[i, j] with m[i, j] = 1 for j <= i.
"""

from __future__ import annotations

import numpy as np

from zkseal.graph import Node
from zkseal.lowering.accumulators import Scaled
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Parameter


@rule("Trilu")
def lower_trilu(node: Node, plan: Plan) -> None:
    """Plans a Trilu."""
    value, output = plan.committed(node.inputs[0]), node.outputs[0]
    diagonal = 0
    if plan.has_input(node, 1):
        diagonal = int(plan.required_constant(node, 1, "diagonal").reshape(-1)[0])
    rows, columns = (np.arange(size) for size in value.shape[-2:])
    distance = columns[np.newaxis, :] - rows[:, np.newaxis]
    kept = distance >= diagonal if plan.attributes(node).get("upper", 1) else distance <= diagonal
    mask = Parameter(f"{output}/mask", kept.astype(np.int64), 0)
    plan.define(Scaled.of(output, node.name, value.shape, value, mask, public=True))
