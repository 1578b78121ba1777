"""Floor, Ceil, Round."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering import Visibility
from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify

OPS = ("Floor", "Ceil", "Round")


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("outputs", ["private", "public"])
def test_exact_quarters(op: str, outputs: Visibility) -> None:
    """Ties, whole numbers and what lies between, of both signs."""
    samples = [{"x": f32(np.arange(-24, 25) / 4)}]
    verify(graph_of([(op, ["x"], ["y"])], {"x": (49,)}, ["y"]), samples=samples, outputs=outputs, tolerance=0.0)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("size", [0.01, 3.0, 1e5])
def test_any_numbers(op: str, size: float) -> None:
    rng = rng_of(2)
    samples = [{"x": f32(size * rng.normal(size=(3, 4)))} for _ in range(4)]
    verify(graph_of([(op, ["x"], ["y"])], {"x": (3, 4)}, ["y"]), samples=samples)


@pytest.mark.parametrize("op", OPS)
def test_fused_with_the_layer_before(op: str) -> None:
    w = f32(rng_of(3).normal(size=(4, 3)))
    nodes = [("MatMul", ["x", "w"], ["h"]), (op, ["h"], ["y"])]
    verify(graph_of(nodes, {"x": (2, 4)}, ["y"], {"w": w}), seed=3, outputs="private")


@pytest.mark.parametrize("op", OPS)
def test_of_whole_numbers(op: str) -> None:
    nodes = [("Floor", ["x"], ["f"]), (op, ["f"], ["y"])]
    verify(graph_of(nodes, {"x": (2, 4)}, ["y"]))
