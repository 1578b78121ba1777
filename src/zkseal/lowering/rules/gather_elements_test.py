"""GatherElements and GatherND, constant and computed indices, negative ones and batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify

Array = np.ndarray[Any, Any]


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("computed", [False, True])
def test_gather_elements(axis: int, computed: bool) -> None:
    rng = rng_of(axis + 3)
    size = (3, 4, 2)[axis]
    shape = [2, 3, 2]
    shape[axis] = 5
    nodes = [("Relu", ["x"], ["r"]), ("GatherElements", ["r", "i"], ["y"], {"axis": axis})]
    indices = [rng.integers(-size, size, size=shape) for _ in range(3)]
    if computed:
        graph = graph_of(nodes, {"x": (3, 4, 2), "i": ("int64", shape)}, ["y"])
        samples: list[dict[str, Array]] = [{"x": f32(rng.normal(size=(3, 4, 2))), "i": i} for i in indices]
    else:
        graph = graph_of(nodes, {"x": (3, 4, 2)}, ["y"], {"i": indices[0]})
        samples = [{"x": f32(rng.normal(size=(3, 4, 2)))} for _ in range(3)]
    verify(graph, samples=samples)


@pytest.mark.parametrize(("batch", "shape"), [(0, (3, 2)), (0, (2, 2, 1)), (1, (2, 1)), (1, (2, 3, 2)), (2, (2, 3, 1))])
@pytest.mark.parametrize("computed", [False, True])
def test_gather_nd(batch: int, shape: tuple[int, ...], computed: bool) -> None:
    rng, data = rng_of(batch), (2, 3, 4)
    sizes = np.asarray(data[batch : batch + shape[-1]])
    indices = [rng.integers(-sizes, sizes, size=shape) for _ in range(3)]
    nodes = [("GatherND", ["x", "i"], ["y"], {"batch_dims": batch})]
    if computed:
        graph = graph_of(nodes, {"x": data, "i": ("int64", shape)}, ["y"])
        samples: list[dict[str, Array]] = [{"x": f32(rng.normal(size=data)), "i": i} for i in indices]
    else:
        graph = graph_of(nodes, {"x": data}, ["y"], {"i": indices[0]})
        samples = [{"x": f32(rng.normal(size=data))} for _ in range(3)]
    verify(graph, samples=samples, outputs="private")


def test_hidden_table() -> None:
    w = rng_of(0).normal(size=(4, 3)).astype(np.float32)
    graph = graph_of([("GatherND", ["w", "i"], ["y"])], {"i": ("int64", (3, 1))}, ["y"], {"w": w})
    verify(graph, samples=[{"i": np.asarray([[0], [3], [1]])}, {"i": np.asarray([[2], [2], [1]])}])
