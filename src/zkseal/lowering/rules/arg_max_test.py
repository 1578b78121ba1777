"""ArgMax: ties as in ONNX, every axis, exact."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.harness_test import graph_of, rng_of, verify


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("last", [0, 1])
def test_arg_max_with_ties(axis: int, keepdims: int, last: int) -> None:
    attributes = {"axis": axis, "keepdims": keepdims, "select_last_index": last}
    graph = graph_of([("ArgMax", ["x"], ["k"], attributes)], {"x": (2, 3, 4)}, ["k"])
    rng = rng_of(axis + 5)
    samples = [{"x": rng.integers(-2, 3, size=(2, 3, 4)).astype(np.float32)} for _ in range(5)]
    verify(graph, samples=samples)


def test_arg_max_of_one_entry() -> None:
    verify(graph_of([("ArgMax", ["x"], ["k"], {"axis": 1})], {"x": (2, 1)}, ["k"]), outputs="private")


def test_arg_max_after_flatten() -> None:
    nodes = [("Flatten", ["x"], ["f"]), ("ArgMax", ["f"], ["k"], {"axis": 1})]
    verify(graph_of(nodes, {"x": (1, 2, 2, 3)}, ["k"]))
