"""Slice with all kinds of steps, of merged axes, before convolutions."""

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
