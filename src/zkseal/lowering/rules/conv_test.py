"""Conv in one to three dimensions with random attributes, weights stored or computed."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.harness_test import graph_of, rng_of, verify


@pytest.mark.parametrize("seed", range(6))
def test_conv_random_attributes(seed: int) -> None:
    rng = rng_of(100 + seed)
    rank = 1 + seed % 2
    groups = int(rng.choice([1, 2, 4]))
    channels, filters = groups * int(rng.integers(1, 3)), groups * int(rng.integers(1, 3))
    kernel = [int(v) for v in rng.integers(1, 4, size=rank)]
    attributes = {
        "group": groups,
        "strides": [int(v) for v in rng.integers(1, 3, size=rank)],
        "dilations": [int(v) for v in rng.integers(1, 3, size=rank)],
        "pads": [int(v) for v in rng.integers(0, 3, size=2 * rank)],
    }
    w = rng.normal(size=(filters, channels // groups, *kernel)).astype(np.float32)
    bias = rng.normal(size=filters).astype(np.float32)
    shape = (int(rng.integers(1, 3)), channels, *(int(v) for v in rng.integers(6, 9, size=rank)))
    nodes = [("Conv", ["x", "w", "b"], ["c"], attributes), ("Relu", ["c"], ["y"])]
    verify(graph_of(nodes, {"x": shape}, ["y"], {"w": w, "b": bias}), seed=seed)


@pytest.mark.parametrize("seed", range(6))
def test_conv_with_computed_weights(seed: int) -> None:
    rng = rng_of(300 + seed)
    rank, groups = 1 + seed % 3, int(rng.choice([1, 2]))
    inner, rows = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    kernel = [int(v) for v in rng.integers(1, 3, size=rank)]
    attributes = {"group": groups, "strides": [int(v) for v in rng.integers(1, 3, size=rank)], "pads": [1] * (2 * rank)}
    shapes = {
        "x": (1, groups * inner, *(int(v) for v in rng.integers(3, 6, size=rank))),
        "w": (groups * rows, inner, *kernel),
        "b": (groups * rows,),
    }
    verify(graph_of([("Conv", ["x", "w", "b"], ["y"], attributes)], shapes, ["y"]), seed=seed)


def test_conv_of_three_dimensions_with_weights_of_another_layout() -> None:
    nodes = [("Transpose", ["v"], ["w"], {"perm": [4, 3, 2, 1, 0]}), ("Conv", ["x", "w"], ["y"], {"pads": [1] * 6})]
    verify(graph_of(nodes, {"x": (1, 2, 3, 4, 3), "v": (2, 3, 2, 2, 3)}, ["y"]))


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
def test_conv_auto_pad(auto_pad: str) -> None:
    w = rng_of(5).normal(size=(2, 1, 2, 4)).astype(np.float32)
    verify(
        graph_of(
            [("Conv", ["x", "w"], ["y"], {"auto_pad": auto_pad, "strides": [2, 1]})],
            {"x": (1, 1, 5, 6)},
            ["y"],
            {"w": w},
        )
    )


def test_depthwise_residual_is_rounded_once() -> None:
    w = rng_of(6).normal(size=(4, 1, 3, 3)).astype(np.float32)
    nodes = [
        ("Relu", ["x"], ["r"]),
        ("Conv", ["r", "w"], ["c"], {"group": 4, "pads": [1, 1, 1, 1]}),
        ("Add", ["c", "r"], ["s"]),
        ("Relu", ["s"], ["y"]),
    ]
    program = verify(graph_of(nodes, {"x": (1, 4, 5, 5)}, ["y"], {"w": w}))
    assert not {"c", "s"} & set(program.relation.names.tensors)


def test_grouped_conv_after_reshape_and_into_gemm() -> None:
    rng = rng_of(7)
    w, v = rng.normal(size=(6, 2, 2, 2)).astype(np.float32), rng.normal(size=(54, 2)).astype(np.float32)
    nodes = [
        ("Reshape", ["x", "s"], ["i"]),
        ("Conv", ["i", "w"], ["c"], {"group": 2}),
        ("Relu", ["c"], ["r"]),
        ("Flatten", ["r"], ["f"]),
        ("Gemm", ["f", "v"], ["y"]),
    ]
    shape = np.asarray([1, 4, 4, 4], dtype=np.int64)
    verify(graph_of(nodes, {"x": (1, 64)}, ["y"], {"w": w, "v": v, "s": shape}))
