"""QLinearMatMul and QLinearConv: exactly onnxruntime's integers, saturated ones too."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.lowering import lower
from zkseal.lowering.harness_test import calibrated, f32, graph_of, rng_of, verify
from zkseal.lowering.rules.integer_linear_test import Typed, samples_of
from zkseal.quantize import Calibration
from zkseal.relation import Column

QUANTIZED = ["xs", "xz", "w", "ws", "wz", "ys", "yz"]


def _parameters(seed: int, result: str, left: str, right: str, columns: tuple[int, ...]) -> dict[str, npt.NDArray[Any]]:
    """Scales that let about a tenth of the results saturate."""
    rng = rng_of(seed)
    return {
        "xs": f32(rng.uniform(0.01, 0.02)),
        "xz": np.asarray(rng.integers(0, 50), left),
        "ws": f32(rng.uniform(0.004, 0.02, size=columns)),
        "wz": np.zeros(columns, right),
        "ys": f32(rng.uniform(0.05, 0.09)),
        "yz": np.asarray(rng.integers(0, 100), result),
    }


@pytest.mark.parametrize(("left", "right"), [("uint8", "int8"), ("uint8", "uint8"), ("int8", "int8")])
@pytest.mark.parametrize("columns", [(), (5,)])
@pytest.mark.parametrize("constant", [False, True])
def test_matrix_products(left: str, right: str, columns: tuple[int, ...], constant: bool) -> None:
    inputs: dict[str, Typed] = {"x": (left, (2, 3, 6)), "w": (right, (6, 5))}
    constants = _parameters(1, left, left, right, columns)
    if constant:
        constants["w"] = np.asarray(samples_of({"w": inputs.pop("w")}, 2, 1)[0]["w"])
    graph = graph_of([("QLinearMatMul", ["x", *QUANTIZED], ["y"])], inputs, ["y"], constants)
    verify(graph, samples=samples_of(inputs, 3))


@pytest.mark.parametrize("columns", [(), (4,)])
@pytest.mark.parametrize("pads", [[0, 0, 0, 0], [1, 1, 0, 1]])
@pytest.mark.parametrize("bias", [False, True])
def test_convolutions(columns: tuple[int, ...], pads: list[int], bias: bool) -> None:
    rng = rng_of(4)
    inputs: dict[str, Typed] = {"x": ("uint8", (1, 2, 5, 6))}
    constants = _parameters(5, "uint8", "uint8", "int8", columns)
    constants["w"] = rng.integers(-128, 128, size=(4, 1, 3, 2)).astype(np.int8)
    names = ["x", *QUANTIZED]
    if bias:
        constants["b"] = rng.integers(-9000, 9000, size=4).astype(np.int32)
        names.append("b")
    graph = graph_of(
        [("QLinearConv", names, ["y"], {"group": 2, "pads": pads, "strides": [2, 1]})], inputs, ["y"], constants
    )
    verify(graph, samples=samples_of(inputs, 6))


def test_scales_of_channels_stay_hidden() -> None:
    constants = _parameters(5, "uint8", "uint8", "int8", (4,))
    constants["w"] = rng_of(7).integers(-128, 128, size=(4, 2, 1, 1)).astype(np.int8)
    inputs: dict[str, Typed] = {"x": ("uint8", (1, 2, 3, 3))}
    graph = graph_of([("QLinearConv", ["x", *QUANTIZED], ["y"])], inputs, ["y"], constants)
    program = calibrated(graph, samples_of(inputs, 8))
    assert program.relation.tensor("n0/multipliers").column == Column.MODEL


def test_a_scale_for_each_row_is_refused() -> None:
    inputs: dict[str, Typed] = {"x": ("uint8", (3, 4)), "w": ("uint8", (4, 2))}
    constants = _parameters(9, "uint8", "uint8", "uint8", ()) | {"xs": f32([0.1, 0.2, 0.3])}
    graph = graph_of([("QLinearMatMul", ["x", *QUANTIZED], ["y"])], inputs, ["y"], constants)
    values = {"x": np.ones((3, 4)), "w": np.ones((4, 2)), "y": np.ones((3, 2))}
    with pytest.raises(UnsupportedOp, match="each row"):
        lower(graph, Calibration.from_arrays(values))


@pytest.mark.parametrize("pads", [[0, 0, 0, 0], [1, 0, 0, 1]])
def test_average_pooling_stores_no_ones(pads: list[int]) -> None:
    constants = _parameters(11, "uint8", "uint8", "int8", ()) | {
        "w": np.ones((3, 1, 2, 2), np.int8),
        "ws": f32(0.25),
        "ys": f32(0.0131),
    }
    inputs: dict[str, Typed] = {"x": ("uint8", (1, 3, 5, 4))}
    graph = graph_of([("QLinearConv", ["x", *QUANTIZED], ["y"], {"group": 3, "pads": pads})], inputs, ["y"], constants)
    program = verify(graph, samples=samples_of(inputs, 12))
    assert bool(program.parameters) == any(pads)
