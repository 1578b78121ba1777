"""Relu, alone and fused."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.errors import RangeExceeded
from zkseal.lowering.harness_test import calibrated, f32, graph_of, rng_of, verify


def test_relu_alone() -> None:
    verify(graph_of([("Relu", ["x"], ["y"])], {"x": (2, 5)}, ["y"]))


@pytest.mark.parametrize("outputs", ["private", "public"])
def test_relu_fused_with_gemm(outputs: str) -> None:
    w = rng_of(1).normal(size=(6, 4)).astype(np.float32)
    graph = graph_of([("MatMul", ["x", "w"], ["h"]), ("Relu", ["h"], ["y"])], {"x": (1, 6)}, ["y"], {"w": w})
    program = verify(graph, outputs=outputs)  # type: ignore[arg-type]
    assert "h" not in program.relation.names.tensors


def test_relu_of_value_with_two_uses_is_rounded_once() -> None:
    w = rng_of(1).normal(size=(6, 4)).astype(np.float32)
    nodes = [("MatMul", ["x", "w"], ["h"]), ("Relu", ["h"], ["r"]), ("Add", ["h", "r"], ["y"])]
    program = verify(graph_of(nodes, {"x": (1, 6)}, ["y"], {"w": w}))
    assert "h" in program.relation.names.tensors


def test_value_beyond_headroom_names_tensor_and_value() -> None:
    w = np.eye(3, dtype=np.float32)
    nodes = [("MatMul", ["x", "w"], ["h"]), ("Relu", ["h"], ["y"])]
    graph = graph_of(
        [("Add", ["x", "x"], ["z"]), ("MatMul", ["z", "w"], ["h"]), nodes[1]], {"x": (1, 3)}, ["y"], {"w": w}
    )
    program = calibrated(graph, [{"x": f32([[1.0, 0.3, -0.2]])}])
    with pytest.raises(RangeExceeded) as caught:
        program.run({"x": f32([[7.0, 0.0, 0.0]])})
    assert caught.value.tensor == "x"
    assert caught.value.value == 7.0


def test_relu_of_integers() -> None:
    samples = [{"x": np.asarray([-70000, -1, 0, 1, 100_000], dtype=np.int32)}]
    verify(graph_of([("Relu", ["x"], ["y"])], {"x": ("int32", (5,))}, ["y"]), samples=samples)


def test_relu_before_a_steep_function_is_finer() -> None:
    """A divisor of 0.01 beside others of 100."""
    samples = [{"x": f32([0.01, 3.0, 100.0, 0.05])}]
    verify(graph_of([("Relu", ["x"], ["h"]), ("Reciprocal", ["h"], ["y"])], {"x": (4,)}, ["y"]), samples=samples)
