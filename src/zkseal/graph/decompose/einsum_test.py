"""Einsum against numpy: every kind of letter, ellipses, diagonals, one to three operands."""

from __future__ import annotations

import pytest

from zkseal.graph.decompose.harness_test import check, normal

CASES: list[tuple[str, list[tuple[int, ...]]]] = [
    ("ij,jk->ik", [(2, 3), (3, 4)]),
    ("bhqd,bhkd->bhqk", [(2, 2, 3, 4), (2, 2, 3, 4)]),
    ("bhqk,bkhd->bqhd", [(1, 2, 3, 4), (1, 4, 2, 5)]),
    ("...ij,...jk->...ik", [(2, 1, 3, 4), (1, 5, 4, 2)]),
    ("ij->ji", [(2, 3)]),
    ("ij->i", [(2, 3)]),
    ("ij", [(2, 3)]),
    ("ba", [(2, 3)]),
    ("ii->i", [(3, 3)]),
    ("...ii->...i", [(2, 3, 3)]),
    ("ij,ij->ij", [(2, 3), (2, 3)]),
    ("ij,ij", [(2, 3), (2, 3)]),
    ("i,j->ij", [(3,), (4,)]),
    ("i,i", [(3,), (3,)]),
    ("ab,bc,cd->ad", [(2, 3), (3, 4), (4, 2)]),
    ("abc,b->ac", [(2, 3, 4), (3,)]),
    ("iji,jk->k", [(2, 3, 2), (3, 4)]),
]


@pytest.mark.parametrize(("equation", "shapes"), CASES)
def test_equations(equation: str, shapes: list[tuple[int, ...]]) -> None:
    inputs = {name: normal(k, *shape) for k, (name, shape) in enumerate(zip("abc", shapes, strict=False))}
    proved = equation in ("bhqk,bkhd->bqhd", "...ii->...i", "ab,bc,cd->ad")
    check("Einsum", inputs, equation=equation, proved=proved, tolerance=2.0**-9)
    check("Einsum", inputs, constants=("b", "c"), equation=equation, proved=False)
