"""ThresholdedRelu, Shrink, and Clip with computed limits."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.graph.decompose.harness_test import check, normal


@pytest.mark.parametrize("alpha", [0.3, -0.5])
def test_thresholded_relu(alpha: float) -> None:
    check("ThresholdedRelu", {"x": normal(1, 3, 4)}, alpha=alpha)


@pytest.mark.parametrize("bias", [0.0, 0.25])
def test_shrink(bias: float) -> None:
    check("Shrink", {"x": normal(2, 3, 4)}, lambd=0.5, bias=bias)


@pytest.mark.parametrize("limits", [("lo", "hi"), ("lo",), ("hi",)])
def test_clip_with_computed_limits(limits: tuple[str, ...]) -> None:
    values = {"lo": np.float32(-0.5), "hi": np.float32(0.7)}
    given = {name: np.asarray(values[name]) if name in limits else None for name in ("lo", "hi")}
    check("Clip", {"x": normal(3, 3, 4), **given})
