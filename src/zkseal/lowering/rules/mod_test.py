"""Mod, and Div of integers, of all signs."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.errors import RangeExceeded
from zkseal.lowering import Visibility
from zkseal.lowering.harness_test import Arrays, calibrated, f32, graph_of, rng_of, verify


def drawn(seed: int, dtype: str, left: tuple[int, ...], right: tuple[int, ...]) -> list[Arrays]:
    rng = rng_of(seed)
    low = 0 if dtype.startswith("u") else -30
    samples: list[Arrays] = []
    for _ in range(4):
        b = rng.integers(low, 8, size=right)
        samples.append({"a": rng.integers(low, 31, size=left).astype(dtype), "b": np.where(b == 0, 3, b).astype(dtype)})
    return samples


@pytest.mark.parametrize(
    ("op", "fmod", "dtype"),
    [("Div", None, "int32"), ("Div", None, "int64"), ("Div", None, "uint8")]
    + [("Mod", fmod, dtype) for fmod in (0, 1) for dtype in ("int32", "uint8")],
)
@pytest.mark.parametrize("outputs", ["private", "public"])
def test_of_two_values(op: str, fmod: int | None, dtype: str, outputs: Visibility) -> None:
    attributes = {} if fmod is None else {"fmod": fmod}
    shapes = ((2, 1, 3), (4, 1))
    inputs = {"a": (dtype, shapes[0]), "b": (dtype, shapes[1])}
    graph = graph_of([(op, ["a", "b"], ["y"], attributes)], inputs, ["y"])
    verify(graph, samples=drawn(1, dtype, *shapes), outputs=outputs)


@pytest.mark.parametrize("op", ["Div", "Mod"])
@pytest.mark.parametrize("divisor", [1, 3, -4])
def test_constant_divisor(op: str, divisor: int) -> None:
    samples = [{"a": sample["a"]} for sample in drawn(2, "int32", (2, 5), (1,))]
    graph = graph_of([(op, ["a", "b"], ["y"])], {"a": ("int32", (2, 5))}, ["y"], {"b": np.int32(divisor)})
    verify(graph, samples=samples)


@pytest.mark.parametrize("op", ["Div", "Mod"])
def test_constant_dividend(op: str) -> None:
    samples = [{"b": sample["b"]} for sample in drawn(3, "int64", (1,), (2, 3))]
    graph = graph_of(
        [(op, ["a", "b"], ["y"])], {"b": ("int64", (2, 3))}, ["y"], {"a": np.asarray([[-17], [17]], dtype=np.int64)}
    )
    verify(graph, samples=samples)


def test_mod_of_floats() -> None:
    rng = rng_of(4)
    samples = [
        {"a": f32(rng.integers(-64, 64, size=(2, 3)) / 8), "b": f32([[0.75], [-2.5]])},
        {"a": f32([[0.0, 1.0, -1.0], [8.0, -8.0, 0.5]]), "b": f32([[0.5], [1.25]])},
    ]
    verify(graph_of([("Mod", ["a", "b"], ["y"], {"fmod": 1})], {"a": (2, 3), "b": (2, 1)}, ["y"]), samples=samples)


@pytest.mark.parametrize("op", ["Div", "Mod"])
def test_division_by_zero_is_out_of_range(op: str) -> None:
    inputs = {"a": ("int32", (2,)), "b": ("int32", (2,))}
    program = calibrated(graph_of([(op, ["a", "b"], ["y"])], inputs, ["y"]), drawn(5, "int32", (2,), (2,)))
    with pytest.raises(RangeExceeded):
        program.run({"a": np.asarray([1, 2]), "b": np.asarray([1, 0])})
