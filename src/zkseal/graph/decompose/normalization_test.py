"""Normalizations against onnx's reference: axes, scales and biases constant and computed, further outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.graph.decompose.harness_test import check, normal

SHAPE = (2, 4, 3, 2)


def _affine(*shape: int) -> dict[str, Any]:
    return {"scale": 1.0 + normal(2, *shape, scale=0.3), "bias": normal(3, *shape)}


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -2])
def test_layer_normalization_axes(axis: int) -> None:
    inputs = {"x": normal(1, *SHAPE), **_affine(*SHAPE[axis:])}
    check("LayerNormalization", inputs, constants=("scale", "bias"), axis=axis, proved=axis == 2)


def test_layer_normalization_returns_mean_and_deviation() -> None:
    inputs = {"x": normal(1, 3, 5), **_affine(5)}
    check("LayerNormalization", inputs, ("y", "mean", "inverse"), ("scale",), epsilon=1e-2, tolerance=2.0**-9)


@pytest.mark.parametrize("axis", [0, 2, -1])
def test_rms_normalization_axes(axis: int) -> None:
    inputs = {"x": normal(1, 2, 4, 3), "scale": _affine(*(2, 4, 3)[axis:])["scale"]}
    check("RMSNormalization", inputs, constants=("scale",), axis=axis, proved=axis == 2)


def test_instance_and_group_normalization() -> None:
    inputs = {"x": normal(1, *SHAPE), **_affine(4)}
    check("InstanceNormalization", inputs, constants=("bias",), proved=False)
    check("GroupNormalization", inputs, constants=("scale", "bias"), num_groups=2, proved=False)


def test_mean_variance_normalization() -> None:
    check("MeanVarianceNormalization", {"x": normal(1, *SHAPE)}, proved=False)
    check("MeanVarianceNormalization", {"x": normal(1, 2, 4, 3)}, axes=[1, 2])


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_lp_normalization(p: int, axis: int) -> None:
    check("LpNormalization", {"x": normal(1, 2, 4, 3)}, p=p, axis=axis, proved=axis == 1, runtime="onnxruntime")


@pytest.mark.parametrize("training", [0, 1])
def test_batch_normalization_with_computed_parameters(training: int) -> None:
    inputs = {"x": normal(1, *SHAPE), **_affine(4), "mean": normal(5, 4), "variance": 0.5 + np.abs(normal(6, 4))}
    outputs = ("y", "mean_out", "variance_out") if training else ("y",)
    check("BatchNormalization", inputs, outputs, training_mode=training, tolerance=2.0**-9, proved=not training)
