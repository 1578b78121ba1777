"""ArgMax, ArgMin, Hardmax: ties as in ONNX, every axis, exact."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.harness_test import graph_of, rng_of, verify


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("last", [0, 1])
@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
def test_ties(axis: int, keepdims: int, last: int, op: str) -> None:
    attributes = {"axis": axis, "keepdims": keepdims, "select_last_index": last}
    graph = graph_of([(op, ["x"], ["k"], attributes)], {"x": (2, 3, 4)}, ["k"])
    rng = rng_of(axis + 5)
    samples = [{"x": rng.integers(-2, 3, size=(2, 3, 4)).astype(np.float32)} for _ in range(5)]
    verify(graph, samples=samples)


def test_arg_max_of_one_entry() -> None:
    verify(graph_of([("ArgMax", ["x"], ["k"], {"axis": 1})], {"x": (2, 1)}, ["k"]), outputs="private")


def test_arg_max_after_flatten() -> None:
    nodes = [("Flatten", ["x"], ["f"]), ("ArgMax", ["f"], ["k"], {"axis": 1})]
    verify(graph_of(nodes, {"x": (1, 2, 2, 3)}, ["k"]))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_hardmax(axis: int) -> None:
    samples = [{"x": rng_of(k).integers(-2, 3, size=(2, 3, 4)).astype(np.float32)} for k in range(3)]
    verify(graph_of([("Hardmax", ["x"], ["y"], {"axis": axis})], {"x": (2, 3, 4)}, ["y"]), samples=samples)


def test_long_axis() -> None:
    samples = [{"x": rng_of(k).normal(size=(1, 5000)).astype(np.float32)} for k in range(2)]
    verify(graph_of([("ArgMax", ["x"], ["y"], {"axis": 1})], {"x": (1, 5000)}, ["y"]), samples=samples)
