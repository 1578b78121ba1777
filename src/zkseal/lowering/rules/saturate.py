"""Saturate, which `lowering.saturation` writes behind values of which few entries are large.

What it lowers
    `zkseal.Saturate`: its input, rounded to the scale of its output, clamped to the integers of the output; from zero
    on with the attribute `relu`, which is a Relu in front of it. Fused with the layer before it.
Constraints
    `blocks.saturate`: above * (hi - y) = 0, below * (y - lo) = 0, their sum and y in range, the remainder of the
    rounding in range. The hints are fixed there.
Range assumptions
    Values up to 2^31 steps beyond the range saturate, others raise `RangeExceeded`.
Cost
    For each entry three committed integers, two products, four range checks (three for a Relu), of which one may have
    two limbs. The range is symmetric, as a Relu or Clip behind holds no negative number of one step more.
Example
    bits 8, y = 9.5 of a scale that ends at 7.94 (exponent 4): v = 152, y = 127, above = 25, below = 0.
"""

from __future__ import annotations

from zkseal.graph import Node
from zkseal.lowering.blocks.saturate import plan_saturate
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.saturation import SATURATE


@rule(SATURATE)
def lower_saturate(node: Node, plan: Plan) -> None:
    """Plans a Saturate."""
    source, output = node.inputs[0], node.outputs[0]
    accumulator = plan.accumulator(source, node)
    exponent, limit = plan.scale(output)
    relu = bool(plan.attributes(node).get("relu", 0))
    step = plan_saturate(accumulator, output, exponent, 0 if relu else -limit, limit)
    plan.add(step, step.value)
    value = step.value
    scale = 2.0**-value.exponent
    plan.note(f"'{output}' saturates at {value.lo * scale:.4g} and {value.hi * scale:.4g}.")
