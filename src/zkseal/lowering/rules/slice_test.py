"""Slice and Gather with constant indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.lowering.harness_test import graph_of, rng_of, verify


def _ints(*values: int) -> np.ndarray[Any, Any]:
    return np.asarray(values, dtype=np.int64)


@pytest.mark.parametrize(
    ("start", "end", "step"), [(1, 6, 2), (-3, 2**40, 1), (-1, -(2**40), -1), (6, 1, -3), (0, -2, 1)]
)
def test_slice_steps(start: int, end: int, step: int) -> None:
    initializers = {"s": _ints(start), "e": _ints(end), "a": _ints(1), "p": _ints(step)}
    nodes = [("Slice", ["x", "s", "e", "a", "p"], ["t"]), ("Add", ["t", "t"], ["y"])]
    verify(graph_of(nodes, {"x": (2, 7)}, ["y"], initializers))


def test_slice_of_flattened_axis_is_copied() -> None:
    nodes = [
        ("Relu", ["x"], ["r"]),
        ("Flatten", ["r"], ["f"]),
        ("Slice", ["f", "s", "e", "a"], ["t"]),
        ("Add", ["t", "t"], ["y"]),
    ]
    verify(graph_of(nodes, {"x": (1, 3, 4)}, ["y"], {"s": _ints(2), "e": _ints(11), "a": _ints(1)}))


def test_slice_then_padded_convolution_reads_zeros_not_neighbours() -> None:
    w = rng_of(2).normal(size=(2, 2, 3)).astype(np.float32)
    nodes = [
        ("Relu", ["x"], ["r"]),
        ("Slice", ["r", "s", "e", "a"], ["t"]),
        ("Conv", ["t", "w"], ["y"], {"pads": [1, 1]}),
    ]
    verify(graph_of(nodes, {"x": (1, 2, 8)}, ["y"], {"w": w, "s": _ints(2), "e": _ints(6), "a": _ints(2)}))


@pytest.mark.parametrize("indices", [_ints(3, 0, -1, 3), np.asarray(2), np.asarray([[0, 1], [2, 3]])])
def test_gather_constant_indices(indices: np.ndarray[Any, Any]) -> None:
    nodes = [("Relu", ["x"], ["r"]), ("Gather", ["r", "i"], ["g"], {"axis": 1}), ("Add", ["g", "g"], ["y"])]
    verify(graph_of(nodes, {"x": (2, 4, 3)}, ["y"], {"i": indices}))


def test_gather_of_a_slice_then_matmul() -> None:
    w = rng_of(2).normal(size=(4, 2)).astype(np.float32)
    nodes = [
        ("Slice", ["x", "s", "e", "a", "p"], ["t"]),
        ("Gather", ["t", "i"], ["g"], {"axis": 1}),
        ("MatMul", ["g", "w"], ["y"]),
    ]
    constants = {"s": _ints(7), "e": _ints(0), "a": _ints(1), "p": _ints(-2), "i": _ints(0, 3, 3, 1), "w": w}
    verify(graph_of(nodes, {"x": (2, 8)}, ["y"], constants))
