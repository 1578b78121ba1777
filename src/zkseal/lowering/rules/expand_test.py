"""Expand and Tile, read by every kind of consumer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.lowering.harness_test import graph_of, rng_of, verify


def _ints(*values: int) -> np.ndarray[Any, Any]:
    return np.asarray(values, dtype=np.int64)


@pytest.mark.parametrize(
    ("shape", "target"), [((3, 1), (2, 3, 4)), ((1, 4), (3, 1)), ((2, 3), (2, 3)), ((1,), (5,)), ((1, 1), (2, 3))]
)
def test_expand(shape: tuple[int, ...], target: tuple[int, ...]) -> None:
    nodes = [("Expand", ["x", "s"], ["e"]), ("Mul", ["e", "e"], ["y"])]
    verify(graph_of(nodes, {"x": shape}, ["y"], {"s": _ints(*target)}))


@pytest.mark.parametrize(("shape", "repeats"), [((2, 3), (2, 2)), ((1, 3), (4, 1)), ((2, 1, 2), (1, 3, 2))])
def test_tile_as_output(shape: tuple[int, ...], repeats: tuple[int, ...]) -> None:
    graph = graph_of([("Tile", ["x", "r"], ["y"])], {"x": shape}, ["y"], {"r": _ints(*repeats)})
    verify(graph, outputs="private")


def test_tile_costs_nothing() -> None:
    w = rng_of(0).normal(size=(6, 2)).astype(np.float32)
    nodes = [("Tile", ["x", "r"], ["t"]), ("MatMul", ["t", "w"], ["y"])]
    program = verify(graph_of(nodes, {"x": (4, 3)}, ["y"], {"r": _ints(1, 2), "w": w}))
    assert not any("copy" in name for name in program.relation.names.tensors)


def test_tile_then_reshape_slice_and_gather() -> None:
    nodes = [
        ("Tile", ["x", "r"], ["t"]),
        ("Reshape", ["t", "f"], ["u"]),
        ("Slice", ["u", "s", "e"], ["v"]),
        ("Gather", ["v", "i"], ["w"], {"axis": 1}),
        ("Relu", ["w"], ["y"]),
    ]
    constants = {"r": _ints(2, 3), "f": _ints(4, 2, 9), "s": _ints(1), "e": _ints(4), "i": _ints(1, 0)}
    verify(graph_of(nodes, {"x": (2, 6)}, ["y"], constants))


@pytest.mark.parametrize("op", ["ReduceSum", "ArgMax", "Softmax", "MaxPool"])
def test_consumers_of_expanded_axes(op: str) -> None:
    attributes = {"ArgMax": {"axis": 3}, "Softmax": {"axis": 2}, "MaxPool": {"kernel_shape": (2, 2)}}.get(op, {})
    inputs = ["e", "a"] if op == "ReduceSum" else ["e"]
    nodes = [("Expand", ["x", "s"], ["e"]), (op, inputs, ["y"], attributes)]
    verify(graph_of(nodes, {"x": (1, 2, 1, 4)}, ["y"], {"s": _ints(1, 2, 3, 4), "a": _ints(2, 3)}))


def test_padded_convolution_of_an_expanded_axis() -> None:
    w = rng_of(0).normal(size=(2, 2, 3, 3)).astype(np.float32)
    nodes = [("Expand", ["x", "s"], ["e"]), ("Conv", ["e", "w"], ["y"], {"pads": (1, 1, 1, 1)})]
    verify(graph_of(nodes, {"x": (1, 2, 1, 4)}, ["y"], {"s": _ints(1, 2, 3, 4), "w": w}))
