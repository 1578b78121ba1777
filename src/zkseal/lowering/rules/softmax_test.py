"""Softmax over any axis, with ties, and saturated."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("size", [1.0, 20.0])
def test_softmax(axis: int, size: float) -> None:
    rng = rng_of(1)
    samples = [{"x": (size * rng.normal(size=(2, 3, 4))).astype(np.float32)} for _ in range(4)]
    graph = graph_of([("Softmax", ["x"], ["y"], {"axis": axis})], {"x": (2, 3, 4)}, ["y"])
    verify(graph, samples=samples, outputs="private")


def test_softmax_of_equal_entries() -> None:
    samples = [{"x": np.full((1, 3), v, dtype=np.float32)} for v in (1.0, -2.0)]
    verify(graph_of([("Softmax", ["x"], ["y"])], {"x": (1, 3)}, ["y"]), samples=samples)


def test_attention() -> None:
    nodes = [
        ("Transpose", ["k"], ["kt"], {"perm": (0, 2, 1)}),
        ("MatMul", ["q", "kt"], ["s"]),
        ("Mul", ["s", "c"], ["t"]),
        ("Softmax", ["t"], ["p"], {"axis": -1}),
        ("MatMul", ["p", "v"], ["y"]),
    ]
    shape = (2, 3, 4)
    verify(graph_of(nodes, {"q": shape, "k": shape, "v": shape}, ["y"], {"c": f32(0.5)}), tolerance=2.0**-9)
