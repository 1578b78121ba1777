"""Concat of values of different scales, views and constants."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_concat_of_values(axis: int) -> None:
    shapes = [[2, 3, 4], [2, 3, 4]]
    shapes[1][axis] = 2
    rng = rng_of(1)
    inputs = {"a": tuple(shapes[0]), "b": tuple(shapes[1])}
    samples = [
        {"a": rng.normal(size=inputs["a"]).astype(np.float32), "b": 7 * rng.normal(size=inputs["b"]).astype(np.float32)}
        for _ in range(4)
    ]
    graph = graph_of([("Concat", ["a", "b"], ["y"], {"axis": axis})], inputs, ["y"])
    verify(graph, samples=samples, outputs="private")


def test_concat_of_views_and_a_constant() -> None:
    nodes = [
        ("Relu", ["x"], ["r"]),
        ("Flatten", ["r"], ["f"]),
        ("Concat", ["f", "c", "f"], ["y"], {"axis": 1}),
    ]
    verify(graph_of(nodes, {"x": (1, 2, 3)}, ["y"], {"c": f32([[0.5, -0.25]])}))


def test_whole_numbers_beside_fractions_and_integers() -> None:
    nodes = [("Hardmax", ["x"], ["h"]), ("Concat", ["h", "x"], ["y"], {"axis": 1})]
    program = verify(graph_of(nodes, {"x": (2, 3)}, ["y"]), tolerance=2.0**-13)
    assert not any("limb" in name for name in program.relation.names.tensors if name.startswith("n1"))
    graph = graph_of([("Concat", ["a", "b"], ["y"], {"axis": 0})], {"a": ("int64", (2,)), "b": ("int64", (1,))}, ["y"])
    verify(graph, samples=[{"a": np.asarray([7, -90001]), "b": np.asarray([k])} for k in (5, 1 << 30)])
