"""Scatters with constant indices, and the reductions of computed ones, against onnx's reference."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.graph.decompose.harness_test import check, normal

REDUCTIONS = ["none", "add", "mul", "max", "min"]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("axis", [0, -1])
def test_elements_at_constant_indices(reduction: str, axis: int) -> None:
    indices = np.asarray([[0, 2], [-1, 1]]) if reduction == "none" else np.asarray([[0, 1], [0, 1]])
    inputs = {"x": normal(1, 3, 4), "i": indices, "u": normal(2, 2, 2)}
    check("ScatterElements", inputs, constants=("i",), axis=axis, reduction=reduction, proved=axis == 0)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_slices_at_constant_indices(reduction: str) -> None:
    indices = np.asarray([[0, 1], [2, -1]]) if reduction == "none" else np.asarray([[0, 1], [0, 1]])
    inputs = {"x": normal(1, 3, 4, 2), "i": indices, "u": normal(2, 2, 2)}
    check("ScatterND", inputs, constants=("i",), reduction=reduction, proved=reduction == "none")


@pytest.mark.parametrize("reduction", ["mul", "max", "min"])
def test_reductions_at_computed_indices(reduction: str) -> None:
    inputs = {"x": normal(1, 3, 2), "i": np.asarray([[0, 2], [-1, 2]]), "u": normal(2, 2, 2)}
    check("ScatterElements", inputs, reduction=reduction, axis=0, proved=reduction == "max")
    inputs = {"x": normal(1, 3, 2, 2), "i": np.asarray([[0, 1], [-1, 1]]), "u": normal(2, 2, 2)}
    check("ScatterND", inputs, reduction=reduction, proved=False)


@pytest.mark.parametrize("mode", ["linear", "circular"])
def test_cache(mode: str) -> None:
    inputs = {"x": normal(1, 2, 4, 3), "u": normal(2, 2, 2, 3), "s": np.asarray([0, 2 if mode == "linear" else 3])}
    check("TensorScatter", inputs, constants=("s",), mode=mode)


@pytest.mark.parametrize("mode", ["linear", "circular"])
def test_cache_at_computed_positions(mode: str) -> None:
    inputs = {"x": normal(1, 2, 4, 3), "u": normal(2, 2, 2, 3), "s": np.asarray([0, 2 if mode == "linear" else 3])}
    check("TensorScatter", inputs, mode=mode, proved=mode == "circular")
