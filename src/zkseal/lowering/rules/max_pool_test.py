"""MaxPool with padding, overlap, ceil_mode, negative sources and ties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.lowering.harness_test import graph_of, rng_of, verify

CASES: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((1, 2, 6, 6), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ((2, 1, 7, 6), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ((1, 2, 5, 5), {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
    ((1, 1, 9), {"kernel_shape": [3], "dilations": [2], "pads": [1, 2]}),
    ((1, 1, 4, 5), {"kernel_shape": [1, 3], "strides": [1, 2]}),
    ((1, 1, 4, 4), {"kernel_shape": [1, 1], "strides": [2, 2]}),
]


@pytest.mark.parametrize(("shape", "attributes"), CASES)
@pytest.mark.parametrize("after_relu", [False, True])
def test_max_pool(shape: tuple[int, ...], attributes: dict[str, Any], after_relu: bool) -> None:
    first = [("Relu", ["x"], ["r"])] if after_relu else []
    graph = graph_of([*first, ("MaxPool", ["r" if after_relu else "x"], ["y"], attributes)], {"x": shape}, ["y"])
    verify(graph, seed=1)


def test_max_pool_of_ties_fixes_its_hints() -> None:
    rng = rng_of(4)
    samples = [{"x": rng.integers(-1, 2, size=(1, 1, 4, 4)).astype(np.float32)} for _ in range(3)]
    graph = graph_of(
        [("MaxPool", ["x"], ["y"], {"kernel_shape": [2, 2], "strides": [2, 2]})], {"x": (1, 1, 4, 4)}, ["y"]
    )
    verify(graph, samples=samples)


@pytest.mark.parametrize(("shape", "attributes"), CASES)
@pytest.mark.parametrize("order", [0, 1])
def test_indices_of_the_first_maximum(shape: tuple[int, ...], attributes: dict[str, Any], order: int) -> None:
    rng = rng_of(5)
    # Few different entries: most windows have ties.
    samples = [{"x": rng.integers(-2, 2, size=shape).astype(np.float32)} for _ in range(3)]
    nodes = [("MaxPool", ["x"], ["y", "i"], {**attributes, "storage_order": order})]
    verify(graph_of(nodes, {"x": shape}, ["y", "i"]), samples=samples)


def test_indices_in_three_dimensions() -> None:
    nodes = [("MaxPool", ["x"], ["y", "i"], {"kernel_shape": [2, 1, 2], "pads": [1, 0, 1, 0, 0, 1]})]
    verify(graph_of(nodes, {"x": (2, 2, 3, 2, 3)}, ["y", "i"]))
