"""Functions of one number that operators are, with their attributes, in double precision by the C library."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

__all__ = ["ScalarFunction", "scalar_function"]

ScalarFunction = Callable[[float], float]


def scalar_function(op: str, attributes: Mapping[str, object]) -> ScalarFunction | None:
    """What an operator does to each entry of its first operand; None if it is no function of one number."""
    make = _FUNCTIONS.get(op)
    return None if make is None else make(attributes)


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _gelu(tanh: bool, x: float) -> float:
    if tanh:
        return 0.5 * x * (1.0 + math.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1.0 + math.erf(x / math.sqrt(2.0)))


def _number(attributes: Mapping[str, object], name: str, default: float) -> float:
    return float(str(attributes.get(name, default)))


_Maker = Callable[[Mapping[str, object]], Callable[[float], float]]


def _leaky_relu(attributes: Mapping[str, object]) -> Callable[[float], float]:
    alpha = _number(attributes, "alpha", 0.01)
    return lambda x: x if x >= 0 else alpha * x


def _elu(attributes: Mapping[str, object]) -> Callable[[float], float]:
    alpha = _number(attributes, "alpha", 1.0)
    return lambda x: x if x >= 0 else alpha * math.expm1(x)


def _hard_sigmoid(attributes: Mapping[str, object]) -> Callable[[float], float]:
    alpha, beta = _number(attributes, "alpha", 0.2), _number(attributes, "beta", 0.5)
    return lambda x: min(max(alpha * x + beta, 0.0), 1.0)


def _plain(function: Callable[[float], float]) -> _Maker:
    return lambda _attributes: function


_FUNCTIONS: dict[str, _Maker] = {
    "Abs": _plain(abs),
    "Elu": _elu,
    "Erf": _plain(math.erf),
    "Gelu": lambda attributes: lambda x: _gelu(attributes.get("approximate", "none") == "tanh", x),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _plain(lambda x: x * min(max(x / 6.0 + 0.5, 0.0), 1.0)),
    "LeakyRelu": _leaky_relu,
    "Mish": _plain(lambda x: x * math.tanh(_softplus(x))),
    "Neg": _plain(lambda x: -x),
    "Relu": _plain(lambda x: max(x, 0.0)),
    "Sigmoid": _plain(_sigmoid),
    "Softplus": _plain(_softplus),
    "Tanh": _plain(math.tanh),
}
