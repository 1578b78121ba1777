"""QuantizeLinear and DequantizeLinear, for tensors, axes and blocks, against onnxruntime: integers exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.lowering import lower
from zkseal.lowering.harness_test import calibrated, f32, graph_of, lies, rng_of, verify
from zkseal.quantize import Calibration

SHAPE = (2, 4, 3)


def _scales(form: str, seed: int, dtype: str) -> tuple[dict[str, npt.NDArray[Any]], dict[str, int]]:
    rng = rng_of(seed)
    shape, attributes = {
        "tensor": ((), {}),
        "axis": ((4,), {"axis": -2}),
        "block": ((2, 2, 3), {"axis": 1, "block_size": 2}),
    }[form]
    info = np.iinfo(dtype)
    scale = f32(rng.uniform(0.5, 2.0, size=shape) * 4.0 / (info.max - info.min))
    zero = rng.integers(info.min // 2, info.max // 2, size=shape).astype(dtype)
    return {"s": scale, "z": zero}, attributes


@pytest.mark.parametrize("form", ["tensor", "axis", "block"])
@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_quantize(form: str, dtype: str) -> None:
    constants, attributes = _scales(form, 1, dtype)
    verify(graph_of([("QuantizeLinear", ["x", "s", "z"], ["y"], attributes)], {"x": SHAPE}, ["y"], constants))


def test_quantize_to_16_bits() -> None:
    constants, attributes = _scales("tensor", 2, "int16")
    verify(graph_of([("QuantizeLinear", ["x", "s", "z"], ["y"], attributes)], {"x": SHAPE}, ["y"], constants))


def test_ties_go_to_even_and_zero_point_may_be_omitted() -> None:
    x = f32(np.arange(-12, 12).reshape(2, 4, 3)) / 4
    graph = graph_of([("QuantizeLinear", ["x", "s"], ["y"])], {"x": SHAPE}, ["y"], {"s": f32(0.5)})
    program = verify(graph, samples=[{"x": x}, {"x": x + f32(10)}])
    assert program.predict({"x": x})["y"].max() == 6


@pytest.mark.parametrize("weights", ["private", "public"])
def test_an_accumulator_is_rounded_once(weights: Any) -> None:
    rng = rng_of(3)
    w = f32(rng.normal(size=(3, 5)))
    nodes = [("MatMul", ["x", "w"], ["m"]), ("QuantizeLinear", ["m", "s", "z"], ["y"])]
    constants: dict[str, npt.NDArray[Any]] = {"w": w, "s": f32(0.03), "z": np.asarray(100, np.uint8)}
    samples = [{"x": f32(rng.integers(-8, 8, size=(2, 4, 3))) / 4} for _ in range(4)]
    graph = graph_of(nodes, {"x": SHAPE}, ["y"], constants)
    program = calibrated(graph, samples, weights=weights)
    witness = program.run(samples[0])
    program.relation.check(witness.tensors, fast=True)
    lies(program, witness.tensors, rng)
    assert "m" not in program.relation.names.tensors


@pytest.mark.parametrize("form", ["tensor", "axis", "block"])
@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16"])
def test_dequantize(form: str, dtype: str) -> None:
    constants, attributes = _scales(form, 4, dtype)
    info = np.iinfo(dtype)
    rng = rng_of(5)
    samples = [{"x": rng.integers(info.min, info.max + 1, size=SHAPE).astype(dtype)} for _ in range(3)]
    nodes = [("DequantizeLinear", ["x", "s", "z"], ["y"], attributes)]
    verify(graph_of(nodes, {"x": (dtype, SHAPE)}, ["y"], constants), samples=samples)


def test_quantized_again_integers_are_themselves() -> None:
    constants, attributes = _scales("axis", 6, "int8")
    nodes = [
        ("DequantizeLinear", ["x", "s", "z"], ["d"], attributes),
        ("QuantizeLinear", ["d", "s", "z"], ["y"], attributes),
    ]
    x = rng_of(7).integers(-128, 128, size=SHAPE).astype(np.int8)
    program = verify(graph_of(nodes, {"x": ("int8", SHAPE)}, ["y"], constants), samples=[{"x": x}])
    assert (program.predict({"x": x})["y"] == x).all()


def test_scale_zero_is_refused() -> None:
    graph = graph_of([("QuantizeLinear", ["x", "s"], ["y"])], {"x": SHAPE}, ["y"], {"s": f32(0.0)})
    calibration = Calibration.from_arrays({"x": np.ones(SHAPE), "y": np.ones(SHAPE)})
    with pytest.raises(UnsupportedOp, match="not positive"):
        lower(graph, calibration)


def test_computed_scale_is_refused() -> None:
    graph = graph_of([("QuantizeLinear", ["x", "s"], ["y"])], {"x": SHAPE, "s": ()}, ["y"])
    with pytest.raises(UnsupportedOp, match="initializer"):
        calibrated(graph, [{"x": np.zeros(SHAPE, np.float32), "s": f32(1.0)}])


@pytest.mark.parametrize(
    ("shape", "attributes"), [((3,), {"axis": 1}), ((2, 3, 3), {"axis": 1, "block_size": 2}), ((2, 2), {"axis": 1})]
)
def test_scales_that_do_not_fit_are_refused(shape: tuple[int, ...], attributes: dict[str, Any]) -> None:
    graph = graph_of([("QuantizeLinear", ["x", "s"], ["y"], attributes)], {"x": SHAPE}, ["y"], {"s": np.ones(shape)})
    calibration = Calibration.from_arrays({"x": np.ones(SHAPE), "y": np.ones(SHAPE)})
    with pytest.raises(UnsupportedOp, match="one for each"):
        lower(graph, calibration)
