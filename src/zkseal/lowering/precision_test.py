"""Which values get finer scales, and how much finer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.frontends.onnx import FloatSession
from zkseal.lowering.harness_test import f32, graph_of
from zkseal.lowering.plan import Plan
from zkseal.lowering.precision import MAX_EXTRA_BITS
from zkseal.quantize import Calibration, QuantizationOptions, values_to_calibrate

Nodes = list[tuple[Any, ...]]

LOG: Nodes = [("Log", ["x"], ["y"])]


def plan_of(nodes: Nodes, least: float, dtype: str = "float32") -> Plan:
    """Calibrated on a number next to `least`, and one next to 4 that is no multiple of a coarse step."""
    graph = graph_of(nodes, {"x": (dtype, (2, 1))}, ["y"])
    sample = {"x": np.asarray([[least], [3.9876543]], dtype=dtype)}
    runs = [FloatSession(graph, threads=1).run(sample, values_to_calibrate(graph))]
    return Plan(graph, Calibration.from_runs(runs), QuantizationOptions())


def extra_bits(plan: Plan, name: str) -> int:
    return plan.scale(name)[0] - plan.target_exponent(name)


def test_a_flat_function_asks_for_nothing() -> None:
    assert extra_bits(plan_of([("Relu", ["x"], ["y"])], 0.5), "x") == 0
    assert extra_bits(plan_of([("Gelu", ["x"], ["y"])], 0.5), "x") == 0


def test_the_steeper_the_finer() -> None:
    bits = [extra_bits(plan_of(LOG, least), "x") for least in (0.3, 0.03, 0.003)]
    assert bits == sorted(bits)
    assert bits[0] < bits[1] < bits[2]


def test_never_more_than_the_limit() -> None:
    plan = plan_of([("Reciprocal", ["x"], ["y"])], 1e-9)
    assert extra_bits(plan, "x") == MAX_EXTRA_BITS
    assert plan.scale("x")[1] == ((plan.options.limit + 1) << MAX_EXTRA_BITS) - 1


@pytest.mark.parametrize(
    "move",
    [
        ("Transpose", ["x"], ["m"]),
        ("Neg", ["x"], ["m"]),
        ("Relu", ["x"], ["m"]),
        ("Concat", ["x", "x"], ["m"], {"axis": 0}),
    ],
)
def test_moves_pass_the_wish_on(move: tuple[Any, ...]) -> None:
    plan = plan_of([move, ("Abs", ["m"], ["a"]), ("Sqrt", ["a"], ["y"])], 1e-4)
    assert extra_bits(plan, "x") == extra_bits(plan, "m") == extra_bits(plan, "a") > 0


def test_a_sum_does_not() -> None:
    plan = plan_of([("Add", ["x", "x"], ["m"]), ("Log", ["m"], ["y"])], 1e-3)
    assert extra_bits(plan, "m") > extra_bits(plan, "x") == 0


def test_integers_are_exact_anyway() -> None:
    plan = plan_of([("Cast", ["x"], ["m"], {"to": 1}), ("Sqrt", ["m"], ["y"])], 3, "int32")
    assert plan.scale("x")[0] == 0


def test_operands_of_a_comparison_have_one_scale() -> None:
    graph = graph_of([("Equal", ["a", "b"], ["y"])], {"a": (2,), "b": (2,)}, ["y"])
    sample = {"a": f32([0.1234567, 0.2]), "b": f32([50.1234567, 0.1234567])}
    calibration = Calibration.from_runs([FloatSession(graph, threads=1).run(sample, values_to_calibrate(graph))])
    plan = Plan(graph, calibration, QuantizationOptions())
    assert plan.scale("a")[0] == plan.scale("b")[0]
