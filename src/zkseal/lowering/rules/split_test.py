"""Split: equal parts, given sizes, merged axes, omitted outputs."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.harness_test import graph_of, rng_of, verify


@pytest.mark.parametrize(("axis", "attributes"), [(0, {"num_outputs": 2}), (-1, {"num_outputs": 3}), (1, {})])
def test_split(axis: int, attributes: dict[str, int]) -> None:
    sizes = {} if attributes else {"s": np.asarray([1, 4], dtype=np.int64)}
    outputs = [f"p{k}" for k in range(attributes.get("num_outputs", 2))]
    split = ("Split", ["x", *sizes], outputs, {"axis": axis, **attributes})
    ends = [("Relu", [name], [f"y{k}"]) for k, name in enumerate(outputs)]
    verify(graph_of([split, *ends], {"x": (2, 5, 8)}, [f"y{k}" for k in range(len(outputs))], sizes))


def test_parts_are_outputs() -> None:
    nodes = [("Split", ["x"], ["y", "z"], {"axis": 1, "num_outputs": 2})]
    verify(graph_of(nodes, {"x": (2, 6)}, ["y", "z"]), outputs="private")


def test_split_of_a_merged_axis() -> None:
    nodes = [
        ("Relu", ["x"], ["r"]),
        ("Flatten", ["r"], ["f"]),
        ("Split", ["f"], ["p", "q"], {"axis": 1, "num_outputs": 2}),
        ("Mul", ["p", "q"], ["y"]),
    ]
    verify(graph_of(nodes, {"x": (1, 3, 4)}, ["y"]))


def test_query_key_value() -> None:
    w = rng_of(1).normal(size=(4, 12)).astype(np.float32)
    nodes = [
        ("MatMul", ["x", "w"], ["h"]),
        ("Split", ["h"], ["q", "k", "v"], {"axis": 2, "num_outputs": 3}),
        ("Transpose", ["k"], ["t"], {"perm": (0, 2, 1)}),
        ("MatMul", ["q", "t"], ["s"]),
        ("MatMul", ["s", "v"], ["y"]),
    ]
    verify(graph_of(nodes, {"x": (1, 3, 4)}, ["y"], {"w": w}))
