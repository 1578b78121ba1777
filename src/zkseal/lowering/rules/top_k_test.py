"""TopK: ties, every axis, all entries, one of many, integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify


def _k(count: int) -> dict[str, np.ndarray[Any, Any]]:
    return {"k": np.asarray([count], dtype=np.int64)}


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("count", [1, 2])
def test_ties(axis: int, largest: int, count: int) -> None:
    nodes = [("TopK", ["x", "k"], ["v", "i"], {"axis": axis, "largest": largest})]
    samples = [{"x": f32(rng_of(seed).integers(-2, 3, size=(3, 4, 5)))} for seed in range(3)]
    verify(graph_of(nodes, {"x": (3, 4, 5)}, ["v", "i"], _k(count)), samples=samples)


def test_all_entries_sorted() -> None:
    graph = graph_of([("TopK", ["x", "k"], ["v", "i"])], {"x": (2, 6)}, ["v", "i"], _k(6))
    program = verify(graph, outputs="private")
    assert not any("picked" in name for name in program.relation.names.tensors)


def test_one_row_and_only_the_indices() -> None:
    verify(graph_of([("TopK", ["x", "k"], ["", "i"])], {"x": (9,)}, ["i"], _k(3)))


def test_after_flatten_and_transpose() -> None:
    nodes = [
        ("Transpose", ["x"], ["t"], {"perm": (0, 2, 1)}),
        ("Flatten", ["t"], ["f"]),
        ("TopK", ["f", "k"], ["v", "i"]),
        ("Add", ["v", "v"], ["y"]),
    ]
    verify(graph_of(nodes, {"x": (2, 3, 4)}, ["y", "i"], _k(5)))


def test_integers() -> None:
    graph = graph_of([("TopK", ["x", "k"], ["v", "i"])], {"x": ("int64", (2, 4))}, ["v", "i"], _k(2))
    verify(graph, samples=[{"x": rng_of(k).integers(-70000, 70000, size=(2, 4))} for k in range(3)])
