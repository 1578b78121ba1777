"""Which nodes compute the same function at the same scales, so that one table serves them all.

An image model has dozens of equal activations whose ranges differ a little. Their tables are made for all of their
ranges together; then they are equal, and a relation holds equal tables once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from zkseal.lowering.blocks.piecewise import Family, argument_exponent
from zkseal.lowering.registry import find_function

if TYPE_CHECKING:
    from zkseal.lowering.plan import Plan

__all__ = ["families"]


def families(plan: Plan) -> dict[str, Family]:
    """The family of each node that computes a function of one variable, by the name of its result."""
    by_key: dict[tuple[str, int, int], Family] = {}
    found: dict[str, Family] = {}
    for node in plan.graph.nodes:
        function = find_function(node)
        if function is None or plan.is_integer(node.outputs[0]):
            continue
        shape = function(node, plan)
        if not shape.key:
            continue
        output = node.outputs[0]
        tolerance = math.ldexp(shape.largest, -plan.options.function_bits)
        argument, result = argument_exponent(shape, tolerance), plan.target_exponent(output)
        own = Family.of(shape, argument, result, tolerance, math.prod(plan.shape(output)))
        family = by_key.setdefault((shape.key, argument, result), own)
        if family is not own:
            family.join(own)
        found[output] = family
    return found
