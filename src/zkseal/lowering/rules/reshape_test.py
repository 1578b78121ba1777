"""Views that cost nothing, and the copies behind those that cannot be views."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.lowering.harness_test import graph_of, rng_of, verify

Nodes = list[tuple[Any, ...]]


def _shape(*sizes: int) -> np.ndarray[Any, Any]:
    return np.asarray(sizes, dtype=np.int64)


@pytest.mark.parametrize(
    ("source", "target", "copied"),
    [((1, 2, 3, 4), (1, 24), False), ((1, 24), (1, 4, 3, 2), False), ((2, 3), (3, 2), True), ((4, 6), (8, 3), False)],
)
def test_reshape_between_relu_and_matmul(source: tuple[int, ...], target: tuple[int, ...], copied: bool) -> None:
    w = rng_of(3).normal(size=(target[-1], 3)).astype(np.float32)
    nodes: Nodes = [("Relu", ["x"], ["r"]), ("Reshape", ["r", "s"], ["f"]), ("MatMul", ["f", "w"], ["y"])]
    program = verify(graph_of(nodes, {"x": source}, ["y"], {"s": _shape(*target), "w": w}))
    assert any("copy" in name for name in program.relation.names.tensors) == copied


def test_squeeze_unsqueeze_identity_cast() -> None:
    nodes: Nodes = [
        ("Unsqueeze", ["x", "a"], ["u"]),
        ("Identity", ["u"], ["i"]),
        ("Cast", ["i"], ["c"], {"to": 11}),
        ("Cast", ["c"], ["d"], {"to": 1}),
        ("Squeeze", ["d", "a"], ["s"]),
        ("Add", ["s", "x"], ["y"]),
    ]
    verify(graph_of(nodes, {"x": (3, 4)}, ["y"], {"a": _shape(1)}))


def test_view_as_output_is_a_tensor_of_its_own() -> None:
    nodes: Nodes = [("Relu", ["x"], ["r"]), ("Flatten", ["r"], ["y"])]
    program = verify(graph_of(nodes, {"x": (2, 3, 2)}, ["y"]), outputs="private")
    assert program.relation.tensor("y").shape == (2, 6)


def test_add_of_differently_factored_operands() -> None:
    nodes: Nodes = [
        ("Reshape", ["x", "s"], ["a"]),
        ("Reshape", ["z", "s"], ["b"]),
        ("Add", ["a", "b"], ["y"]),
    ]
    verify(graph_of(nodes, {"x": (2, 3), "z": (3, 2)}, ["y"], {"s": _shape(6)}))


@pytest.mark.parametrize("consumer", ["Slice", "ArgMax", "Reshape"])
def test_axis_of_more_factors_than_a_map_takes(consumer: str) -> None:
    shape = (2, 3, 2, 2, 2)
    constants = {
        "flat": np.asarray([48], dtype=np.int64),
        **{name: np.asarray([value], dtype=np.int64) for name, value in (("s", 5), ("e", 41))},
        "other": np.asarray([3, 16], dtype=np.int64),
    }
    rest = {"Slice": ["s", "e"], "ArgMax": [], "Reshape": ["other"]}[consumer]
    nodes = [
        ("Relu", ["x"], ["r"]),
        ("Transpose", ["r"], ["t"], {"perm": (4, 2, 0, 3, 1)}),
        ("Reshape", ["t", "flat"], ["f"]),
        (consumer, ["f", *rest], ["y"]),
    ]
    used = {name: constants[name] for name in ("flat", *rest)}
    verify(graph_of(nodes, {"x": shape}, ["y"], used))


def test_softmax_over_an_axis_of_one_entry_that_a_reshape_made() -> None:
    nodes: Nodes = [("Reshape", ["x", "s"], ["t"]), ("Softmax", ["t"], ["y"], {"axis": 0})]
    verify(graph_of(nodes, {"x": (2, 3)}, ["y"], {"s": _shape(1, 6)}), outputs="private")
