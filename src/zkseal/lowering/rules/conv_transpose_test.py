"""ConvTranspose with random attributes, automatic padding and computed weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.graph import Graph
from zkseal.lowering.harness_test import calibrated, graph_of, rng_of, verify


def _random(seed: int, *, computed: bool) -> Graph:
    rng = rng_of(200 + seed)
    rank = 1 + seed % 3
    groups = int(rng.choice([1, 2, 3]))
    inner, rows = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    kernel = [int(v) for v in rng.integers(1, 4, size=rank)]
    strides = [int(v) for v in rng.integers(1, 4, size=rank)]
    attributes: dict[str, Any] = {
        "group": groups,
        "strides": strides,
        "dilations": [1 if computed and s > 1 else int(rng.integers(1, 3)) for s in strides],
        "pads": [int(v) for v in rng.integers(0, 2, size=2 * rank)],
        "output_padding": [int(rng.integers(0, s)) for s in strides],
    }
    x = (int(rng.integers(1, 3)), groups * inner, *(int(v) for v in rng.integers(3, 5, size=rank)))
    w = rng.normal(size=(groups * inner, rows, *kernel)).astype(np.float32)
    b = rng.normal(size=groups * rows).astype(np.float32)
    nodes = [("ConvTranspose", ["x", "w", "b"], ["c"], attributes), ("Relu", ["c"], ["y"])]
    if computed:
        return graph_of(nodes, {"x": x, "w": w.shape, "b": b.shape}, ["y"])
    return graph_of(nodes, {"x": x}, ["y"], {"w": w, "b": b})


@pytest.mark.parametrize("seed", range(6))
def test_transposed_convolution_with_random_attributes(seed: int) -> None:
    verify(_random(seed, computed=False), seed=seed)


@pytest.mark.parametrize("seed", range(6))
def test_transposed_convolution_with_computed_weights(seed: int) -> None:
    verify(_random(seed, computed=True), seed=seed)


@pytest.mark.parametrize(
    "attributes",
    [
        {"auto_pad": "SAME_UPPER", "strides": [2, 3]},
        {"auto_pad": "SAME_LOWER", "strides": [2, 3]},
        {"auto_pad": "VALID", "strides": [2, 1]},
        {"output_shape": [10, 8], "strides": [3, 2], "output_padding": [1, 1]},
    ],
)
def test_automatic_padding(attributes: dict[str, Any]) -> None:
    w = rng_of(5).normal(size=(2, 3, 3, 4)).astype(np.float32)
    verify(graph_of([("ConvTranspose", ["x", "w"], ["y"], attributes)], {"x": (1, 2, 4, 3)}, ["y"], {"w": w}))


def test_source_and_result_of_other_layouts() -> None:
    rng = rng_of(6)
    w, v = (rng.normal(size=s).astype(np.float32) for s in ((4, 3, 2, 2), (75, 2)))
    nodes = [
        ("Reshape", ["x", "s"], ["i"]),
        ("ConvTranspose", ["i", "w"], ["c"], {"group": 1, "strides": [2, 1]}),
        ("Relu", ["c"], ["r"]),
        ("Flatten", ["r"], ["f"]),
        ("Gemm", ["f", "v"], ["y"]),
    ]
    shape = np.asarray([1, 4, 2, 4], dtype=np.int64)
    v = rng.normal(size=(3 * 4 * 5, 2)).astype(np.float32)
    verify(graph_of(nodes, {"x": (1, 32)}, ["y"], {"w": w, "v": v, "s": shape}))


def test_strides_and_dilation_of_computed_weights_are_refused() -> None:
    attributes = {"strides": [2], "dilations": [2]}
    graph = graph_of([("ConvTranspose", ["x", "w"], ["y"], attributes)], {"x": (1, 1, 4), "w": (1, 1, 2)}, ["y"])
    sample = {"x": np.ones((1, 1, 4), np.float32), "w": np.ones((1, 1, 2), np.float32)}
    with pytest.raises(UnsupportedOp, match="initializer"):
        calibrated(graph, [sample])
