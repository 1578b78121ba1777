"""Lies about operators that leave a remainder: reciprocal and square root (`operator_lies` has those of the others)."""

from __future__ import annotations

from .operator_lies import OperatorLie, add, put

LIES = (
    OperatorLie("reciprocal", "quotient rounded up: negative remainder", "n0/range_0/top", add(y=(0, 1))),
    OperatorLie("reciprocal", "quotient rounded down: remainder too large", "n0/range_1/top", add(y=(1, -1))),
    OperatorLie("reciprocal", "quotient wider than its bits", "n0/range_2/top", put(x=[2, 14, 27])),
    OperatorLie("sqrt", "root rounded up: negative remainder", "n0/range_0/top", add(y=(0, 1))),
    OperatorLie("sqrt", "root one too small: remainder too large", "n0/range_1/top", add(y=(1, -1))),
)
