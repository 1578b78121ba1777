"""CumSum: every axis, both directions, exclusive, merged and long axes, integers."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify


def _axis(axis: int) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    return {"a": np.asarray(axis, dtype=np.int64)}


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
def test_directions(axis: int, exclusive: int, reverse: int) -> None:
    attributes = {"exclusive": exclusive, "reverse": reverse}
    verify(graph_of([("CumSum", ["x", "a"], ["y"], attributes)], {"x": (2, 3, 4)}, ["y"], _axis(axis)))


@pytest.mark.parametrize("exclusive", [0, 1])
def test_axis_of_one_entry(exclusive: int) -> None:
    nodes = [("CumSum", ["x", "a"], ["c"], {"exclusive": exclusive}), ("Add", ["c", "x"], ["y"])]
    verify(graph_of(nodes, {"x": (3, 1)}, ["y"], _axis(1)))


def test_flattened_axis() -> None:
    nodes = [("Flatten", ["x"], ["f"]), ("CumSum", ["f", "a"], ["c"]), ("Relu", ["c"], ["y"])]
    verify(graph_of(nodes, {"x": (2, 3, 4)}, ["y"], _axis(1)))


def test_long_axis_and_integers() -> None:
    samples = [{"x": f32(rng_of(k).normal(size=(1, 4000)))} for k in range(2)]
    verify(graph_of([("CumSum", ["x", "a"], ["y"])], {"x": (1, 4000)}, ["y"], _axis(1)), samples=samples)
    graph = graph_of([("CumSum", ["x", "a"], ["y"])], {"x": ("int64", (2, 5))}, ["y"], _axis(1))
    verify(graph, samples=[{"x": rng_of(k).integers(-90000, 90000, size=(2, 5))} for k in range(2)])
