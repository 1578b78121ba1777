"""Sqrt."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.errors import RangeExceeded
from zkseal.lowering import Visibility
from zkseal.lowering.harness_test import calibrated, f32, graph_of, rng_of, verify


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("outputs", ["private", "public"])
def test_sqrt(size: float, outputs: Visibility) -> None:
    rng = rng_of(1)
    samples = [{"x": f32(size * rng.uniform(size=(2, 3)))} for _ in range(4)]
    samples[0]["x"][0] = 0, 1e-6 * size, 1e-5 * size
    verify(graph_of([("Sqrt", ["x"], ["y"])], {"x": (2, 3)}, ["y"]), samples=samples, outputs=outputs)


def test_norm_of_a_vector() -> None:
    """A sum of squares has a root although it is much wider than an activation."""
    nodes = [
        ("Mul", ["x", "x"], ["q"]),
        ("ReduceSum", ["q", "axes"], ["s"], {"keepdims": 0}),
        ("Sqrt", ["s"], ["y"]),
    ]
    verify(graph_of(nodes, {"x": (2, 5)}, ["y"], {"axes": np.asarray([1])}))


def test_root_of_a_negative_value_is_out_of_range() -> None:
    program = calibrated(graph_of([("Sqrt", ["x"], ["y"])], {"x": (2,)}, ["y"]), [{"x": f32([0.3, 1])}])
    with pytest.raises(RangeExceeded) as caught:
        program.run({"x": f32([0.5, -0.01])})
    assert caught.value.fields["tensor"] == "x"
