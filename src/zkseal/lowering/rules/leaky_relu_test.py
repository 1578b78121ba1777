"""LeakyRelu."""

from __future__ import annotations

import pytest

from zkseal.errors import UnsupportedOp
from zkseal.lowering.blocks.function import TableLookup
from zkseal.lowering.blocks.rescale import Rescale
from zkseal.lowering.harness_test import calibrated, f32, graph_of, rng_of, verify


@pytest.mark.parametrize("alpha", [0.0, 0.01, 0.3, 1.5, -0.5])
def test_leaky_relu(alpha: float) -> None:
    w = rng_of(1).normal(size=(4, 3)).astype("float32")
    nodes = [("MatMul", ["x", "w"], ["h"]), ("LeakyRelu", ["h"], ["y"], {"alpha": alpha})]
    verify(graph_of(nodes, {"x": (2, 4)}, ["y"], {"w": w}))


def test_steep_slope_is_refused() -> None:
    graph = graph_of([("LeakyRelu", ["x"], ["y"], {"alpha": 300.0})], {"x": (2,)}, ["y"])
    with pytest.raises(UnsupportedOp):
        calibrated(graph, [{"x": rng_of(0).normal(size=2).astype("float32")}])


def test_many_entries_take_a_table() -> None:
    w = f32(rng_of(2).normal(size=(4, 4)))
    nodes = [("MatMul", ["x", "w"], ["h"]), ("LeakyRelu", ["h"], ["y"], {"alpha": 0.2})]
    samples = [{"x": f32(rng_of(3).normal(size=(15000, 4)))}]
    program = verify(graph_of(nodes, {"x": (15000, 4)}, ["y"], {"w": w}), samples=samples)
    assert [type(step) for step in program.steps] == [Rescale, TableLookup]
