"""GridSample against onnx's reference: modes, paddings, corners, volumes, constant grids."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.graph.decompose.harness_test import check, normal


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("aligned", [0, 1])
def test_modes(mode: str, padding: str, aligned: int) -> None:
    grid = 0.6 * normal(2, 2, 3, 2, 2)
    inputs = {"x": normal(1, 2, 2, 4, 5), "g": grid}
    proved = (mode, padding, aligned) == ("linear", "border", 1)
    attributes = {"mode": mode, "padding_mode": padding}
    graph = check("GridSample", inputs, align_corners=aligned, proved=proved, tolerance=2.0**-9, **attributes)  # type: ignore[arg-type]
    ops = graph.ops()
    assert "MatMul" in ops  # Every point is a row of weights, whatever the mode.
    assert ("Round" in ops, "Relu" in ops) == (mode == "nearest", mode == "linear")
    assert ("Floor" in ops) == (padding == "reflection")


def test_volumes_and_constant_grids() -> None:
    inputs = {"x": normal(1, 1, 2, 2, 3, 2), "g": 0.5 * normal(2, 1, 2, 1, 3, 3)}
    computed = check("GridSample", inputs, mode="linear", proved=False)
    constant = check("GridSample", inputs, constants=("g",), mode="linear")
    assert computed.ops()["MatMul"] == constant.ops()["MatMul"] == 1
    assert "Slice" in computed.ops()
    assert "Slice" not in constant.ops()  # The coordinates of a constant grid are taken apart here.


def test_points_far_outside() -> None:
    grid = np.asarray([[[[-2.6, 1.9], [2.1, -1.3]]]], dtype=np.float32)
    for padding in ("zeros", "border", "reflection"):
        graph = check("GridSample", {"x": normal(1, 1, 1, 3, 4), "g": grid}, padding_mode=padding, proved=False)
        assert ("Floor" in graph.ops()) == (padding == "reflection")
