"""Where."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.harness_test import f32, graph_of, rng_of, verify


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8"])
def test_where(dtype: str) -> None:
    rng = rng_of(1)
    inputs = {"c": ("bool", (2, 1, 3)), "a": (dtype, (4, 1)), "b": (dtype, (1,))}
    samples = [
        {
            "c": rng.integers(0, 2, size=(2, 1, 3)).astype(bool),
            "a": (100 * rng.uniform(size=(4, 1))).astype(dtype),
            "b": (10 * rng.uniform(size=(1,))).astype(dtype),
        }
        for _ in range(4)
    ]
    verify(graph_of([("Where", ["c", "a", "b"], ["y"])], inputs, ["y"]), samples=samples)


@pytest.mark.parametrize("constant", ["c", "a", "b", "ab"])
def test_constant_operands(constant: str) -> None:
    rng = rng_of(2)
    arrays = {
        "c": np.asarray([True, False, True]),
        "a": f32(rng.normal(size=(2, 3))),
        "b": f32(rng.normal(size=(3,)) / 3),
    }
    inputs = {n: (str(x.dtype), x.shape) for n, x in arrays.items() if n not in constant}
    graph = graph_of([("Where", ["c", "a", "b"], ["y"])], inputs, ["y"], {n: arrays[n] for n in constant})
    verify(graph, samples=[{n: arrays[n] for n in inputs}])


def test_branches_of_a_comparison() -> None:
    """Leaky Relu written out."""
    nodes = [
        ("Less", ["x", "zero"], ["c"]),
        ("Mul", ["x", "slope"], ["s"]),
        ("Where", ["c", "s", "x"], ["y"]),
    ]
    verify(graph_of(nodes, {"x": (3, 5)}, ["y"], {"zero": f32(0), "slope": f32(0.125)}))
