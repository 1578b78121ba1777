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
    IsNaN(x) = 0.
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.accumulators import Constant, Sum
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule


@rule("IsNaN", "IsInf")
def lower_finite(node: Node, plan: Plan) -> None:
    """Plans an IsNaN or IsInf."""
    output = node.outputs[0]
    zero = Constant.of(plan.parameter(f"{node.name}/zero", 0, 0, stated=0), (), node.name)
    plan.define(Sum.of(output, node.name, plan.shape(output), [(zero, 1)]))
