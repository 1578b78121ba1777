"""Clip with one limit, two or none."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.lowering.harness_test import calibrated, f32, graph_of, rng_of, verify


@pytest.mark.parametrize(("lower", "upper"), [(0.0, 0.7), (-0.5, None), (None, 0.3), (None, None), (-9.0, 9.0)])
def test_clip(lower: float | None, upper: float | None) -> None:
    w = rng_of(1).normal(size=(4, 3)).astype("float32")
    limits = {name: np.asarray(v, dtype=np.float32) for name, v in (("lo", lower), ("hi", upper)) if v is not None}
    inputs = ["h", "lo" if lower is not None else "", "hi" if upper is not None else ""]
    nodes = [("MatMul", ["x", "w"], ["h"]), ("Clip", inputs, ["y"])]
    verify(graph_of(nodes, {"x": (2, 4)}, ["y"], {"w": w, **limits}))


def test_reversed_limits_are_refused() -> None:
    limits = {"lo": f32(1), "hi": f32(0)}
    graph = graph_of([("Clip", ["x", "lo", "hi"], ["y"])], {"x": (2,)}, ["y"], limits)
    with pytest.raises(UnsupportedOp):
        calibrated(graph, [{"x": f32([0, 1])}])
