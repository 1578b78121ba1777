"""The maximum along an axis in one tree and in several, through the Softmax that uses it."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.blocks import axis_maximum
from zkseal.lowering.harness_test import graph_of, rng_of, verify


@pytest.mark.parametrize(("length", "axis"), [(2, 0), (3, 1), (9, 0), (17, 1)])
def test_maximum_by_several_trees(length: int, axis: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(axis_maximum, "LONGEST", 4)
    monkeypatch.setattr(axis_maximum, "LEVELS", 2)
    shape = (length, 2) if axis == 0 else (2, length)
    samples = [{"x": (3 * rng_of(k).normal(size=shape)).astype(np.float32)} for k in range(2)]
    graph = graph_of([("Softmax", ["x"], ["y"], {"axis": axis})], {"x": shape}, ["y"])
    program = verify(graph, samples=samples, outputs="private")
    witness = program.run(samples[0]).tensors
    maximum = witness["y/maximum"].reshape(-1)
    assert (maximum == witness["x"].max(axis=axis)).all()
    assert any(name.startswith("y/maximum/of_") for name in witness) == (length > 4)
