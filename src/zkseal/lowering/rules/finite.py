"""IsNaN and IsInf.

What it lowers
    Both, of any value.
Constraints
    None: every number of an integer program is finite, so the result is 0. Inputs that are not finite are refused
    before they get here (`WrongInput`), and so are models that compute such numbers (`CalibrationMissing`).
Range assumptions
    None.
Cost
    Nothing.
Example
    IsNaN(x) = 0 x + 0.
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.accumulators import Offset
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Stored


@rule("IsNaN", "IsInf")
def lower_finite(node: Node, plan: Plan) -> None:
    """Plans an IsNaN or IsInf."""
    value = Stored.of(plan.committed(node.inputs[0]), node.name)
    plan.define(Offset.of(node.outputs[0], node.name, value, 0, 0))
