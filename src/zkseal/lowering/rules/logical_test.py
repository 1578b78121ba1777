"""And, Or, Xor, Not."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering import Visibility
from zkseal.lowering.harness_test import graph_of, rng_of, verify


@pytest.mark.parametrize("op", ["And", "Or", "Xor"])
@pytest.mark.parametrize("outputs", ["private", "public"])
def test_of_two_values(op: str, outputs: Visibility) -> None:
    rng = rng_of(1)
    shapes = {"a": (2, 1, 4), "b": (3, 1)}
    samples = [{n: rng.integers(0, 2, size=shape).astype(bool) for n, shape in shapes.items()} for _ in range(3)]
    graph = graph_of([(op, ["a", "b"], ["y"])], {n: ("bool", shape) for n, shape in shapes.items()}, ["y"])
    verify(graph, samples=samples, outputs=outputs)


@pytest.mark.parametrize("op", ["And", "Or", "Xor"])
@pytest.mark.parametrize("side", [0, 1])
def test_of_a_constant(op: str, side: int) -> None:
    rng = rng_of(2)
    samples = [{"x": rng.integers(0, 2, size=(2, 3)).astype(bool)} for _ in range(3)]
    operands = ["c", "x"] if side == 0 else ["x", "c"]
    constants = {"c": np.asarray([True, False, True])}
    verify(graph_of([(op, operands, ["y"])], {"x": ("bool", (2, 3))}, ["y"], constants), samples=samples)


def test_chain() -> None:
    """not (a and b) or (a xor (x > 0)): products of products are committed where they have to be."""
    rng = rng_of(3)
    nodes = [
        ("Greater", ["x", "zero"], ["g"]),
        ("And", ["a", "b"], ["p"]),
        ("Not", ["p"], ["n"]),
        ("Xor", ["a", "g"], ["q"]),
        ("Or", ["n", "q"], ["y"]),
    ]
    inputs = {"a": ("bool", (2, 3)), "b": ("bool", (2, 3)), "x": ("float32", (2, 3))}
    samples = [
        {
            "a": rng.integers(0, 2, size=(2, 3)).astype(bool),
            "b": rng.integers(0, 2, size=(2, 3)).astype(bool),
            "x": rng.normal(size=(2, 3)).astype(np.float32),
        }
        for _ in range(3)
    ]
    verify(graph_of(nodes, inputs, ["y"], {"zero": np.float32(0)}), samples=samples)
