"""Functions of one variable, over the whole of their domains, direct and by cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from zkseal.errors import RangeExceeded, UnsupportedOp
from zkseal.lowering.blocks.function import TableLookup
from zkseal.lowering.blocks.piecewise import Piecewise
from zkseal.lowering.blocks.rescale import Rescale
from zkseal.lowering.harness_test import calibrated, f32, graph_of, rng_of, verify
from zkseal.quantize import QuantizationOptions

DOMAINS: Mapping[str, tuple[float, float]] = {
    "Acos": (-1, 1),
    "Acosh": (1, 20),
    "Asin": (-1, 1),
    "Atanh": (-0.9, 0.9),
    "Log": (1e-3, 30),
    "Sin": (-20, 20),
    "Cos": (-20, 20),
    "Tan": (-1.4, 1.4),
    "Exp": (-60, 3),
}
ATTRIBUTES: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("Elu", {"alpha": 0.3}),
    ("Selu", {"alpha": 2.0, "gamma": 3.0}),
    ("Celu", {"alpha": 2.5}),
    ("HardSigmoid", {"alpha": 0.5, "beta": 0.6}),
    ("Gelu", {"approximate": "tanh"}),
    ("Swish", {"alpha": 2.0}),
)
PLAIN = (
    *("Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Celu", "Cos", "Cosh", "Elu", "Erf", "Exp", "Gelu"),
    *("HardSigmoid", "HardSwish", "Log", "Mish", "Selu", "Sin", "Sinh", "Softplus", "Softsign", "Tan"),
)
SHAPE = (2, 3)


@pytest.mark.parametrize(("op", "attributes"), [*((op, {}) for op in PLAIN), *ATTRIBUTES])
def test_function(op: str, attributes: Mapping[str, Any]) -> None:
    rng = rng_of(len(op))
    lo, hi = DOMAINS.get(op, (-6, 6))
    samples = [{"x": f32(rng.uniform(lo, hi, size=SHAPE))} for _ in range(4)]
    samples[0]["x"][0, :2] = lo, hi
    verify(graph_of([(op, ["x"], ["y"], attributes)], {"x": SHAPE}, ["y"]), samples=samples)


@pytest.mark.parametrize("op", ["Exp", "Erf", "Log"])
def test_fused_with_the_layer_before(op: str) -> None:
    rng = rng_of(3)
    w = f32(rng.uniform(0.1, 1, size=(4, 3)))
    samples = [{"x": f32(rng.uniform(0.1, 1, size=(2, 4)))} for _ in range(4)]
    graph = graph_of([("MatMul", ["x", "w"], ["h"]), (op, ["h"], ["y"])], {"x": (2, 4)}, ["y"], {"w": w})
    verify(graph, samples=samples, outputs="private")


def test_a_narrow_argument_is_looked_up_directly() -> None:
    options = QuantizationOptions(bits=8, function_bits=8)
    program = verify(graph_of([("Gelu", ["x"], ["y"])], {"x": (400,)}, ["y"]), options=options, tolerance=2.0**-5)
    assert any(isinstance(step, TableLookup) for step in program.steps)


def test_a_wide_argument_is_looked_up_in_few_cells() -> None:
    samples = [{"x": f32(np.geomspace(1e-3, 1e2, 40))}]
    program = verify(graph_of([("Log", ["x"], ["y"])], {"x": (40,)}, ["y"]), samples=samples)
    cells = next(step.cells for step in program.steps if isinstance(step, Piecewise))
    assert len(cells.starts) < 1000 < cells.last >> 10


def test_a_sine_over_a_million_periods_is_refused() -> None:
    samples = [{"x": f32([1e6, -3e5, 12.0])}]
    with pytest.raises(UnsupportedOp) as caught:
        calibrated(graph_of([("Sin", ["x"], ["y"])], {"x": (3,)}, ["y"]), samples)
    assert caught.value.node == "n0"


def test_a_pole_inside_the_domain_has_no_proof() -> None:
    samples = [{"x": f32([-3, 3, 1.2, 0.1])}]
    program = verify(graph_of([("Tan", ["x"], ["y"])], {"x": (4,)}, ["y"]), samples=samples)
    for near in (1.5707, 1.5709, -1.5708):
        with pytest.raises(RangeExceeded):
            program.run({"x": f32([0, 0, 0, near])})


@pytest.mark.parametrize("op", ["Tanh", "Erf", "Elu", "Exp", "Log", "Sqrt", "Reciprocal", "Abs", "Round"])
@pytest.mark.parametrize("size", [1e-4, 1e-2, 1e3, 1e6])
def test_numbers_of_any_size(op: str, size: float) -> None:
    if op == "Exp" and size > 1:
        size = 10.0
    rng = rng_of(7)
    samples = [{"x": f32(size * rng.uniform(0.1, 1, size=6))} for _ in range(3)]
    verify(graph_of([(op, ["x"], ["y"])], {"x": (6,)}, ["y"]), samples=samples)


@pytest.mark.parametrize(("op", "seen", "given"), [("Log", 1.0, 0.0), ("Exp", 4.0, 7.5), ("Tan", 1.0, 1.571)])
def test_argument_out_of_the_domain_is_refused(op: str, seen: float, given: float) -> None:
    """log(0), and e^7.5 where e^4 was seen, have no row."""
    program = calibrated(graph_of([(op, ["x"], ["y"])], {"x": (2,)}, ["y"]), [{"x": f32([seen, seen / 2])}])
    program.run({"x": f32([seen, seen])})
    with pytest.raises(RangeExceeded):
        program.run({"x": f32([seen, given])})


def test_the_range_of_a_looked_up_argument_is_shown_by_its_table() -> None:
    """One range for the rounding of the argument, none for the argument itself."""
    w = f32(rng_of(4).normal(size=(4, 2000)))
    graph = graph_of([("MatMul", ["x", "w"], ["h"]), ("Gelu", ["h"], ["y"])], {"x": (2, 4)}, ["y"], {"w": w})
    options = QuantizationOptions(bits=8, function_bits=8)
    program = verify(graph, options=options, tolerance=2.0**-4, inputs="public")
    assert [type(step) for step in program.steps] == [Rescale, TableLookup]
    ranges = {name.split("/range_")[1][0] for name in program.relation.names.lookups if "/range_" in name}
    assert ranges == {"0"}
