"""ReduceMax and ReduceMin, with ties, over merged and several axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify


def _ints(*values: int) -> np.ndarray[Any, Any]:
    return np.asarray(values, dtype=np.int64)


@pytest.mark.parametrize("op", ["ReduceMax", "ReduceMin"])
@pytest.mark.parametrize("axes", [[1], [0, -1], None])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_extremes(op: str, axes: list[int] | None, keepdims: int) -> None:
    constants = {} if axes is None else {"a": _ints(*axes)}
    graph = graph_of([(op, ["x", *constants], ["y"], {"keepdims": keepdims})], {"x": (2, 3, 5)}, ["y"], constants)
    verify(graph, outputs="private")


@pytest.mark.parametrize("op", ["ReduceMax", "ReduceMin"])
def test_equal_entries(op: str) -> None:
    nodes = [("Relu", ["x"], ["r"]), (op, ["r"], ["m"], {"keepdims": 0}), ("Add", ["m", "m"], ["y"])]
    samples = [{"x": f32(rng_of(k).integers(-2, 3, size=(2, 3)))} for k in range(4)]
    verify(graph_of(nodes, {"x": (2, 3)}, ["y"]), samples=samples)


def test_integers_are_exact() -> None:
    graph = graph_of([("ReduceMin", ["x", "a"], ["y"])], {"x": ("int64", (2, 3))}, ["y"], {"a": _ints(1)})
    verify(graph, samples=[{"x": np.asarray([[70000, 70001, 5], [1, 2, -99999]])}])


def test_long_axes_need_no_square_of_work() -> None:
    samples = [{"x": f32(rng_of(k).normal(size=(1, 6000)))} for k in range(2)]
    verify(graph_of([("ReduceMax", ["x", "a"], ["y"])], {"x": (1, 6000)}, ["y"], {"a": _ints(1)}), samples=samples)
