"""Changed samples: seeded, in range, of the right type, and different from the samples."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.lowering.harness_test import graph_of, rng_of
from zkseal.pipeline.perturbations import PERTURBATIONS, perturbed

TABLE = graph_of([("Relu", ["x"], ["y"])], {"x": (1, 5)}, ["y"])
IMAGES = graph_of([("Relu", ["x"], ["y"])], {"x": (1, 3, 12, 12)}, ["y"])
LAST = graph_of([("Relu", ["x"], ["y"])], {"x": (1, 12, 12, 3)}, ["y"])
TOKENS = graph_of([("Abs", ["x"], ["y"])], {"x": ("int64", (1, 6))}, ["y"])


@pytest.mark.parametrize("graph", [TABLE, IMAGES, LAST], ids=["table", "channels first", "channels last"])
def test_changes_stay_in_range_and_are_seeded(graph: object) -> None:
    shape = graph.inputs[0].shape  # type: ignore[attr-defined]
    x = rng_of(0).normal(size=(8, *shape[1:])).astype(np.float32)
    first, second = (list(perturbed(graph, {"x": x}, seed=1)) for _ in range(2))  # type: ignore[arg-type]
    names = [one.name for one, _ in first]
    assert names == [one.name for one in PERTURBATIONS if len(shape) == 4 or "patch" not in one.name]
    for (one, changed), (_, again) in zip(first, second, strict=True):
        assert changed["x"].dtype == np.float32
        assert changed["x"].shape == x.shape
        assert (changed["x"] == again["x"]).all()
        # An entry may be the extreme of its place already.
        least = 4 if one.name == "one extreme" else 8
        assert (changed["x"] != x).reshape(8, -1).any(axis=1).sum() >= least
        assert x.min() <= changed["x"].min()
        assert changed["x"].max() <= x.max()


@pytest.mark.parametrize(("graph", "axes"), [(IMAGES, (2, 3)), (LAST, (1, 2))], ids=["first", "last"])
def test_patches_are_in_the_corners(graph: object, axes: tuple[int, int]) -> None:
    x = rng_of(0).uniform(0.2, 0.8, size=(4, *graph.inputs[0].shape[1:]))  # type: ignore[attr-defined]
    (changed,) = (
        found["x"]
        for one, found in perturbed(graph, {"x": x})  # type: ignore[arg-type]
        if one.name == "bright patch"
    )
    bright = np.moveaxis(changed == x.max(), axes, (2, 3)).all(axis=1)
    for row, (top, left) in enumerate([(0, 0), (10, 0), (0, 10), (10, 10)]):
        assert bright[row, top : top + 2, left : left + 2].all()
        assert bright[row].sum() <= 5


def test_tokens_stay_tokens() -> None:
    x = rng_of(0).integers(0, 50, size=(6, 6))
    found = {one.name: changed["x"] for one, changed in perturbed(TOKENS, {"x": x})}
    assert set(found) == {"one extreme", "mixed"}
    assert all(array.dtype == x.dtype and set(array.ravel()) <= set(x.ravel()) for array in found.values())


def test_missing_entries_stay_missing() -> None:
    x = rng_of(0).normal(size=(6, 5))
    x[:, 2] = np.nan
    for _, changed in perturbed(TABLE, {"x": x}):
        assert np.isnan(changed["x"]).sum() == 6
        assert np.isnan(changed["x"][:, 2]).all()
