"""GridSample: weights of all pixels from each coordinate, and a MatMul of the pixels with their products.

The weight of pixel j of an axis at coordinate p is the sum of kernel(p - m) over the places m that read pixel j: j
itself, and with border or reflection padding the places outside that repeat it. A kernel is a function of one variable.
"""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition

_MODES = {"bilinear": "linear", "bicubic": "cubic"}
"""Names of modes before opset 20."""


@decomposition("GridSample")
def grid_sample(x: Expansion) -> None:
    """Nearest, linear and cubic sampling of any number of spatial axes, grids constant or computed."""
    image, grid = x.input(0), x.input(1)
    (batch, channels), sizes = x.shape(image)[:2], x.shape(image)[2:]
    result = x.shape(x.node.outputs[0])
    points, rank = prod(result[2:]), len(sizes)
    flat = x.reshape(grid, [batch, points, rank])
    weights = ""
    for axis, size in enumerate(sizes):
        # The last coordinate of the grid belongs to the first axis.
        column = x.slice(flat, 2, rank - 1 - axis, rank - axis)
        own = _weights(x, column, size)
        if weights:
            left = x.reshape(weights, [batch, points, x.shape(weights)[2], 1])
            product = x.apply("Mul", left, x.reshape(own, [batch, points, 1, size]))
            own = x.reshape(product, [batch, points, x.shape(weights)[2] * size])
        weights = own
    pixels = x.reshape(image, [batch, channels, prod(sizes)])
    x.define(0, x.reshape(x.apply("MatMul", pixels, x.transpose(weights, (0, 2, 1))), result))


def _weights(x: Expansion, column: str, size: int) -> str:
    """Weights (batch, points, size) of the pixels of one axis from its coordinates (batch, points, 1) in [-1, 1]."""
    mode = str(x.attribute("mode", "linear"))
    mode = _MODES.get(mode, mode)
    if mode not in ("nearest", "linear", "cubic"):
        raise x.unsupported(f"mode {mode!r} is unknown. Use nearest, linear or cubic")
    padding, aligned = str(x.attribute("padding_mode", "zeros")), bool(x.attribute("align_corners", 0))
    # (c + 1) / 2 * (size - 1), or ((c + 1) * size - 1) / 2.
    scale = (size - 1) / 2 if aligned else size / 2
    point = _affine(x, column, scale, (size - 1) / 2)
    if mode == "nearest":
        point = x.apply("Round", point, shape=x.shape(point))
    least, most = (0.0, size - 1.0) if aligned else (-0.5, size - 0.5)
    point = _inside(x, point, padding, mode, size, least, most)
    reach = 0 if padding == "zeros" else 2
    places = np.arange(-reach, size + reach)
    shape = [*x.shape(point)[:2], places.size]
    distance = x.apply("Sub", point, x.constant("places", places, x.dtype(point)), shape=shape)
    weights = _kernel(x, distance, mode)
    if reach == 0:
        return weights
    fold = np.zeros((places.size, size))
    fold[np.arange(places.size), _pixels(places, padding, size, aligned)] = 1
    return x.apply("MatMul", weights, x.constant("pixels", fold, x.dtype(weights)))


def _affine(x: Expansion, value: str, factor: float, addend: float) -> str:
    return x.apply("Add", x.apply("Mul", value, x.number(factor, value)), x.number(addend, value))


def _inside(x: Expansion, point: str, padding: str, mode: str, size: int, least: float, most: float) -> str:
    """Points outside of the image moved into it, as the padding says."""
    shape, dtype = x.shape(point), x.dtype(point)
    if padding == "zeros":
        return point
    if padding == "border":
        first, last = x.number(0.0, point), x.number(size - 1.0, point)
        if mode != "cubic":
            return x.apply("Clip", point, first, last)
        below = x.apply("Less", point, x.number(least, point), shape=shape)
        above = x.apply("Greater", point, x.number(most, point), shape=shape)
        raised = x.apply("Where", below, first, point, shape=shape, dtype=dtype)
        return x.apply("Where", above, last, raised, shape=shape, dtype=dtype)
    if padding != "reflection":
        raise x.unsupported(f"padding_mode {padding!r} is unknown. Use zeros, border or reflection")
    span = max(most - least, 1e-6)
    # A triangle wave: span - |t - 2 span floor(t / (2 span)) - span|, t counted from the least point.
    t = _affine(x, point, 1.0, -least)
    waves = x.apply("Floor", x.apply("Mul", t, x.number(1 / (2 * span), t)), shape=shape)
    within = x.apply("Sub", t, x.apply("Mul", waves, x.number(2 * span, t)))
    off = x.apply("Abs", _affine(x, within, 1.0, -span))
    return _affine(x, off, -1.0, span + least)


def _pixels(places: npt.NDArray[np.int64], padding: str, size: int, aligned: bool) -> npt.NDArray[np.int64]:
    """The pixel that each place reads."""
    if padding == "border" or size == 1:
        return np.clip(places, 0, size - 1)
    period = 2 * (size - 1) if aligned else 2 * size
    wave = places % period
    return np.where(wave < size, wave, period - wave - (0 if aligned else 1))


def _kernel(x: Expansion, distance: str, mode: str) -> str:
    """The weight of a pixel at this distance."""
    away = x.apply("Abs", distance)
    if mode == "nearest":
        near = x.apply("Less", away, x.number(0.5, away), shape=x.shape(away))
        return x.cast(near, x.dtype(away))
    if mode == "linear":
        return x.apply("Relu", _affine(x, away, -1.0, 1.0))
    # Keys' kernel with a = -3/4: -3/4 (b - 1) (b - 2)^2 + 2 (c - 1)^3 for b = min(d, 2), c = min(d, 1).
    b = x.apply("Clip", away, "", x.number(2.0, away), shape=x.shape(away))
    c = x.apply("Clip", away, "", x.number(1.0, away), shape=x.shape(away))
    two, one = _affine(x, b, 1.0, -2.0), _affine(x, c, 1.0, -1.0)
    outer = x.apply("Mul", x.apply("Mul", two, two), _affine(x, b, -0.75, 0.75))
    inner = x.apply("Mul", x.apply("Mul", one, one), x.apply("Mul", one, x.number(2.0, one)))
    return x.apply("Add", outer, inner)
