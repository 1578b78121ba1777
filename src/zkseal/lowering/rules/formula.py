"""Formula: a chain of elementwise operators of one value, made by `lowering.fusion`.

What it lowers
    GELU, SiLU, Mish .. as exporters write them, and whatever else depends on one value.
Constraints
    `blocks.piecewise`, as for every function of one variable.
Range assumptions
    |x| <= headroom * calibrated magnitude, as far as |f| <= headroom * its calibrated magnitude.
Cost
    As one function of one variable, whatever the length of the chain.
Example
    Div by sqrt(2), Erf, Add 1, Mul by x, Mul by 0.5: one table of a few hundred cells.
"""

from __future__ import annotations

import math

from zkseal.graph import Node
from zkseal.lowering.blocks.piecewise import Shape, argument_exponent, define_piecewise
from zkseal.lowering.formula import FORMULA, Formula
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import function, precision, rule


@function(FORMULA)
def formula_function(node: Node, plan: Plan) -> Shape:
    """The formula with the ranges of calibration."""
    formula = plan.attributes(node)["formula"]
    assert isinstance(formula, Formula)
    seen, result = plan.statistics(node.inputs[0]), plan.statistics(node.outputs[0])
    headroom = plan.options.headroom
    reach, largest = seen.magnitude * headroom, result.magnitude * headroom
    return Shape("Formula", formula, seen.minimum, seen.maximum, reach, largest, formula.key)


@precision(FORMULA)
def formula_precision(node: Node, plan: Plan) -> dict[str, int]:
    """The argument must be as fine as the function is steep."""
    shape = formula_function(node, plan)
    return {node.inputs[0]: argument_exponent(shape, math.ldexp(shape.largest, -plan.options.function_bits))}


@rule(FORMULA)
def lower_formula(node: Node, plan: Plan) -> None:
    """Plans a formula."""
    source, output = node.inputs[0], node.outputs[0]
    accumulator, shape = plan.accumulator(source, node), formula_function(node, plan)
    define_piecewise(plan, node.name, output, accumulator, shape, plan.target_exponent(output))
