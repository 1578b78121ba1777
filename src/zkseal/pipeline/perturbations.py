"""Inputs near the user's samples that nobody collected: where a quantized model could say something else.

A model can be made to agree with its float original on ordinary data and to differ on inputs with a trigger: rounding
is enough to hide the difference (a quantized backdoor). So agreement is measured on changed samples too, all inside the
range of the samples, and seeded: the same samples give the same perturbations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.graph import Graph, Value

__all__ = ["PERTURBATIONS", "Perturbation", "perturbed"]

Array = npt.NDArray[Any]
Change = Callable[["Base"], Array | None]

IMAGE_RANK = 4
MOST_CHANNELS = 4
SMALLEST_IMAGE = 4
PATCH_SHARE = 6
"""The edge of a patch is 1/6 of that of the image."""


@dataclass(frozen=True)
class Base:
    """Samples of one input (first axis: samples), its declaration, and the least and largest entries at each place."""

    samples: Array
    value: Value
    random: np.random.Generator

    @property
    def least(self) -> Array:
        return np.asarray(self.samples.min(axis=0, keepdims=True))

    @property
    def most(self) -> Array:
        return np.asarray(self.samples.max(axis=0, keepdims=True))

    @property
    def is_float(self) -> bool:
        return bool(self.value.dtype.startswith("float"))

    @property
    def image_axes(self) -> tuple[int, int] | None:
        """Height and width, for inputs that look like images: channels first, or last."""
        if self.samples.ndim != IMAGE_RANK:
            return None
        first = self.samples.shape[1] <= MOST_CHANNELS or self.samples.shape[3] > MOST_CHANNELS
        axes = (2, 3) if first else (1, 2)
        return axes if min(self.samples.shape[axis] for axis in axes) >= SMALLEST_IMAGE else None


@dataclass(frozen=True)
class Perturbation:
    """A way to change samples. `change` gives the changed samples, or None for inputs that it does not suit."""

    name: str
    what: str
    change: Change


def _noise(share: float) -> Change:
    def change(base: Base) -> Array | None:
        if not base.is_float:
            return None
        spread = (base.most - base.least) * share
        return base.samples + base.random.normal(size=base.samples.shape) * spread

    return change


def _shift(share: float) -> Change:
    def change(base: Base) -> Array | None:
        return base.samples + (base.most - base.least) * share if base.is_float else None

    return change


def _extreme(base: Base) -> Array:
    """One entry of each sample at the least or the largest that any sample has there."""
    changed = base.samples.reshape(len(base.samples), -1).copy()
    least, most = base.least.ravel(), base.most.ravel()
    places = base.random.permutation(changed.shape[1])
    for row, sample in enumerate(changed):
        place = places[row // 2 % len(places)]
        sample[place] = (least if row % 2 else most)[place]
    return changed.reshape(base.samples.shape)


def _mixed(base: Base) -> Array | None:
    """A tenth of the entries of each sample, and one at least, taken from another sample."""
    if len(base.samples) == 1:
        return None
    others = np.roll(base.samples, 1, axis=0)
    taken = base.random.random((len(others), others[0].size)) < 0.1
    taken[np.arange(len(taken)), base.random.integers(taken.shape[1], size=len(taken))] = True
    return np.where(taken.reshape(others.shape), others, base.samples)


def _patch(kind: str) -> Change:
    def change(base: Base) -> Array | None:
        """A small square in one of the corners, which one changes from sample to sample."""
        if base.image_axes is None:
            return None
        changed, (down, across) = base.samples.copy(), base.image_axes
        height, width = changed.shape[down], changed.shape[across]
        size = max(2, min(height, width) // PATCH_SHARE)
        least, most = changed.min(), changed.max()
        for row in range(len(changed)):
            top, left = (row % 2) * (height - size), (row // 2 % 2) * (width - size)
            place: list[Any] = [row, slice(None), slice(None), slice(None)]
            place[down], place[across] = slice(top, top + size), slice(left, left + size)
            squares = np.indices((size, size)).sum(axis=0) % 2 == 0
            square = {"bright": np.ones_like(squares), "dark": np.zeros_like(squares), "checkered": squares}[kind]
            shape = [1, 1, 1]
            shape[down - 1] = shape[across - 1] = size
            changed[tuple(place)] = np.where(square.reshape(shape), most, least)
        return changed

    return change


PERTURBATIONS: tuple[Perturbation, ...] = (
    Perturbation("noise 1 %", "random noise of 1 % of the range of each entry", _noise(0.01)),
    Perturbation("noise 5 %", "random noise of 5 % of the range of each entry", _noise(0.05)),
    Perturbation("shift up", "all entries 3 % of their range higher", _shift(0.03)),
    Perturbation("shift down", "all entries 3 % of their range lower", _shift(-0.03)),
    Perturbation("one extreme", "one entry at the least or largest number seen there", _extreme),
    Perturbation("mixed", "a tenth of the entries from another sample", _mixed),
    Perturbation("bright patch", "a small bright square in a corner, as a trigger would be", _patch("bright")),
    Perturbation("dark patch", "a small dark square in a corner", _patch("dark")),
    Perturbation("checkered patch", "a small checkered square in a corner", _patch("checkered")),
)


def perturbed(
    graph: Graph, samples: Mapping[str, Array], *, seed: int = 0
) -> Iterator[tuple[Perturbation, dict[str, Array]]]:
    """Each perturbation that suits at least one input, and the changed samples, within the range of the given ones.

    Inputs that it does not suit, and missing entries (NaN), stay as they are.
    """
    for number, perturbation in enumerate(PERTURBATIONS):
        changed: dict[str, Array] = {}
        for place, value in enumerate(graph.inputs):
            given = np.asarray(samples[value.name])
            if not value.shape or given.dtype.kind == "b":
                continue
            base = Base(np.nan_to_num(given), value, np.random.default_rng((seed, number, place)))
            found = perturbation.change(base)
            if found is not None:
                inside = np.clip(found, base.samples.min(), base.samples.max()).astype(given.dtype)
                changed[value.name] = np.where(np.isnan(given), given, inside) if given.dtype.kind == "f" else inside
        if changed:
            yield perturbation, {**samples, **changed}
