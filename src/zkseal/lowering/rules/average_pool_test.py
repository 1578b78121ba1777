"""Average pooling."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.lowering.harness_test import graph_of, verify


def test_global_average_pool() -> None:
    verify(graph_of([("GlobalAveragePool", ["x"], ["y"])], {"x": (2, 3, 5, 7)}, ["y"]))


POOLS: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((1, 2, 6, 6), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ((1, 1, 7, 5), {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 1, 1, 0]}),
    ((1, 1, 7, 5), {"kernel_shape": [3, 2], "pads": [1, 1, 1, 0], "count_include_pad": 1}),
    ((2, 1, 9), {"kernel_shape": [3], "strides": [2], "pads": [1, 1], "auto_pad": "NOTSET"}),
    ((1, 1, 6), {"kernel_shape": [3], "strides": [2], "ceil_mode": 1}),
]


@pytest.mark.parametrize(("shape", "attributes"), POOLS)
def test_average_pool(shape: tuple[int, ...], attributes: dict[str, Any]) -> None:
    verify(graph_of([("AveragePool", ["x"], ["y"], attributes)], {"x": shape}, ["y"]))


def test_coefficients_beside_an_axis_that_is_read_with_two_loops() -> None:
    pool = ("AveragePool", ["x"], ["p"], {"kernel_shape": [3], "pads": [1, 1]})
    nodes = [pool, ("Reshape", ["z", "shape"], ["r"]), ("Add", ["p", "r"], ["y"])]
    inputs = {"x": (1, 2, 6), "z": (1, 2, 2, 3)}
    verify(graph_of(nodes, inputs, ["y"], {"shape": np.array([1, 2, 6])}))
