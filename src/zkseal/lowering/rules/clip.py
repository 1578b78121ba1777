"""Clip.

What it lowers
    Clip with constant limits (Relu6, HardTanh ..), either of which may be absent, fused with the layer before it.
    Limits are public: they are part of the structure of the model.
Constraints
    Two splits (`blocks.split`): over = max(v - H, 0), under' = H - min(v, H); then the result above the lower limit,
    max(H - under' - L, 0), and what is cut off. Their hints are fixed there. y = L + that, tied by a Zero.
    With many entries, for all Clips of the model with these limits together: a table of all arguments.
Range assumptions
    |v - limit| <= headroom * calibrated magnitude + |limit|, at one bit more than an activation has.
Cost
    For each entry: five committed integers, three or four range checks, two products; half of it with one limit. With a
    table: two committed integers and two lookups.
Example
    Relu6 at exponent 12: H = 24576, L = 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from zkseal.graph import Node
from zkseal.lowering.accumulators import Offset
from zkseal.lowering.blocks.piecewise import Shape, define_table
from zkseal.lowering.blocks.rescale import INTEGER_LIMIT
from zkseal.lowering.blocks.split import plan_split
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import function, rule
from zkseal.lowering.values import Accumulator, Stored

SAVED = 2.5
"""What a table saves for each limit of an entry: two committed integers, a range and a product."""


def _limit(node: Node, plan: Plan, position: int, attribute: str, what: str) -> float | None:
    if plan.has_input(node, position):
        limit = float(plan.required_constant(node, position, what).reshape(-1)[0])
    else:
        limit = float(plan.attributes(node).get(attribute, math.nan))
    return limit if math.isfinite(limit) else None


def _widest(plan: Plan, source: str, limits: Sequence[float], exponent: int) -> int:
    """The largest distance from a limit that may be committed: a bit more than values have, and all of an integer."""
    if plan.is_integer(source):
        return INTEGER_LIMIT
    reach = math.ceil(max((abs(math.ldexp(limit, exponent)) for limit in limits), default=0.0))
    return (1 << (2 * plan.scale(source)[1] + max(reach, 2 * plan.limit(source))).bit_length()) - 1


def _limits(node: Node, plan: Plan) -> tuple[float | None, float | None]:
    """The lower and the upper limit. y = min(max(x, lower), upper): of reversed limits the upper one counts."""
    lower, upper = _limit(node, plan, 1, "min", "lower limit"), _limit(node, plan, 2, "max", "upper limit")
    if lower is not None and upper is not None:
        lower = min(lower, upper)
    return lower, upper


@function("Clip")
def clip_function(node: Node, plan: Plan) -> Shape:
    """A Clip as a function of one variable."""
    lower, upper = _limits(node, plan)
    least, most = -math.inf if lower is None else lower, math.inf if upper is None else upper
    seen, result = plan.statistics(node.inputs[0]), plan.statistics(node.outputs[0])
    reach, largest = (magnitude * plan.options.headroom for magnitude in (seen.magnitude, result.magnitude))
    key = f"Clip{least}..{most}"
    return Shape("Clip", lambda x: min(max(x, least), most), seen.minimum, seen.maximum, reach, largest, key)


@rule("Clip")
def lower_clip(node: Node, plan: Plan) -> None:
    """Plans a Clip."""
    lower, upper = _limits(node, plan)
    source, output = node.inputs[0], node.outputs[0]
    accumulator: Accumulator = plan.accumulator(source, node)
    exponent = min(plan.scale(source, accumulator.magnitude)[0], accumulator.exponent)
    # A limit that no value can pass needs no constraint.
    if upper is not None and upper >= math.ldexp(accumulator.hi, -accumulator.exponent):
        upper = None
    if lower is not None and lower <= math.ldexp(accumulator.lo, -accumulator.exponent):
        lower = None
    limited = (lower is not None) + (upper is not None)
    if define_table(plan, node.name, output, accumulator, SAVED * limited):
        return
    wide = _widest(plan, source, [limit for limit in (lower, upper) if limit is not None], exponent)
    if upper is not None:
        top = math.floor(math.ldexp(upper, exponent) + 0.5)
        split = plan_split(accumulator, f"{output}/over", exponent, wide, top)
        plan.add(split, split.positive, split.negative)
        accumulator = Offset.of(output, node.name, Stored.of(split.negative, node.name), -1, top)
    if lower is not None:
        bottom = math.floor(math.ldexp(lower, exponent) + 0.5)
        split = plan_split(accumulator, f"{output}/above", exponent, wide, bottom)
        plan.add(split, split.positive, split.negative)
        accumulator = Offset.of(output, node.name, Stored.of(split.positive, node.name), 1, bottom)
    if upper is None and lower is None:
        accumulator = Offset.of(output, node.name, accumulator, 1, 0)
    plan.define(accumulator)
