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
