"""Gemm and MatMul against onnxruntime, with every lie rejected."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.lowering.harness_test import calibrated, f32, graph_of, rng_of, verify


def test_weights_that_nodes_share_are_stored_once() -> None:
    weights = f32(rng_of(5).normal(size=(40, 40)) / 6)
    nodes = [("MatMul", ["x", "w"], ["a"]), ("MatMul", ["a", "w"], ["b"]), ("MatMul", ["b", "w"], ["y"])]
    program = verify(graph_of(nodes, {"x": (1, 40)}, ["y"], {"w": weights}), tolerance=2.0**-9)
    assert [integers.size for integers in program.parameters.values()] == [1600]


def test_shared_weights_that_are_read_with_coarser_loops_are_stored_again() -> None:
    weights = f32(rng_of(6).normal(size=(6, 6)))
    nodes = [
        ("Reshape", ["x", "flat"], ["f"]),
        ("MatMul", ["f", "w"], ["a"]),
        ("MatMul", ["z", "w"], ["b"]),
        ("Add", ["a", "b"], ["y"]),
    ]
    constants = {"w": weights, "flat": np.array([1, 6])}
    graph = graph_of(nodes, {"x": (1, 2, 3), "z": (1, 6)}, ["y"], constants)
    verify(graph, tolerance=2.0**-9)


@pytest.mark.parametrize("seed", range(4))
def test_gemm_random_attributes(seed: int) -> None:
    rng = rng_of(seed)
    m, k, n = (int(v) for v in rng.integers(1, 9, size=3))
    trans_a, trans_b = int(seed == 1), int(rng.integers(2))
    w = rng.normal(size=(n, k) if trans_b else (k, n)).astype(np.float32)
    bias = rng.normal(size=[(n,), (1, n), (m, n), (m, 1)][seed]).astype(np.float32)
    attributes = {"transA": trans_a, "transB": trans_b, "alpha": 0.5, "beta": 2.0}
    x_shape = (k, m) if trans_a else (m, k)
    verify(
        graph_of([("Gemm", ["x", "w", "c"], ["y"], attributes)], {"x": x_shape}, ["y"], {"w": w, "c": bias}), seed=seed
    )


@pytest.mark.parametrize(
    ("left", "right"),
    [((2, 3, 4), (4, 5)), ((4,), (4, 5)), ((3, 4), (4,)), ((2, 1, 3, 4), (3, 4, 2)), ((5, 4), (2, 4, 3))],
)
@pytest.mark.parametrize("constant", ["left", "right", "none"])
def test_matmul_shapes(left: tuple[int, ...], right: tuple[int, ...], constant: str) -> None:
    rng = rng_of(len(left) * 10 + len(right))
    shapes = {"a": left, "b": right}
    fixed = {"left": "a", "right": "b"}.get(constant)
    initializers = {fixed: rng.normal(size=shapes[fixed]).astype(np.float32)} if fixed else {}
    inputs = {name: shape for name, shape in shapes.items() if name != fixed}
    verify(graph_of([("MatMul", ["a", "b"], ["y"])], inputs, ["y"], initializers))


def test_gemm_after_flatten_is_a_view() -> None:
    w = rng_of(0).normal(size=(24, 3)).astype(np.float32)
    nodes = [("Relu", ["x"], ["r"]), ("Flatten", ["r"], ["f"]), ("Gemm", ["f", "w"], ["y"])]
    program = verify(graph_of(nodes, {"x": (1, 2, 3, 4)}, ["y"], {"w": w}))
    assert program.relation.tensor("w").shape == (2, 3, 4, 3)
    assert not any("copy" in name for name in program.relation.names.tensors)


def test_public_weights_are_fixed_in_the_relation() -> None:
    w = rng_of(0).normal(size=(4, 3)).astype(np.float32)
    program = verify(graph_of([("MatMul", ["x", "w"], ["y"])], {"x": (1, 4)}, ["y"], {"w": w}), weights="public")
    assert not program.parameters
    assert "w" in program.relation.fixed


def test_gemm_rejects_two_constants() -> None:
    w = np.ones((2, 2), dtype=np.float32)
    nodes = [("MatMul", ["a", "b"], ["c"]), ("Add", ["x", "c"], ["y"])]
    with pytest.raises(UnsupportedOp) as caught:
        calibrated(graph_of(nodes, {"x": (2, 2)}, ["y"], {"a": w, "b": w}), [{"x": w}])
    assert caught.value.node == "n0"
