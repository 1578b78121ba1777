"""Trilu: both triangles, all diagonals, batches, integers."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.harness_test import graph_of, rng_of, verify


@pytest.mark.parametrize("upper", [0, 1])
@pytest.mark.parametrize("diagonal", [None, 0, -1, 2])
def test_triangles(upper: int, diagonal: int | None) -> None:
    constants = {} if diagonal is None else {"k": np.asarray(diagonal, dtype=np.int64)}
    nodes = [("Trilu", ["x", *constants], ["t"], {"upper": upper}), ("Relu", ["t"], ["y"])]
    verify(graph_of(nodes, {"x": (2, 3, 4)}, ["y"], constants))


def test_integers_after_a_transpose() -> None:
    nodes = [("Transpose", ["x"], ["t"]), ("Trilu", ["t"], ["y"])]
    graph = graph_of(nodes, {"x": ("int64", (3, 4))}, ["y"])
    verify(graph, samples=[{"x": rng_of(k).integers(-90000, 90000, size=(3, 4))} for k in range(3)])
