"""Sigmoid and Tanh: direct and interpolated, saturated and not."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.harness_test import graph_of, rng_of, verify
from zkseal.quantize import QuantizationOptions


@pytest.mark.parametrize("op", ["Sigmoid", "Tanh"])
@pytest.mark.parametrize("size", [0.5, 4.0, 60.0])
def test_curve(op: str, size: float) -> None:
    rng = rng_of(1)
    w = (size * rng.normal(size=(3, 6))).astype(np.float32)
    samples = [{"x": rng.normal(size=(2, 3)).astype(np.float32)} for _ in range(5)]
    nodes = [("MatMul", ["x", "w"], ["h"]), (op, ["h"], ["y"])]
    verify(
        graph_of(nodes, {"x": (2, 3)}, ["y"], {"w": w}), samples=samples, tolerance=2.0 ** (-10 if size < 10 else -8)
    )


def test_curve_of_a_committed_value() -> None:
    verify(graph_of([("Tanh", ["x"], ["y"])], {"x": (2, 6)}, ["y"]))


def test_small_models_do_not_pay_for_large_tables() -> None:
    program = verify(graph_of([("Tanh", ["x"], ["y"])], {"x": (1, 16)}, ["y"]))
    assert program.relation.cost.table_rows < 2000


def test_many_entries_share_a_direct_table() -> None:
    options = QuantizationOptions(bits=8, function_bits=7)
    w = rng_of(3).normal(size=(8, 300)).astype(np.float32)
    nodes = [("MatMul", ["x", "w"], ["h"]), ("Sigmoid", ["h"], ["y"])]
    program = verify(graph_of(nodes, {"x": (3, 8)}, ["y"], {"w": w}), options=options, tolerance=0.05)
    assert any(name.startswith("sigmoid") for name in program.relation.names.tables)
    assert not any(name.endswith("/cell") for name in program.relation.names.tensors)
