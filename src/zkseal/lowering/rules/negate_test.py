"""Neg, Abs, Sum, Mean."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify


@pytest.mark.parametrize("op", ["Neg", "Abs"])
@pytest.mark.parametrize("dtype", ["float32", "int8", "int64"])
def test_of_one_value(op: str, dtype: str) -> None:
    rng = rng_of(1)
    samples = [{"x": rng.integers(-99, 100, size=(2, 3)).astype(dtype)} for _ in range(4)]
    verify(graph_of([(op, ["x"], ["y"])], {"x": (dtype, (2, 3))}, ["y"]), samples=samples)


@pytest.mark.parametrize("op", ["Neg", "Abs"])
def test_fused_with_the_layer_before(op: str) -> None:
    w = f32(rng_of(2).normal(size=(4, 3)))
    nodes = [("MatMul", ["x", "w"], ["h"]), (op, ["h"], ["y"])]
    verify(graph_of(nodes, {"x": (2, 4)}, ["y"], {"w": w}), outputs="private")


@pytest.mark.parametrize("op", ["Sum", "Mean"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_of_several_values(op: str, count: int) -> None:
    names = list("abc")[:count]
    shapes = {"a": (2, 1, 3), "b": (4, 1), "c": (3,)}
    constants = {"k": f32(np.arange(3))} if count == 3 else {}
    graph = graph_of(
        [(op, [*names, *constants], ["z"]), ("Relu", ["z"], ["y"])], {n: shapes[n] for n in names}, ["y"], constants
    )
    verify(graph)
