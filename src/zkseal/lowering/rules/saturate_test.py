"""Saturate: what is clamped, what is not, and that each hint is fixed."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.errors import RangeExceeded
from zkseal.frontends.onnx import FloatSession
from zkseal.graph import Graph
from zkseal.lowering import Program, Visibility, lower
from zkseal.lowering.blocks.saturate import Saturate
from zkseal.lowering.harness_test import f32, graph_of, lies, rng_of
from zkseal.quantize import Calibration, QuantizationOptions, values_to_calibrate

W = f32([[1.0, -0.5, 0.25], [0.5, 1.0, -1.0]])
OPTIONS = QuantizationOptions(percentile=90.0, tensor_bits={"y": 8}, headroom=1.0)
GEMM = ("MatMul", ["x", "w"], ["h"])
RELU = [GEMM, ("Relu", ["h"], ["y"])]


def samples_with_outliers() -> list[dict[str, np.ndarray]]:
    """Sixty samples around 1, one of them ten times larger, and one with negative numbers ten times larger."""
    x = rng_of(3).uniform(-1, 1, size=(60, 1, 2)).astype(np.float32)
    x[7] *= 10
    x[9] = [[-9.0, 7.0]]
    return [{"x": row} for row in x]


def compiled(graph: Graph, options: QuantizationOptions = OPTIONS, outputs: Visibility = "private") -> Program:
    session = FloatSession(graph, threads=1)
    names = values_to_calibrate(graph)
    runs = [session.run(sample, names) for sample in samples_with_outliers()]
    return lower(graph, Calibration.from_runs(runs, percentile=options.percentile), options, outputs=outputs)


@pytest.mark.parametrize("outputs", ["private", "public"])
@pytest.mark.parametrize("nodes", [[("MatMul", ["x", "w"], ["y"])], RELU], ids=["sum", "relu"])
def test_outliers_are_clamped_and_others_are_exact(nodes: list[tuple[str, list[str], list[str]]], outputs: str) -> None:
    graph = graph_of(nodes, {"x": (1, 2)}, ["y"], {"w": W})
    program = compiled(graph, outputs=outputs)  # type: ignore[arg-type]
    (step,) = (step for step in program.steps if isinstance(step, Saturate))
    value = step.value
    lo, hi = (float(np.ldexp(end, -value.exponent)) for end in (value.lo, value.hi))
    session, clamped = FloatSession(graph, threads=1), 0
    for sample in samples_with_outliers():
        y = session.run(sample)["y"]
        clamped += int(((y < lo) | (y > hi)).sum())
        np.testing.assert_allclose(program.predict(sample)["y"], np.clip(y, lo, hi), atol=0.03)
    assert clamped > 0
    assert program.notes == (f"'y' saturates at {lo:.4g} and {hi:.4g}.",)
    for index in (0, 7, 9):
        witness = program.run(samples_with_outliers()[index])
        program.relation.check(witness.tensors)
        lies(program, witness.tensors, rng_of(index), count=6)


def test_a_relu_is_taken_in() -> None:
    program = compiled(graph_of(RELU, {"x": (1, 2)}, ["y"], {"w": W}))
    assert "h" not in program.values
    assert program.values["y"].lo == 0


def test_a_value_that_is_read_twice_saturates_itself() -> None:
    nodes = [GEMM, ("Relu", ["h"], ["r"]), ("Add", ["h", "r"], ["y"])]
    program = compiled(graph_of(nodes, {"x": (1, 2)}, ["y"], {"w": W}))
    assert {step.value.name for step in program.steps if isinstance(step, Saturate)} == {"h", "y"}
    program.relation.check(program.run(samples_with_outliers()[7]).tensors)


def test_without_a_percentile_nothing_saturates() -> None:
    graph = graph_of(RELU, {"x": (1, 2)}, ["y"], {"w": W})
    program = compiled(graph, QuantizationOptions(headroom=1.0))
    assert not [step for step in program.steps if isinstance(step, Saturate)]


def test_inputs_are_never_clamped() -> None:
    program = compiled(graph_of(RELU, {"x": (1, 2)}, ["y"], {"w": W}))
    with pytest.raises(RangeExceeded) as caught:
        program.run({"x": f32([[1000.0, 0.0]])})
    assert caught.value.tensor == "x"


def test_functions_take_their_argument_as_it_is() -> None:
    program = compiled(graph_of([GEMM, ("Sigmoid", ["h"], ["y"])], {"x": (1, 2)}, ["y"], {"w": W}))
    assert not [step for step in program.steps if isinstance(step, Saturate)]
