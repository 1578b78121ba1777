"""ScatterElements and ScatterND with computed indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.errors import WrongInput
from zkseal.lowering.harness_test import calibrated, f32, graph_of, rng_of, verify

Array = np.ndarray[Any, Any]


def _distinct(seed: int, shape: tuple[int, ...], axis: int, size: int) -> Array:
    """Indices that differ along an axis, some counted from the end."""
    rng = rng_of(seed)
    order = np.argsort(rng.random((*shape[:axis], *shape[axis + 1 :], size)), axis=-1)[..., : shape[axis]]
    return np.moveaxis(order - size * rng.integers(0, 2, size=order.shape), -1, axis)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("reduction", ["none", "add"])
@pytest.mark.parametrize("own", [(2, 3), (2, 2)])
def test_elements(axis: int, reduction: str, own: tuple[int, ...]) -> None:
    data = (4, 3) if axis == 0 else (2, 5)
    size = data[axis]
    nodes = [("ScatterElements", ["x", "i", "u"], ["y"], {"axis": axis, "reduction": reduction})]
    samples: list[dict[str, Array]] = [
        {
            "x": f32(rng_of(k).normal(size=data)),
            "i": _distinct(k, own, axis, size),
            "u": f32(rng_of(k).normal(size=own)),
        }
        for k in range(3)
    ]
    verify(graph_of(nodes, {"x": data, "i": ("int64", own), "u": own}, ["y"]), samples=samples)


def test_added_twice() -> None:
    nodes = [("ScatterElements", ["x", "i", "u"], ["y"], {"reduction": "add"})]
    samples: list[dict[str, Array]] = [
        {"x": f32([1, 2, 3]), "i": np.asarray([k, 1, 1]), "u": f32([7, -5, 2.5])} for k in range(3)
    ]
    verify(graph_of(nodes, {"x": (3,), "i": ("int64", (3,)), "u": (3,)}, ["y"]), samples=samples)


@pytest.mark.parametrize("reduction", ["none", "add"])
@pytest.mark.parametrize("depth", [1, 2])
def test_slices(reduction: str, depth: int) -> None:
    nodes = [("ScatterND", ["x", "i", "u"], ["y"], {"reduction": reduction})]
    updates = (2, *(4, 3, 2)[depth:])
    indices = [[[0], [-1]], [[2], [1]], [[-3], [3]]] if depth == 1 else [[[0, 1], [3, -1]], [[-4, 0], [0, 1]]]
    samples: list[dict[str, Array]] = [
        {"x": f32(rng_of(k).normal(size=(4, 3, 2))), "i": np.asarray(i), "u": f32(rng_of(k + 9).normal(size=updates))}
        for k, i in enumerate(indices)
    ]
    graph = graph_of(nodes, {"x": (4, 3, 2), "i": ("int64", (2, depth)), "u": updates}, ["y"])
    verify(graph, samples=samples, outputs="private")


def test_constant_data_and_updates() -> None:
    constants = {"d": f32(rng_of(0).normal(size=(4, 2))), "u": f32(rng_of(1).normal(size=(1, 2)))}
    graph = graph_of([("ScatterND", ["d", "i", "u"], ["y"])], {"i": ("int64", (1, 1))}, ["y"], constants)
    verify(graph, samples=[{"i": np.asarray([[k]])} for k in range(4)])


def test_integers_stay_exact() -> None:
    graph = graph_of(
        [("ScatterElements", ["x", "i", "u"], ["y"])],
        {"x": ("int64", (3,)), "i": ("int64", (1,)), "u": ("int64", (1,))},
        ["y"],
    )
    verify(
        graph, samples=[{"x": np.asarray([70001, -3, 5]), "i": np.asarray([k]), "u": np.asarray([-k])} for k in (1, 2)]
    )


def test_two_updates_of_one_place_are_refused() -> None:
    nodes = [("ScatterElements", ["x", "i", "u"], ["y"])]
    graph = graph_of(nodes, {"x": (3,), "i": ("int64", (2,)), "u": (2,)}, ["y"])
    sample = {"x": f32([1, 2, 3]), "i": np.asarray([0, 1]), "u": f32([4, 5])}
    program = calibrated(graph, [sample])
    with pytest.raises(WrongInput, match="fall on one place"):
        program.predict({**sample, "i": np.asarray([1, 1])})
