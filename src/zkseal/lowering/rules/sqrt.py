"""Sqrt.

What it lowers
    Sqrt of any value; fused with what computes its argument, which is then never rounded by itself.
Constraints
    `blocks.root`: 0 <= n - y^2 <= 2 y fixes y.
Range assumptions
    An argument that gets negative (or so large that y exceeds headroom * calibrated magnitude) raises `RangeExceeded`.
Cost
    Two ranges of one bit more than y, the range of y, one product, for each entry.
Example
    n = 10: y = 3, since 10 - 9 = 1 <= 6.
"""

from __future__ import annotations

import math

from zkseal.graph import Node
from zkseal.lowering.blocks.root import plan_root
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import precision, rule


@precision("Sqrt")
def sqrt_precision(node: Node, plan: Plan) -> dict[str, int]:
    """The root of a small number is steep: rounding n by e moves it by e / 2 sqrt(n), and by sqrt(e) at most."""
    seen = plan.statistics(node.inputs[0])
    tolerance = math.ldexp(max(plan.statistics(node.outputs[0]).magnitude, 2.0**-30), 2 - plan.options.bits)
    steep = math.sqrt(max(seen.minimum, 0.0))
    return {node.inputs[0]: math.ceil(-math.log2(max(tolerance * steep, tolerance * tolerance)))}


@rule("Sqrt")
def lower_sqrt(node: Node, plan: Plan) -> None:
    """Plans a Sqrt."""
    source, output = node.inputs[0], node.outputs[0]
    # Integers are not negative, so that they have a bit more than others of the same width.
    limit = 2 * plan.limit(output) + 1
    plan_root(plan, output, plan.accumulator(source, node), plan.target_exponent(output) + 1, limit)
