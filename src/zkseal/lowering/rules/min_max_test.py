"""Min and Max."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering import Visibility
from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify


@pytest.mark.parametrize("op", ["Min", "Max"])
@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8"])
@pytest.mark.parametrize("outputs", ["private", "public"])
def test_of_several_values(op: str, dtype: str, outputs: Visibility) -> None:
    rng = rng_of(1)
    shapes = {"a": (2, 1, 3), "b": (4, 1), "c": (1,)}
    samples = [{n: (rng.uniform(0, 9, size=shape)).astype(dtype) for n, shape in shapes.items()} for _ in range(4)]
    graph = graph_of([(op, list(shapes), ["y"])], {n: (dtype, shape) for n, shape in shapes.items()}, ["y"])
    verify(graph, samples=samples, outputs=outputs)


@pytest.mark.parametrize("op", ["Min", "Max"])
def test_of_one_value(op: str) -> None:
    verify(graph_of([(op, ["x"], ["z"]), ("Relu", ["z"], ["y"])], {"x": (2, 3)}, ["y"]))


@pytest.mark.parametrize("op", ["Min", "Max"])
def test_of_a_constant(op: str) -> None:
    constants = {"c": f32([[0.3], [-0.7]])}
    verify(graph_of([(op, ["x", "c"], ["y"])], {"x": (2, 3)}, ["y"], constants))


@pytest.mark.parametrize("op", ["Min", "Max"])
def test_operands_of_very_different_magnitude(op: str) -> None:
    rng = rng_of(3)
    samples = [{"a": f32(1e-4 * rng.normal(size=5)), "b": f32(1e4 * rng.normal(size=5))} for _ in range(4)]
    verify(graph_of([(op, ["a", "b"], ["y"])], {"a": (5,), "b": (5,)}, ["y"]), samples=samples)


def test_of_products() -> None:
    nodes = [("Mul", ["a", "b"], ["p"]), ("Mul", ["a", "a"], ["q"]), ("Max", ["p", "q"], ["y"])]
    verify(graph_of(nodes, {"a": (3, 4), "b": (3, 4)}, ["y"]), seed=int(np.uint8(7)))
