"""Functions of one variable: Exp, Log, Erf, Gelu, Elu, Selu, Celu, Softplus, Softsign, Mish, HardSigmoid, HardSwish,
Swish, the trigonometric and hyperbolic ones and their inverses.

What it lowers
    Any of these, of any value, fused with the layer before it, whose accumulator is then not rounded by itself.
Constraints
    `blocks.piecewise`: the argument is rounded to a grid on which f hardly changes, and y follows from the row of its
    cell. A lookup and two ranges fix every hint and y.
Range assumptions
    |x| <= headroom * calibrated magnitude, as far as f is defined and |f| <= headroom * its calibrated magnitude.
Cost
    Six committed integers and about five range checks for each entry; a few hundred rows for each node. A table of all
    arguments where that is cheaper.
Example
    Exp of x in [-8, 2]: about 40 cells below -2, where e^x hardly counts, and 200 above.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from zkseal.graph import Node
from zkseal.lowering.blocks.cells import Function
from zkseal.lowering.blocks.piecewise import Shape, argument_exponent, define_piecewise
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import function, precision, rule

Attributes = Mapping[str, Any]
SQRT_HALF = math.sqrt(0.5)


def _fixed(f: Function) -> Callable[[Attributes], Function]:
    return lambda _attributes: f


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x), without overflow."""
    return 0.5 * (1.0 + math.tanh(0.5 * x))


def softplus(x: float) -> float:
    """log(1 + e^x), without overflow."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _gelu(attributes: Attributes) -> Function:
    if _text(attributes.get("approximate", "none")) == "tanh":
        factor = math.sqrt(2.0 / math.pi)
        return lambda x: 0.5 * x * (1.0 + math.tanh(factor * (x + 0.044715 * x**3)))
    return lambda x: 0.5 * x * math.erfc(-x * SQRT_HALF)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _elu(attributes: Attributes) -> Function:
    alpha = float(attributes.get("alpha", 1.0))
    return lambda x: x if x > 0 else alpha * math.expm1(x)


def _selu(attributes: Attributes) -> Function:
    # The defaults are the constants of the operator document, to the precision of float32.
    alpha = float(attributes.get("alpha", 1.67326319217681884765625))
    gamma = float(attributes.get("gamma", 1.05070102214813232421875))
    return lambda x: gamma * (x if x > 0 else alpha * math.expm1(x))


def _celu(attributes: Attributes) -> Function:
    alpha = float(attributes.get("alpha", 1.0))
    return lambda x: x if x > 0 else alpha * math.expm1(x / alpha)


def _hard_sigmoid(attributes: Attributes) -> Function:
    alpha, beta = float(attributes.get("alpha", 0.2)), float(attributes.get("beta", 0.5))
    return lambda x: min(max(alpha * x + beta, 0.0), 1.0)


def _swish(attributes: Attributes) -> Function:
    alpha = float(attributes.get("alpha", 1.0))
    return lambda x: x * sigmoid(alpha * x)


FUNCTIONS: Mapping[str, Callable[[Attributes], Function]] = {
    "Acos": _fixed(math.acos),
    "Acosh": _fixed(math.acosh),
    "Asin": _fixed(math.asin),
    "Asinh": _fixed(math.asinh),
    "Atan": _fixed(math.atan),
    "Atanh": _fixed(math.atanh),
    "Celu": _celu,
    "Cos": _fixed(math.cos),
    "Cosh": _fixed(math.cosh),
    "Elu": _elu,
    "Erf": _fixed(math.erf),
    "Exp": _fixed(math.exp),
    "Gelu": _gelu,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _fixed(lambda x: x * min(max(x / 6.0 + 0.5, 0.0), 1.0)),
    "Log": _fixed(math.log),
    "Mish": _fixed(lambda x: x * math.tanh(softplus(x))),
    "Selu": _selu,
    "Sin": _fixed(math.sin),
    "Sinh": _fixed(math.sinh),
    "Softplus": _fixed(softplus),
    "Softsign": _fixed(lambda x: x / (1.0 + abs(x))),
    "Swish": _swish,
    "Tan": _fixed(math.tan),
}


@function(*FUNCTIONS)
def unary_function(node: Node, plan: Plan) -> Shape:
    """f with the ranges of calibration."""
    f = FUNCTIONS[node.op](plan.attributes(node))
    seen, result = plan.statistics(node.inputs[0]), plan.statistics(node.outputs[0])
    headroom = plan.options.headroom
    reach, largest = seen.magnitude * headroom, result.magnitude * headroom
    # Between the domains of two Tan may lie a pole, so they share no table.
    key = "" if node.op == "Tan" else f"{node.op}{sorted(plan.attributes(node).items())}"
    return Shape(node.op, f, seen.minimum, seen.maximum, reach, largest, key)


@precision(*FUNCTIONS)
def unary_precision(node: Node, plan: Plan) -> dict[str, int]:
    """The argument must be as fine as the function is steep."""
    shape = unary_function(node, plan)
    return {node.inputs[0]: argument_exponent(shape, math.ldexp(shape.largest, -plan.options.function_bits))}


@rule(*FUNCTIONS)
def lower_unary(node: Node, plan: Plan) -> None:
    """Plans a function of one variable."""
    source, output = node.inputs[0], node.outputs[0]
    accumulator, shape = plan.accumulator(source, node), unary_function(node, plan)
    define_piecewise(plan, node.name, output, accumulator, shape, plan.target_exponent(output))
