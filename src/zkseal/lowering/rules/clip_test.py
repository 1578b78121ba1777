"""Clip with one limit, two or none."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.blocks.function import TableLookup
from zkseal.lowering.blocks.rescale import Rescale
from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify


@pytest.mark.parametrize(
    ("lower", "upper"), [(0.0, 0.7), (-0.5, None), (None, 0.3), (None, None), (-9.0, 9.0), (-1e30, 0.5), (2.0, 1e9)]
)
def test_clip(lower: float | None, upper: float | None) -> None:
    w = rng_of(1).normal(size=(4, 3)).astype("float32")
    limits = {name: np.asarray(v, dtype=np.float32) for name, v in (("lo", lower), ("hi", upper)) if v is not None}
    inputs = ["h", "lo" if lower is not None else "", "hi" if upper is not None else ""]
    nodes = [("MatMul", ["x", "w"], ["h"]), ("Clip", inputs, ["y"])]
    verify(graph_of(nodes, {"x": (2, 4)}, ["y"], {"w": w, **limits}))


def test_the_upper_of_reversed_limits_counts() -> None:
    limits = {"lo": f32(1), "hi": f32(0.5)}
    verify(graph_of([("Clip", ["x", "lo", "hi"], ["y"])], {"x": (2,)}, ["y"], limits))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32"])
@pytest.mark.parametrize(("lower", "upper"), [(3, 90), (None, 17), (0, None)])
def test_clip_of_integers(dtype: str, lower: int | None, upper: int | None) -> None:
    rng = rng_of(2)
    low = 0 if dtype == "uint8" else -100
    samples = [{"x": rng.integers(low, 101, size=(2, 5)).astype(dtype)} for _ in range(3)]
    limits = {name: np.asarray(v, dtype=dtype) for name, v in (("lo", lower), ("hi", upper)) if v is not None}
    inputs = ["x", "lo" if lower is not None else "", "hi" if upper is not None else ""]
    verify(graph_of([("Clip", inputs, ["y"])], {"x": (dtype, (2, 5))}, ["y"], limits), samples=samples)


def test_many_entries_are_clipped_by_a_table() -> None:
    """Two Relu6 of one network, over whose ranges one table goes."""
    rng = rng_of(4)
    limits = {"lo": f32(0), "hi": f32(6), "w": f32(rng.normal(size=(4, 4)))}
    nodes = [
        ("MatMul", ["x", "w"], ["h"]),
        ("Clip", ["h", "lo", "hi"], ["a"]),
        ("MatMul", ["a", "w"], ["g"]),
        ("Clip", ["g", "lo", "hi"], ["y"]),
    ]
    samples = [{"x": f32(2 * rng.normal(size=(16000, 4)))}]
    program = verify(graph_of(nodes, {"x": (16000, 4)}, ["y"], limits), samples=samples, tolerance=2.0**-9)
    assert [type(step) for step in program.steps] == [Rescale, TableLookup] * 2
