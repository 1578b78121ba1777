"""PRelu."""

from __future__ import annotations

import pytest

from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify


@pytest.mark.parametrize("shape", [(), (3, 1), (2, 3, 4)])
def test_constant_slope(shape: tuple[int, ...]) -> None:
    slope = f32(rng_of(1).normal(size=shape))
    verify(graph_of([("PRelu", ["x", "s"], ["y"])], {"x": (2, 3, 4)}, ["y"], {"s": slope}))


def test_computed_slope() -> None:
    verify(graph_of([("PRelu", ["x", "s"], ["y"])], {"x": (2, 3, 4), "s": (4,)}, ["y"]))


def test_fused_with_the_layer_before() -> None:
    rng = rng_of(2)
    constants = {"w": f32(rng.normal(size=(4, 3))), "s": f32(rng.uniform(size=3))}
    nodes = [("MatMul", ["x", "w"], ["h"]), ("PRelu", ["h", "s"], ["y"])]
    verify(graph_of(nodes, {"x": (2, 4)}, ["y"], constants), outputs="private")
