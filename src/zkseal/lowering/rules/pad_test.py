"""Pad in all modes, with negative pads, values, axes, and every kind of source."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.graph import Value
from zkseal.lowering.harness_test import calibrated, f32, graph_of, rng_of, verify


def _ints(*values: int) -> np.ndarray[Any, Any]:
    return np.asarray(values, dtype=np.int64)


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
@pytest.mark.parametrize("pads", [(0, 2, 0, 1), (1, 0, 1, 3), (0, 0, 0, 0)])
def test_modes(mode: str, pads: tuple[int, ...]) -> None:
    nodes = [("Relu", ["x"], ["r"]), ("Pad", ["r", "p"], ["t"], {"mode": mode}), ("Add", ["t", "t"], ["y"])]
    verify(graph_of(nodes, {"x": (3, 4)}, ["y"], {"p": _ints(*pads)}))


@pytest.mark.parametrize("value", [0.0, 0.5, -40.0])
def test_value_outside(value: float) -> None:
    constants = {"p": _ints(1, 2, 0, 1), "v": f32(value)}
    verify(graph_of([("Pad", ["x", "p", "v"], ["y"])], {"x": (2, 3)}, ["y"], constants), outputs="private")


def test_computed_value_outside() -> None:
    graph = graph_of([("Pad", ["x", "p", "v"], ["y"])], {"x": (2, 3), "v": (1,)}, ["y"], {"p": _ints(1, 2, 0, 1)})
    graph = replace(
        graph,
        values={**graph.values, "v": Value("v", (), "float32")},
        inputs=(graph.inputs[0], Value("v", (), "float32")),
    )
    rng = rng_of(4)
    verify(graph, samples=[{"x": f32(rng.normal(size=(2, 3))), "v": f32(rng.normal())} for _ in range(3)])


def test_fraction_around_whole_numbers() -> None:
    nodes = [("Hardmax", ["x"], ["h"]), ("Pad", ["h", "p", "v"], ["y"])]
    verify(graph_of(nodes, {"x": (2, 3)}, ["y"], {"p": _ints(0, 1, 0, 1), "v": f32(0.3)}))


def test_negative_pads_cut() -> None:
    constants = {"p": _ints(-1, 2, 1, -2)}
    verify(graph_of([("Pad", ["x", "p"], ["t"]), ("Add", ["t", "t"], ["y"])], {"x": (3, 4)}, ["y"], constants))


def test_axes() -> None:
    constants = {"p": _ints(1, 2, 0, 1), "a": _ints(-1, 0)}
    graph = graph_of([("Pad", ["x", "p", "", "a"], ["t"]), ("Relu", ["t"], ["y"])], {"x": (2, 1, 3)}, ["y"], constants)
    verify(graph)


def test_pad_of_pad_of_slice_then_convolution() -> None:
    w = rng_of(2).normal(size=(2, 2, 3)).astype(np.float32)
    nodes = [
        ("Slice", ["x", "s", "e", "a"], ["t"]),
        ("Pad", ["t", "p"], ["u"]),
        ("Pad", ["u", "p"], ["v"]),
        ("Conv", ["v", "w"], ["y"], {"pads": [1, 1]}),
    ]
    constants = {"w": w, "s": _ints(2), "e": _ints(6), "a": _ints(2), "p": _ints(0, 0, 1, 0, 0, 2)}
    verify(graph_of(nodes, {"x": (1, 2, 8)}, ["y"], constants))


def test_reflected_image_then_pool() -> None:
    nodes = [
        ("Pad", ["x", "p"], ["t"], {"mode": "reflect"}),
        ("MaxPool", ["t"], ["y"], {"kernel_shape": (2, 2), "strides": (2, 2)}),
    ]
    verify(graph_of(nodes, {"x": (1, 2, 4, 4)}, ["y"], {"p": _ints(0, 0, 1, 1, 0, 0, 1, 1)}))


def test_pad_of_a_tiled_and_a_flattened_axis() -> None:
    nodes = [
        ("Tile", ["x", "r"], ["t"]),
        ("Pad", ["t", "p"], ["u"]),
        ("Flatten", ["u"], ["f"]),
        ("Pad", ["f", "q"], ["v"]),
        ("Relu", ["v"], ["y"]),
    ]
    constants = {"r": _ints(1, 2, 1), "p": _ints(0, 1, 0, 0, 0, 1), "q": _ints(0, 1, 0, 1)}
    verify(graph_of(nodes, {"x": (1, 2, 2)}, ["y"], constants))


def test_integers_stay_exact() -> None:
    samples = [{"x": np.asarray([[40000, 2, -3]], dtype=np.int64)}]
    constants = {"p": _ints(0, 1, 0, 1), "v": np.asarray(7, dtype=np.int64)}
    graph = graph_of([("Pad", ["x", "p", "v"], ["y"])], {"x": ("int64", (1, 3))}, ["y"], constants)
    verify(graph, samples=samples)


def test_computed_pads_are_refused() -> None:
    graph = graph_of([("Pad", ["x", "p"], ["y"])], {"x": (2,), "p": ("int64", (2,))}, ["y"])
    graph = replace(graph, values={**graph.values, "y": Value("y", (2,), "float32")})
    with pytest.raises(UnsupportedOp, match="list of pads"):
        calibrated(graph, [{"x": f32([1, 2]), "p": _ints(0, 0)}])


@pytest.mark.parametrize("op", ["Conv", "MaxPool", "AveragePool"])
def test_padded_windows_of_padded_images_need_no_copy(op: str) -> None:
    w = rng_of(2).normal(size=(2, 2, 3, 3)).astype(np.float32)
    attributes: dict[str, Any] = {"pads": [1, 1, 1, 1]}
    if op != "Conv":
        attributes = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}
    nodes = [("Relu", ["x"], ["r"]), ("Pad", ["r", "p"], ["t"])]
    constants = {"p": _ints(0, 0, 1, 0, 0, 0, 2, 1)}
    if op == "Conv":
        constants["w"] = w
    nodes = [*nodes, (op, ["t", *(["w"] if op == "Conv" else [])], ["y"], attributes)]  # type: ignore[list-item]
    program = verify(graph_of(nodes, {"x": (1, 2, 4, 5)}, ["y"], constants))
    assert not any("copy" in name for name in program.relation.names.tensors)
