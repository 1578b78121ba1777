"""OneHot: every axis, negative indices and such out of range, values constant and computed, integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.lowering.harness_test import calibrated, f32, graph_of, rng_of, verify

Array = np.ndarray[Any, Any]


def _samples(low: int, high: int, shape: tuple[int, ...]) -> list[dict[str, Array]]:
    return [{"i": rng_of(k).integers(low, high, size=shape)} for k in range(4)]


def _constants(*values: float, depth: int = 5, dtype: str = "float32") -> dict[str, Array]:
    return {"d": np.asarray([depth], dtype=np.int64), "v": np.asarray(values, dtype=dtype)}


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("values", [(0.0, 1.0), (-0.25, 1.5)])
def test_axes(axis: int, values: tuple[float, ...]) -> None:
    nodes = [("OneHot", ["i", "d", "v"], ["y"], {"axis": axis})]
    verify(graph_of(nodes, {"i": ("int64", (2, 3))}, ["y"], _constants(*values)), samples=_samples(0, 5, (2, 3)))


def test_negative_indices_and_such_out_of_range() -> None:
    nodes = [("OneHot", ["i", "d", "v"], ["y"])]
    constants = _constants(3, 70000, dtype="int64")
    verify(graph_of(nodes, {"i": ("int64", (6,))}, ["y"], constants), samples=_samples(-9, 9, (6,)))


def test_computed_values() -> None:
    depth = {"d": np.asarray([5], dtype=np.int64)}
    graph = graph_of([("OneHot", ["i", "d", "v"], ["y"])], {"i": ("int64", (2, 3)), "v": (2,)}, ["y"], depth)
    verify(graph, samples=[{**s, "v": f32(rng_of(1).normal(size=2))} for s in _samples(-5, 5, (2, 3))])


def test_one_hot_vectors_times_a_matrix() -> None:
    w = rng_of(1).normal(size=(5, 3)).astype(np.float32)
    nodes = [("OneHot", ["i", "d", "v"], ["h"]), ("MatMul", ["h", "w"], ["y"])]
    verify(graph_of(nodes, {"i": ("int64", (4,))}, ["y"], {**_constants(0, 1), "w": w}), samples=_samples(0, 5, (4,)))


def test_wide_indices_are_refused() -> None:
    graph = graph_of([("OneHot", ["i", "d", "v"], ["y"])], {"i": ("int64", (2,))}, ["y"], _constants(0, 1))
    with pytest.raises(UnsupportedOp, match="Clip them"):
        calibrated(graph, [{"i": np.asarray([0, 1 << 20])}])
