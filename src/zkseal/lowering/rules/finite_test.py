"""IsNaN, IsInf."""

from __future__ import annotations

import pytest

from zkseal.lowering.harness_test import graph_of, verify


@pytest.mark.parametrize("op", ["IsNaN", "IsInf"])
def test_of_finite_numbers(op: str) -> None:
    nodes = [(op, ["x"], ["c"]), ("Where", ["c", "z", "x"], ["y"])]
    verify(graph_of(nodes, {"x": (2, 3), "z": (1,)}, ["y"]))
