"""Functions of one variable written as a chain of operators: what `fusion` makes and `rules/formula` lowers.

A formula is a list of terms, each an operator applied to x, to numbers, or to earlier terms. The last one is its value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from zkseal.graph import Node
from zkseal.lowering.rules.unary import FUNCTIONS, sigmoid

__all__ = ["FORMULA", "Formula", "Operand", "Term", "is_worth_a_table", "term_of"]

FORMULA = "zkseal.Formula"
"""Operator that fusion makes: attribute `formula` of its only input."""

Operand = int | float | None
"""Number of an earlier term, a constant, or None for x itself."""

Scalar = Callable[..., float]

_TOTAL = frozenset(
    {
        *(
            "Asinh",
            "Atan",
            "Celu",
            "Cos",
            "Cosh",
            "Elu",
            "Erf",
            "Exp",
            "Gelu",
            "HardSigmoid",
            "HardSwish",
            "Mish",
            "Selu",
        ),
        *("Sin", "Sinh", "Softplus", "Softsign", "Swish"),
    }
)
"""Functions of `rules.unary` that are defined everywhere, so that no argument of a chain can leave its domain."""

_ARITHMETIC: Mapping[str, Scalar] = {
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
    "Div": lambda a, b: a / b,
    "Neg": lambda a: -a,
    "Abs": abs,
    "Identity": lambda a: a,
    "Relu": lambda a: max(a, 0.0),
    "Sigmoid": sigmoid,
    "Tanh": math.tanh,
    "Max": max,
    "Min": min,
    "Sum": lambda *terms: math.fsum(terms),
}


@dataclass(frozen=True)
class Term:
    """`function` of the operands; `op` is the operator that it stands for, with its attributes as `detail`."""

    op: str
    function: Scalar
    operands: tuple[Operand, ...]
    detail: str = ""


@dataclass(frozen=True)
class Formula:
    """A function of one variable."""

    terms: tuple[Term, ...]

    @property
    def key(self) -> str:
        """Equal keys mean equal functions."""
        return ";".join(f"{term.op}{term.operands}{term.detail}" for term in self.terms)

    def __call__(self, x: float) -> float:
        """Its value. Raises `OverflowError` where it is too large for a float."""
        values: list[float] = []
        for term in self.terms:
            given = (x if o is None else values[o] if isinstance(o, int) else o for o in term.operands)
            values.append(float(term.function(*given)))
        if not math.isfinite(values[-1]):
            raise OverflowError
        return values[-1]


def is_worth_a_table(terms: Sequence[Term]) -> bool:
    """Whether one table is cheaper than the terms by themselves: two of them or more, and one of them needs a table.

    Or a Clip and a second Clip or product of two computed operands, as in hard swish.
    """
    if len(terms) < 2:
        return False
    if any(term.op in _TOTAL or term.op in ("Sigmoid", "Tanh") or _is_high_power(term) for term in terms):
        return True
    clips = sum(term.op == "Clip" for term in terms)
    products = sum(term.op == "Mul" and not any(isinstance(o, float) for o in term.operands) for term in terms)
    return clips > 0 and clips + products > 1


def _is_high_power(term: Term) -> bool:
    return term.op == "Pow" and term.operands[1] != 2.0


def term_of(node: Node, operands: tuple[Operand, ...]) -> Term | None:
    """`node` as a term; None for operators that are none, or forms that are not defined for every x."""
    op = node.op
    if op in _TOTAL:
        return Term(op, FUNCTIONS[op](node.attributes), operands, str(sorted(node.attributes.items())))
    if op == "LeakyRelu":
        alpha = float(str(node.attributes.get("alpha", 0.01)))
        return Term(op, lambda a: a if a >= 0 else alpha * a, operands, str(alpha))
    if op == "Pow":
        exponent = operands[1]
        whole = isinstance(exponent, float) and exponent == int(exponent) and 0 < exponent <= 16
        return Term(op, math.pow, operands) if whole else None
    if op == "Div":
        divisor = operands[1]
        return Term(op, _ARITHMETIC[op], operands) if isinstance(divisor, float) and divisor != 0 else None
    if op == "Clip":
        return Term(op, _clip, operands) if all(isinstance(limit, float) for limit in operands[1:]) else None
    return Term(op, _ARITHMETIC[op], operands) if op in _ARITHMETIC else None


def _clip(a: float, lower: float = -math.inf, upper: float = math.inf) -> float:
    return min(max(a, lower), upper)
