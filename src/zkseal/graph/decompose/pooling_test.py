"""GlobalMaxPool, LpPool, GlobalLpPool, MaxUnpool against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.frontends.onnx import FloatSession, load
from zkseal.graph.decompose.harness_test import check, model_of, normal
from zkseal.lowering.harness_test import verify


@pytest.mark.parametrize("shape", [(2, 3, 5), (1, 2, 4, 3), (1, 2, 2, 3, 2)])
def test_global_max_pool(shape: tuple[int, ...]) -> None:
    check("GlobalMaxPool", {"x": normal(1, *shape)}, ["y"], runtime="onnxruntime")


@pytest.mark.parametrize("p", [1, 2, 4])
def test_global_lp_pool(p: int) -> None:
    x = normal(2, 1, 3, 4, 5)
    graph = load(model_of("GlobalLpPool", {"x": x}, ["y"], (), p=p))
    expected = (np.abs(x.astype(np.float64)) ** p).sum(axis=(2, 3), keepdims=True) ** (1 / p)
    np.testing.assert_allclose(FloatSession(graph, threads=1).run({"x": x})["y"], expected, rtol=1e-5)
    verify(graph, samples=[{"x": x}])


@pytest.mark.parametrize("p", [1, 2, 4])
@pytest.mark.parametrize(
    ("shape", "attributes"),
    [
        ((1, 2, 9), {"kernel_shape": [3], "strides": [2], "pads": [1, 1]}),
        ((1, 2, 6, 7), {"kernel_shape": [3, 2], "dilations": [1, 2], "pads": [1, 0, 1, 1]}),
        ((1, 2, 6, 7), {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_LOWER"}),
        ((1, 1, 5, 5), {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
    ],
)
def test_lp_pool(p: int, shape: tuple[int, ...], attributes: dict[str, Any]) -> None:
    check("LpPool", {"x": normal(3, *shape)}, ["y"], runtime="onnxruntime", p=p, **attributes)


def test_other_orders_are_refused() -> None:
    with pytest.raises(UnsupportedOp, match="order 3"):
        load(model_of("LpPool", {"x": normal(4, 1, 1, 4)}, ["y"], (), p=3, kernel_shape=[2]))


def test_max_unpool() -> None:
    x = normal(5, 1, 2, 2, 2)
    places = np.asarray([[[[5, 7], [12, 15]], [[16, 19], [25, 31]]]], np.int64)
    check("MaxUnpool", {"x": x, "i": places}, ["y"], ["i"], runtime="onnxruntime", kernel_shape=[2, 2], strides=[2, 2])
