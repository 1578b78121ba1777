"""Layer and root-mean-square normalization: rows long, small, constant, and with outliers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.frontends.onnx import FloatSession
from zkseal.graph import Graph, Node, Value
from zkseal.lowering.harness_test import calibrated, rng_of, verify


def _graph(op: str, shape: tuple[int, ...], **attributes: Any) -> Graph:
    scale = np.ones(shape[-1], np.float32)
    values = {name: Value(name, s, "float32") for name, s in (("x", shape), ("y", shape), ("scale", scale.shape))}
    node = Node("n0", op, ("x", "scale"), ("y",), {"axis": -1, **attributes})
    return Graph("case", (values["x"],), ("y",), values, {"scale": scale}, (node,))


@pytest.mark.parametrize("op", ["LayerNormalization", "RMSNormalization"])
@pytest.mark.parametrize("shape", [(3, 5), (2, 2, 3), (4, 1)])
def test_normalization(op: str, shape: tuple[int, ...]) -> None:
    samples = [{"x": (3.0 * rng_of(k).normal(size=shape)).astype(np.float32)} for k in range(3)]
    verify(_graph(op, shape, epsilon=1e-5), samples=samples, outputs="private")


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (1e-3, 0.0), (300.0, 100.0), (1.0, 30.0)])
def test_normalization_of_long_rows(scale: float, shift: float) -> None:
    x = (shift + scale * rng_of(1).normal(size=(4, 768))).astype(np.float32)
    graph = _graph("LayerNormalization", x.shape, epsilon=1e-12)
    expected = FloatSession(graph, threads=1).run({"x": x})["y"]
    found = calibrated(graph, [{"x": x}]).predict({"x": x})["y"]
    assert np.abs(found - expected).max() <= 2.0**-10 * np.abs(expected).max()


def test_normalization_with_outlying_features_and_rows_of_many_sizes() -> None:
    """As in transformers: a few features are 50 times larger, and so are some rows."""
    x = rng_of(2).normal(size=(8, 384)) * (1.0 + 2.0 * np.arange(8)[:, None])
    x[:, [3, 70]] *= 50.0
    samples = {"x": x.astype(np.float32)}
    graph = _graph("LayerNormalization", x.shape)
    expected = FloatSession(graph, threads=1).run(samples)["y"]
    found = calibrated(graph, [samples]).predict(samples)["y"]
    assert np.abs(found - expected).max() <= 2.0**-10 * np.abs(expected).max()


def test_rows_of_equal_entries_give_zero() -> None:
    samples = [{"x": np.array([[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]], np.float32)}]
    program = verify(_graph("LayerNormalization", (2, 3), epsilon=1e-6), samples=samples, outputs="private")
    assert (program.predict(samples[0])["y"][1] == 0).all()
    zeros = [{"x": np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]], np.float32)}]
    program = calibrated(_graph("RMSNormalization", (2, 3), epsilon=1e-9), zeros)
    assert (program.predict(zeros[0])["y"][1] == 0).all()


def test_a_scale_that_was_not_written_out_is_refused() -> None:
    graph = _graph("LayerNormalization", (2, 3))
    graph.initializers["scale"][0] = 2.0
    with pytest.raises(UnsupportedOp, match="scale"):
        calibrated(graph, [{"x": rng_of(3).normal(size=(2, 3)).astype(np.float32)}])
