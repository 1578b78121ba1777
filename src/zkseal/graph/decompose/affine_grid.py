"""AffineGrid: a constant grid of coordinates times the (computed or constant) affine maps."""

from __future__ import annotations

from math import prod

import numpy as np

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition


@decomposition("AffineGrid")
def affine_grid(x: Expansion) -> None:
    """theta (batch, d, d + 1) to coordinates (batch, *sizes, d), the last axis of the image first."""
    theta, result = x.input(0), x.shape(x.node.outputs[0])
    batch, sizes = result[0], result[1:-1]
    aligned = bool(x.attribute("align_corners", 0))
    along = [_coordinates(size, aligned) for size in sizes]
    grid = [axis.reshape(-1) for axis in np.meshgrid(*along, indexing="ij")][::-1]
    points = np.stack([*grid, np.ones(prod(sizes))], axis=-1)
    maps = x.transpose(theta, (0, 2, 1))
    product = x.apply("MatMul", x.constant("grid", points, x.dtype(theta)), maps)
    x.define(0, x.reshape(product, (batch, *sizes, len(sizes))))


def _coordinates(size: int, aligned: bool) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    if aligned:
        return np.linspace(-1.0, 1.0, size)
    return (2.0 * np.arange(size) + 1.0) / size - 1.0
