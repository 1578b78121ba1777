"""Resize against onnx's reference in all modes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.graph.decompose.harness_test import check, normal

MODES = ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"]


def _scaled(*scales: float, shape: tuple[int, ...] = (1, 2, 4, 5)) -> dict[str, Any]:
    return {"x": normal(1, *shape), "roi": None, "scales": np.asarray(scales, dtype=np.float32)}


def _sized(*sizes: int, shape: tuple[int, ...] = (1, 2, 4, 5)) -> dict[str, Any]:
    return {"x": normal(1, *shape), "roi": None, "scales": None, "sizes": np.asarray(sizes, dtype=np.int64)}


@pytest.mark.parametrize("transformation", MODES)
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_coordinates(transformation: str, mode: str) -> None:
    attributes: dict[str, Any] = {"mode": mode, "coordinate_transformation_mode": transformation}
    for inputs in (_scaled(1, 1, 2, 2), _scaled(1, 1, 0.6, 1.3), _sized(1, 2, 7, 1)):
        check("Resize", inputs, constants=("scales", "sizes"), proved=False, **attributes)


@pytest.mark.parametrize("rounding", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
def test_nearest_rounding(rounding: str) -> None:
    for inputs in (_scaled(1, 1, 2, 2), _scaled(1, 1, 0.5, 1.7)):
        check("Resize", inputs, constants=("scales",), proved=False, mode="nearest", nearest_mode=rounding)


@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize("attributes", [{"antialias": 1}, {"exclude_outside": 1}, {"cubic_coeff_a": -0.5}])
def test_kernels(mode: str, attributes: dict[str, Any]) -> None:
    check("Resize", _scaled(1, 1, 0.6, 0.4), constants=("scales",), proved=False, mode=mode, **attributes)


@pytest.mark.parametrize("policy", ["stretch", "not_larger", "not_smaller"])
def test_axes_and_aspect_ratio(policy: str) -> None:
    attributes: dict[str, Any] = {"axes": (2, 3), "keep_aspect_ratio_policy": policy, "mode": "linear"}
    check("Resize", _sized(7, 8), constants=("sizes",), proved=False, **attributes)


def test_crop() -> None:
    roi = np.asarray([0, 0, 0.4, -0.2, 1, 1, 0.7, 1.1], dtype=np.float32)
    inputs = {**_sized(1, 2, 3, 4), "roi": roi}
    attributes: dict[str, Any] = {"coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 3.0}
    check("Resize", inputs, constants=("roi", "sizes"), proved=False, mode="linear", **attributes)


def test_volumes() -> None:
    check("Resize", _scaled(1, 1, 2, 1, 0.5, shape=(1, 1, 2, 3, 4)), constants=("scales",), proved=False, mode="linear")


def test_upsampling_is_proved() -> None:
    graph = check("Resize", _scaled(1, 1, 2, 2), constants=("scales",), mode="nearest")
    assert set(graph.ops()) == {"Gather"}
    check("Resize", _scaled(1, 1, 2, 2), constants=("scales",), mode="linear")


def test_integers_are_not_interpolated() -> None:
    inputs = {**_scaled(1, 2, shape=(2, 3)), "x": np.arange(6).reshape(2, 3)}
    with pytest.raises(UnsupportedOp, match="rounds"):
        check("Resize", inputs, constants=("scales",), mode="linear")


def test_an_axis_that_grows_without_reason_is_refused() -> None:
    with pytest.raises(UnsupportedOp, match="Resize to fewer"):
        check("Resize", _scaled(1, 2**17, shape=(1, 2)), constants=("scales",), mode="linear")
