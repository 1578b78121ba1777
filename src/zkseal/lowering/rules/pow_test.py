"""Pow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.errors import RangeExceeded, UnsupportedOp
from zkseal.lowering.harness_test import Arrays, calibrated, f32, graph_of, rng_of, verify

POW = ("Pow", ["x", "e"], ["y"])


def positive(seed: int, *shape: int) -> list[Arrays]:
    rng = rng_of(seed)
    return [{"x": f32(rng.uniform(0.2, 3, size=shape))} for _ in range(4)]


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 1.7, 2.0, 3.0, -1.0, -0.5])
def test_constant_exponent(exponent: float) -> None:
    verify(graph_of([POW], {"x": (2, 3)}, ["y"], {"e": f32(exponent)}), samples=positive(1, 2, 3))


@pytest.mark.parametrize("exponent", [2, 3, 5])
def test_whole_power_of_numbers_of_either_sign(exponent: int) -> None:
    verify(graph_of([POW], {"x": (2, 3)}, ["y"], {"e": f32([[exponent]])}))


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 7])
def test_of_integers(exponent: int) -> None:
    samples = [{"x": np.asarray([[-3, -1, 0], [1, 2, 4]], dtype=np.int64)}]
    verify(graph_of([POW], {"x": ("int64", (2, 3))}, ["y"], {"e": np.int64(exponent)}), samples=samples)


def test_wide_result_of_a_power() -> None:
    nodes = [("Add", ["x", "one"], ["s"]), ("Pow", ["s", "e"], ["y"])]
    verify(graph_of(nodes, {"x": (2, 3)}, ["y"], {"one": f32([1]), "e": f32([[[2]]])}), samples=positive(2, 2, 3))


@pytest.mark.parametrize("base", [0.5, 3.0])
def test_constant_base(base: float) -> None:
    verify(graph_of([("Pow", ["b", "x"], ["y"])], {"x": (2, 3)}, ["y"], {"b": f32(base)}))


def test_computed_exponent() -> None:
    rng = rng_of(3)
    samples = [{**sample, "e": f32(rng.uniform(-3, 3, size=(3,)))} for sample in positive(3, 2, 3)]
    verify(graph_of([POW], {"x": (2, 3), "e": (3,)}, ["y"]), samples=samples)


def test_exponents_of_a_vector() -> None:
    verify(graph_of([POW], {"x": (2, 3)}, ["y"], {"e": f32([1, 2.5, -2])}), samples=positive(4, 2, 3))


@pytest.mark.parametrize(
    ("nodes", "constants", "x"),
    [
        ([("Pow", ["b", "x"], ["y"])], {"b": f32(-2)}, [2.0, 3.0]),
        ([POW], {"e": f32(-2)}, [-1.5, 2.0]),
    ],
)
def test_powers_with_a_pole_or_a_gap_are_refused(nodes: Any, constants: Any, x: list[float]) -> None:
    with pytest.raises(UnsupportedOp):
        calibrated(graph_of(nodes, {"x": (2,)}, ["y"], constants), [{"x": f32(x)}])


def test_a_negative_power_of_negative_numbers() -> None:
    samples = [{"x": -sample["x"]} for sample in positive(5, 2, 3)]
    verify(graph_of([POW], {"x": (2, 3)}, ["y"], {"e": f32(-3)}), samples=samples)


@pytest.mark.parametrize("shapes", [((2, 4), (2, 4)), ((2, 1), (4,)), ((4,), (1,))])
def test_computed_exponent_of_integers(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    rng = rng_of(6)
    samples = [{"x": rng.integers(-3, 4, size=shapes[0]), "e": rng.integers(0, 7, size=shapes[1])} for _ in range(3)]
    inputs = {"x": ("int64", shapes[0]), "e": ("int64", shapes[1])}
    verify(graph_of([POW], inputs, ["y"]), samples=samples)


def test_a_negative_exponent_of_integers_is_out_of_range() -> None:
    nodes = [("Sub", ["e", "c"], ["d"]), ("Pow", ["x", "d"], ["y"])]
    inputs = {"x": ("int64", (2,)), "e": ("int64", (2,))}
    graph = graph_of(nodes, inputs, ["y"], {"c": np.asarray([2], dtype=np.int64)})
    x = np.asarray([2, 3], dtype=np.int64)
    program = verify(graph, samples=[{"x": x, "e": np.asarray([4, 2], dtype=np.int64)}])
    with pytest.raises(RangeExceeded):
        program.run({"x": x, "e": np.asarray([4, 1], dtype=np.int64)})


@pytest.mark.parametrize(("dtype", "other"), [("float32", "int32"), ("int32", "float32")])
def test_computed_exponent_of_any_base_is_refused(dtype: str, other: str) -> None:
    graph = graph_of([POW], {"x": (dtype, (2,)), "e": (other, (2,))}, ["y"])
    samples = [{"x": np.asarray([-1, 2], dtype=dtype), "e": np.asarray([2, 3], dtype=other)}]
    with pytest.raises(UnsupportedOp):
        calibrated(graph, samples)
