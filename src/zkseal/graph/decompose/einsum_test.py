"""Einsum against numpy: every kind of letter, ellipses, diagonals, one to three operands."""

from __future__ import annotations

import pytest

from zkseal.graph import Graph
from zkseal.graph.decompose.harness_test import check, normal

SHAPING = ("Expand", "Reshape", "Squeeze", "Transpose")

CASES: list[tuple[str, list[tuple[int, ...]], str]] = [
    # equation, shapes, operators that are left beside those of `SHAPING`
    ("ij,jk->ik", [(2, 3), (3, 4)], "MatMul"),
    ("bhqd,bhkd->bhqk", [(2, 2, 3, 4), (2, 2, 3, 4)], "MatMul"),
    ("bhqk,bkhd->bqhd", [(1, 2, 3, 4), (1, 4, 2, 5)], "MatMul"),
    ("...ij,...jk->...ik", [(2, 1, 3, 4), (1, 5, 4, 2)], "MatMul"),
    ("ij->ji", [(2, 3)], "Transpose"),
    ("ij->i", [(2, 3)], "ReduceSum"),
    ("ij", [(2, 3)], "Identity"),
    ("ba", [(2, 3)], "Transpose"),
    ("ii->i", [(3, 3)], "Gather"),
    ("...ii->...i", [(2, 3, 3)], "Gather"),
    ("ij,ij->ij", [(2, 3), (2, 3)], "Mul"),
    ("ij,ij", [(2, 3), (2, 3)], "MatMul"),
    ("i,j->ij", [(3,), (4,)], "MatMul"),
    ("i,i", [(3,), (3,)], "MatMul"),
    ("ab,bc,cd->ad", [(2, 3), (3, 4), (4, 2)], "MatMul MatMul"),
    ("abc,b->ac", [(2, 3, 4), (3,)], "MatMul"),
    ("iji,jk->k", [(2, 3, 2), (3, 4)], "Gather MatMul ReduceSum"),
]


def left(graph: Graph) -> str:
    """The operators of a graph that compute or select, or all if there is none."""
    names = [op for op, count in graph.ops().items() for _ in range(count)]
    return " ".join([op for op in names if op not in SHAPING] or names)


@pytest.mark.parametrize(("equation", "shapes", "expected"), CASES)
def test_equations(equation: str, shapes: list[tuple[int, ...]], expected: str) -> None:
    inputs = {name: normal(k, *shape) for k, (name, shape) in enumerate(zip("abc", shapes, strict=False))}
    proved = equation in ("bhqk,bkhd->bqhd", "...ii->...i", "ab,bc,cd->ad")
    assert left(check("Einsum", inputs, equation=equation, proved=proved, tolerance=2.0**-9)) == expected
    weighted = check("Einsum", inputs, constants=("b", "c"), equation=equation, proved=False)
    assert left(weighted).replace("Gemm", "MatMul") == expected
