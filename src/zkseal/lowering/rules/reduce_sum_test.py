"""Sums and means of values and of accumulators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.lowering.harness_test import graph_of, rng_of, verify


def _ints(*values: int) -> np.ndarray[Any, Any]:
    return np.asarray(values, dtype=np.int64)


@pytest.mark.parametrize("op", ["ReduceSum", "ReduceMean"])
@pytest.mark.parametrize("axes", [[1], [0, -1], None])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_reduce(op: str, axes: list[int] | None, keepdims: int) -> None:
    constants = {} if axes is None else {"a": _ints(*axes)}
    graph = graph_of([(op, ["x", *constants], ["y"], {"keepdims": keepdims})], {"x": (2, 3, 5)}, ["y"], constants)
    verify(graph, outputs="private")


def test_reduce_over_flattened_axis() -> None:
    nodes = [("Flatten", ["x"], ["f"]), ("ReduceMean", ["f", "a"], ["y"])]
    verify(graph_of(nodes, {"x": (2, 3, 5)}, ["y"], {"a": _ints(1)}))


def test_no_axes() -> None:
    verify(graph_of([("ReduceSum", ["x"], ["y"], {"noop_with_empty_axes": 1})], {"x": (2, 3)}, ["y"]))


@pytest.mark.parametrize("axes", [(1,), (0, 2), (0, 1, 2)])
def test_sum_of_products_is_rounded_once(axes: tuple[int, ...]) -> None:
    nodes = [("Mul", ["x", "z"], ["p"]), ("ReduceSum", ["p", "a"], ["y"])]
    graph = graph_of(nodes, {"x": (2, 3, 4), "z": (3, 1)}, ["y"], {"a": _ints(*axes)})
    program = verify(graph)
    assert "p" not in program.relation.names.tensors


def test_sum_over_the_columns_of_a_product() -> None:
    w = rng_of(1).normal(size=(4, 6)).astype(np.float32)
    b = rng_of(2).normal(size=(6,)).astype(np.float32)
    nodes = [("Gemm", ["x", "w", "b"], ["h"]), ("ReduceMean", ["h", "a"], ["y"], {"keepdims": 0})]
    verify(graph_of(nodes, {"x": (3, 4)}, ["y"], {"w": w, "b": b, "a": _ints(1)}))


def test_sum_over_the_channels_of_a_grouped_convolution() -> None:
    w = rng_of(1).normal(size=(4, 2, 3)).astype(np.float32)
    nodes = [("Conv", ["x", "w"], ["h"], {"group": 2}), ("ReduceSum", ["h", "a"], ["y"])]
    verify(graph_of(nodes, {"x": (1, 4, 6)}, ["y"], {"w": w, "a": _ints(1)}))


def test_sum_of_integers_is_exact() -> None:
    graph = graph_of([("ReduceSum", ["x", "a"], ["y"])], {"x": ("int64", (2, 3))}, ["y"], {"a": _ints(1)})
    verify(graph, samples=[{"x": np.asarray([[70000, 70001, 5], [1, 2, -99999]])}])
