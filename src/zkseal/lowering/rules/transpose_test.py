"""Transpose, before products and before reshapes."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.harness_test import graph_of, rng_of, verify


@pytest.mark.parametrize("perm", [(0, 2, 1), (2, 1, 0), (1, 0, 2)])
def test_transpose_then_matmul(perm: tuple[int, ...]) -> None:
    shape = tuple((2, 3, 4)[axis] for axis in perm)
    w = rng_of(0).normal(size=(shape[-1], 2)).astype(np.float32)
    nodes = [("Transpose", ["x"], ["t"], {"perm": perm}), ("MatMul", ["t", "w"], ["y"])]
    verify(graph_of(nodes, {"x": (2, 3, 4)}, ["y"], {"w": w}))


def test_transpose_then_flatten_reads_permuted_factors() -> None:
    w = rng_of(0).normal(size=(24, 2)).astype(np.float32)
    nodes = [
        ("Transpose", ["x"], ["t"], {"perm": (0, 2, 3, 1)}),
        ("Flatten", ["t"], ["f"]),
        ("Gemm", ["f", "w"], ["y"]),
    ]
    program = verify(graph_of(nodes, {"x": (1, 2, 3, 4)}, ["y"], {"w": w}))
    assert not any("copy" in name for name in program.relation.names.tensors)
    assert program.relation.tensor("w").shape == (3, 4, 2, 2)


def test_attention_scores() -> None:
    nodes = [
        ("Transpose", ["q"], ["qt"], {"perm": (0, 2, 1, 3)}),
        ("Transpose", ["k"], ["kt"], {"perm": (0, 2, 3, 1)}),
        ("MatMul", ["qt", "kt"], ["y"]),
    ]
    verify(graph_of(nodes, {"q": (1, 3, 2, 4), "k": (1, 3, 2, 4)}, ["y"]))
