"""Softmax over any axis, with ties, saturated, long, and under masks; LogSoftmax."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.errors import RangeExceeded, UnsupportedOp
from zkseal.lowering.harness_test import calibrated, f32, graph_of, rng_of, verify

LOWEST = float(np.finfo(np.float32).min)


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("size", [1.0, 20.0])
def test_softmax(op: str, axis: int, size: float) -> None:
    rng = rng_of(1)
    samples = [{"x": (size * rng.normal(size=(2, 3, 4))).astype(np.float32)} for _ in range(4)]
    graph = graph_of([(op, ["x"], ["y"], {"axis": axis})], {"x": (2, 3, 4)}, ["y"])
    verify(graph, samples=samples, outputs="private")


@pytest.mark.parametrize("length", [1, 2, 5, 7])
def test_softmax_of_equal_entries(length: int) -> None:
    samples = [{"x": np.full((2, length), v, dtype=np.float32)} for v in (1.0, -2.0)]
    verify(graph_of([("Softmax", ["x"], ["y"])], {"x": (2, length)}, ["y"]), samples=samples)


@pytest.mark.parametrize(("length", "size"), [(300, 3.0), (1500, 0.01), (1500, 4.0)])
@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
def test_softmax_along_long_axes(op: str, length: int, size: float) -> None:
    x = (size * rng_of(2).normal(size=(1, length))).astype(np.float32)
    graph = graph_of([(op, ["x"], ["y"])], {"x": x.shape}, ["y"])
    program = calibrated(graph, [{"x": x}])
    expected = np.exp(x - x.max()) / np.exp(x - x.max()).sum()
    expected = np.log(expected) if op == "LogSoftmax" else expected
    assert np.abs(program.predict({"x": x})["y"] - expected).max() <= 2.0**-10 * np.abs(expected).max()


def test_a_share_of_one_fits_where_calibration_saw_small_ones() -> None:
    samples = [{"x": f32(rng_of(3).uniform(0.9, 1.0, (1, 64)))}]
    program = calibrated(graph_of([("Softmax", ["x"], ["y"])], {"x": (1, 64)}, ["y"]), samples)
    x = np.full((1, 64), -1.9, np.float32)
    x[0, 3] = 1.9
    expected = np.exp(x) / np.exp(x).sum()
    assert np.abs(program.predict({"x": x})["y"] - expected).max() < 2.0**-12


def test_attention() -> None:
    nodes = [
        ("Transpose", ["k"], ["kt"], {"perm": (0, 2, 1)}),
        ("MatMul", ["q", "kt"], ["s"]),
        ("Mul", ["s", "c"], ["t"]),
        ("Softmax", ["t"], ["p"], {"axis": -1}),
        ("MatMul", ["p", "v"], ["y"]),
    ]
    shape = (2, 3, 4)
    verify(graph_of(nodes, {"q": shape, "k": shape, "v": shape}, ["y"], {"c": f32(0.5)}), tolerance=2.0**-9)


CAUSAL = np.tril(np.ones((4, 4), dtype=bool))


@pytest.mark.parametrize("never", [-1e4, -1e9, LOWEST])
@pytest.mark.parametrize("form", ["Add", "Sub", "Where", "WhereNot"])
def test_causal_mask(never: float, form: str) -> None:
    added = np.where(CAUSAL, 0.0, never)
    constants = {"m": f32(-added if form == "Sub" else added), "never": f32(never), "c": CAUSAL ^ (form == "WhereNot")}
    node = {
        "Add": ("Add", ["m", "s"], ["t"]),
        "Sub": ("Sub", ["s", "m"], ["t"]),
        "Where": ("Where", ["c", "s", "never"], ["t"]),
        "WhereNot": ("Where", ["c", "never", "s"], ["t"]),
    }[form]
    nodes = [("MatMul", ["x", "w"], ["s"]), node, ("Softmax", ["t"], ["y"])]
    samples = [{"x": (2 * rng_of(k).normal(size=(2, 4, 3))).astype(np.float32)} for k in range(3)]
    constants = {name: array for name, array in constants.items() if name in node[1]}
    graph = graph_of(nodes, {"x": (2, 4, 3)}, ["y"], {**constants, "w": f32(rng_of(9).normal(size=(3, 4)))})
    program = verify(graph, samples=samples, outputs="private")
    assert (program.predict(samples[0])["y"][:, ~CAUSAL] == 0.0).all()


def test_mask_with_relative_positions_and_rows_that_are_masked_altogether() -> None:
    bias = np.where(CAUSAL, -0.5 * np.subtract.outer(np.arange(4), np.arange(4)), -1e9)
    bias[2] = -1e9
    nodes = [("Add", ["x", "m"], ["t"]), ("Softmax", ["t"], ["y"])]
    verify(graph_of(nodes, {"x": (2, 4, 4)}, ["y"], {"m": f32(bias)}), outputs="private")


def test_computed_masks() -> None:
    nodes = [
        ("Sub", ["one", "mask"], ["n"]),
        ("Mul", ["n", "never"], ["m"]),
        ("Add", ["x", "causal"], ["s"]),
        ("Add", ["s", "m"], ["t"]),
        ("Softmax", ["t"], ["y"]),
    ]
    constants = {"one": f32(1.0), "never": f32(LOWEST), "causal": f32(np.where(CAUSAL, 0.0, -1e9))}
    rows = [f32([[1, 1, 1, 1], [1, 1, 0, 0]]), f32([[1, 0, 1, 1], [1, 1, 1, 1]])]
    samples = [
        {"x": rng_of(k).normal(size=(2, 4, 4)).astype(np.float32), "mask": row[:, None]} for k, row in enumerate(rows)
    ]
    graph = graph_of(nodes, {"x": (2, 4, 4), "mask": (2, 1, 4)}, ["y"], constants)
    verify(graph, samples=samples, outputs="private")
    program = calibrated(graph, samples)
    with pytest.raises(RangeExceeded):
        program.predict({**samples[0], "mask": samples[0]["mask"] * 2})


def test_a_mask_of_fractions_is_refused() -> None:
    nodes = [("Mul", ["mask", "never"], ["m"]), ("Add", ["x", "m"], ["t"]), ("Softmax", ["t"], ["y"])]
    graph = graph_of(nodes, {"x": (1, 3), "mask": (1, 3)}, ["y"], {"never": f32(-1e4)})
    with pytest.raises(UnsupportedOp, match="mask"):
        calibrated(graph, [{"x": f32([[1, 2, 3]]), "mask": f32([[0.5, 0.1, 0.0]])}])
