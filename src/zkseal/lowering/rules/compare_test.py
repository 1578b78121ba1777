"""Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Sign."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering import Visibility
from zkseal.lowering.harness_test import Arrays, f32, graph_of, rng_of, verify

COMPARISONS = ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")


def drawn(seed: int, dtype: str, left: tuple[int, ...], right: tuple[int, ...]) -> list[Arrays]:
    """Samples in which equal operands are frequent."""
    rng = rng_of(seed)
    low = 0 if dtype.startswith("u") else -4
    return [
        {"a": rng.integers(low, 5, size=left).astype(dtype), "b": rng.integers(low, 5, size=right).astype(dtype)}
        for _ in range(4)
    ]


@pytest.mark.parametrize("op", COMPARISONS)
@pytest.mark.parametrize("dtype", ["float32", "int32", "int64", "uint8"])
@pytest.mark.parametrize("outputs", ["private", "public"])
def test_comparison(op: str, dtype: str, outputs: Visibility) -> None:
    shapes = ((2, 1, 3), (4, 1))
    graph = graph_of([(op, ["a", "b"], ["y"])], {"a": (dtype, shapes[0]), "b": (dtype, shapes[1])}, ["y"])
    verify(graph, samples=drawn(1, dtype, *shapes), outputs=outputs)


@pytest.mark.parametrize("op", COMPARISONS)
def test_floats_of_different_magnitude_that_are_equal_stay_equal(op: str) -> None:
    rng = rng_of(2)
    a = f32(rng.normal(size=(2, 6)))
    b = f32(1000 * rng.normal(size=(2, 6)))
    b[:, :3] = a[:, :3]
    graph = graph_of([(op, ["a", "b"], ["y"])], {"a": (2, 6), "b": (2, 6)}, ["y"])
    verify(graph, samples=[{"a": a, "b": b}])


@pytest.mark.parametrize("op", COMPARISONS)
def test_comparison_with_a_constant(op: str) -> None:
    samples = [{"x": f32([[-1, 0.3, 0.30001], [0.25, 7, 0.29999]])}]
    verify(graph_of([(op, ["x", "c"], ["y"])], {"x": (2, 3)}, ["y"], {"c": f32(0.3)}), samples=samples)


@pytest.mark.parametrize("op", COMPARISONS)
@pytest.mark.parametrize("constant", [1.5, 0.3, -2.0])
def test_whole_numbers_beside_a_constant_between_them(op: str, constant: float) -> None:
    samples = [{"x": f32([-3, -2, -1, 0, 1, 2])}]
    verify(graph_of([(op, ["x", "c"], ["y"])], {"x": (6,)}, ["y"], {"c": f32(constant)}), samples=samples)


def test_comparison_of_a_product() -> None:
    """A product of two values is committed before a bit multiplies it."""
    nodes = [("Mul", ["a", "b"], ["p"]), ("Greater", ["p", "a"], ["y"])]
    verify(graph_of(nodes, {"a": (3, 4), "b": (3, 4)}, ["y"]))


def test_equality_of_booleans() -> None:
    rng = rng_of(4)
    samples = [{name: rng.integers(0, 2, size=(2, 3)).astype(bool) for name in "ab"} for _ in range(3)]
    shape = ("bool", (2, 3))
    verify(graph_of([("Equal", ["a", "b"], ["y"])], {"a": shape, "b": shape}, ["y"]), samples=samples)


@pytest.mark.parametrize("dtype", ["float32", "int8", "int64"])
def test_sign(dtype: str) -> None:
    samples = [{"x": np.asarray([[-3, 0, 5], [0, 1, -1]], dtype=dtype)}]
    verify(graph_of([("Sign", ["x"], ["y"])], {"x": (dtype, (2, 3))}, ["y"]), samples=samples)


def test_sign_of_small_numbers() -> None:
    samples = [{"x": f32([-100, -1e-3, 1e-3, 100])}]
    verify(graph_of([("Sign", ["x"], ["y"])], {"x": (4,)}, ["y"]), samples=samples)
