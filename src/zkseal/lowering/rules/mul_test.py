"""Mul, Div, BatchNormalization, Scaler."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.lowering import lower
from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify
from zkseal.quantize import Calibration


@pytest.mark.parametrize(("left", "right"), [((2, 3), (2, 3)), ((2, 1, 3), (4, 1))])
def test_mul_of_two_values(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    verify(graph_of([("Mul", ["a", "b"], ["y"])], {"a": left, "b": right}, ["y"]))


def test_square() -> None:
    verify(graph_of([("Mul", ["x", "x"], ["y"])], {"x": (5,)}, ["y"]))


@pytest.mark.parametrize("op", ["Mul", "Div"])
@pytest.mark.parametrize("shape", [(), (1,), (3, 1), (2, 3, 4)])
def test_constant_factor(op: str, shape: tuple[int, ...]) -> None:
    constant = np.asarray(rng_of(2).normal(size=shape) + 3, dtype=np.float32)
    verify(graph_of([(op, ["x", "c"], ["y"])], {"x": (2, 3, 4)}, ["y"], {"c": constant}))


def test_div_by_zero_is_refused() -> None:
    graph = graph_of([("Div", ["x", "c"], ["y"])], {"x": (2,)}, ["y"], {"c": f32([1, 0])})
    calibration = Calibration.from_arrays({"x": f32([[0, 1]]), "y": f32([[0, 1]])})
    with pytest.raises(UnsupportedOp) as caught:
        lower(graph, calibration)
    assert caught.value.op == "Div"


def test_batch_normalization() -> None:
    rng = rng_of(3)
    constants = {name: rng.uniform(0.5, 2, size=3).astype(np.float32) for name in ("s", "b", "m", "v")}
    nodes = [("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], {"epsilon": 1e-3})]
    verify(graph_of(nodes, {"x": (2, 3, 4)}, ["y"], constants))


def test_scaler_of_features_with_very_different_magnitudes() -> None:
    """Raw features from 0.002 to 2000 keep their precision: every feature has an exponent of its own."""
    rng = rng_of(4)
    sizes = np.asarray([2000.0, 20.0, 0.1, 0.002])
    offset, scale = (sizes * 0.5).astype(np.float32), (1 / sizes).astype(np.float32)
    attributes = {"offset": offset.tolist(), "scale": scale.tolist()}
    graph = graph_of([("Scaler", ["x"], ["y"], attributes)], {"x": (1, 4)}, ["y"], domain="ai.onnx.ml")
    samples = [{"x": (rng.uniform(size=(1, 4)) * sizes).astype(np.float32)} for _ in range(20)]
    program = verify(graph, samples=samples, tolerance=2.0**-11)
    assert program.inputs[0].feature_exponents is not None


def test_gemm_absorbs_feature_exponents() -> None:
    rng = rng_of(5)
    sizes = np.asarray([500.0, 1.0, 0.01])
    w = (rng.normal(size=(3, 2)) / sizes[:, None]).astype(np.float32)
    graph = graph_of([("MatMul", ["x", "w"], ["y"])], {"x": (1, 3)}, ["y"], {"w": w})
    samples = [{"x": (rng.normal(size=(1, 3)) * sizes).astype(np.float32)} for _ in range(20)]
    program = verify(graph, samples=samples)
    assert program.inputs[0].feature_exponents is not None
