"""Resize: along each axis a constant list of entries (nearest) or a constant matrix (linear, cubic).

The matrices follow the operator document (and onnx's reference): each output coordinate is mapped to the input, its
neighbours get the coefficients of the mode, and what lies outside the input repeats the edge, or is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition

Floats = npt.NDArray[np.float64]
Coefficients = Callable[[float], Floats]
"""Weights of the neighbours of a point at distance `ratio`, in (0, 1], behind an entry."""


MAX_MATRIX = 1 << 24
"""Entries of the matrix of one axis."""
MAX_RESULT = 1 << 16
"""Entries of an axis that is resized: each has coefficients of its own."""


@dataclass(frozen=True)
class _Axis:
    """One axis that is resized: sizes, scale, and the region of tf_crop_and_resize (start, end) in shares."""

    axis: int
    size: int
    result: int
    scale: float
    region: tuple[float, float]


@decomposition("Resize")
def resize(x: Expansion) -> None:
    """All modes with constant scales or sizes."""
    value, dtype = x.input(0), x.dtype(x.input(0))
    if not dtype.startswith("float") and _text(x, "mode", "nearest") != "nearest":
        raise x.unsupported("it interpolates integers, which rounds. Cast its input to float")
    outside = np.zeros((), dtype=bool)
    for axis in sorted(_axes(x), key=lambda a: a.result / a.size):
        matrix, extrapolated = axis_matrix(x, axis)
        value = _applied(x, value, axis.axis, matrix)
        own = [1] * len(x.shape(value))
        own[axis.axis] = -1
        outside = outside | extrapolated.reshape(own)
    if outside.any():
        fill = np.where(outside, float(x.attribute("extrapolation_value", 0.0)), 0.0)
        value = x.apply("Add", value, x.constant("outside", fill, dtype))
    x.define(0, value)


def _text(x: Expansion, name: str, default: str) -> str:
    return str(x.attribute(name, default))


def _constant(x: Expansion, position: int, what: str) -> list[float] | None:
    if not x.has_input(position):
        return None
    array = x.array(x.input(position))
    if array is None:
        raise x.unsupported(f"its {what} are not constant. Make them an initializer")
    return [float(v) for v in array.reshape(-1)] or None


def _axes(x: Expansion) -> list[_Axis]:
    """The axes whose size or region changes, with their scales."""
    shape, result = x.shape(x.input(0)), x.shape(x.node.outputs[0])
    rank = len(shape)
    named = [int(a) % rank for a in x.attribute("axes", range(rank))]
    roi, scales, sizes = (_constant(x, k, what) for k, what in ((1, "regions"), (2, "scales"), (3, "sizes")))
    if scales is None:
        if sizes is None:
            raise x.unsupported("it has neither scales nor sizes. Give one of them")
        scales = [size / shape[axis] for size, axis in zip(sizes, named, strict=True)]
        policy = _text(x, "keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            scales = [min(scales) if policy == "not_larger" else max(scales)] * len(scales)
    crop = _text(x, "coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize"
    if crop and roi is None:
        raise x.unsupported("tf_crop_and_resize needs regions. Give its second input")
    regions = [(0.0, 1.0)] * len(named)
    if crop and roi is not None:
        regions = list(zip(roi[: len(named)], roi[len(named) :], strict=True))
    every = [_Axis(a, shape[a], result[a], s, r) for a, s, r in zip(named, scales, regions, strict=True)]
    return [axis for axis in every if (axis.size, axis.scale, axis.region) != (axis.result, 1.0, (0.0, 1.0))]


def axis_matrix(x: Expansion, axis: _Axis) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The (result, size) matrix of one axis, zero in rows that are extrapolated; and which rows these are."""
    if axis.result * axis.size > MAX_MATRIX or axis.result > MAX_RESULT:
        raise x.unsupported(f"axis {axis.axis} grows from {axis.size} to {axis.result} entries. Resize to fewer")
    points, outside = _points(x, axis)
    coefficients = _coefficients(x, axis.scale)
    matrix = np.zeros((axis.result, axis.size))
    for row, point in enumerate(points):
        if outside[row]:
            continue
        whole = float(np.floor(point))
        ratio = point - whole or 1.0  # at an entry, its left neighbour comes first
        weights = coefficients(ratio)
        first = int(whole) - (len(weights) // 2 - (1 if ratio < 1.0 else 0))
        entries = first + np.arange(len(weights))
        if x.attribute("exclude_outside", 0):
            weights = np.where((entries < 0) | (entries >= axis.size), 0.0, weights)
            weights = weights / (weights.sum() or 1.0)
        np.add.at(matrix[row], np.clip(entries, 0, axis.size - 1), weights)
    return matrix, outside


def _points(x: Expansion, axis: _Axis) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Where each output entry lies in the input, and whether it is extrapolated."""
    mode = _text(x, "coordinate_transformation_mode", "half_pixel")
    y, width, last = np.arange(axis.result, dtype=np.float64), axis.scale * axis.size, axis.size - 1
    never = np.zeros(axis.result, dtype=bool)
    if mode == "align_corners":
        return (np.zeros(axis.result) if width == 1 else y * last / (width - 1)), never
    if mode == "asymmetric":
        return y / axis.scale, never
    if mode == "tf_crop_and_resize":
        start, end = axis.region
        inner = np.full(axis.result, (end - start) * last / 2) if width == 1 else y * (end - start) * last / (width - 1)
        points = inner + start * last
        return points, (points < 0) | (points > last)
    half_pixel = (y + 0.5) / axis.scale - 0.5
    if mode == "pytorch_half_pixel" and width == 1:
        return np.full(axis.result, -0.5), never
    if mode == "half_pixel_symmetric":
        return axis.size / 2 * (1 - axis.result / width) + half_pixel, never
    if mode in ("half_pixel", "pytorch_half_pixel"):
        return half_pixel, never
    raise x.unsupported(f"coordinate_transformation_mode {mode!r} is unknown. Use half_pixel or asymmetric")


def _coefficients(x: Expansion, scale: float) -> Coefficients:
    """The coefficient function of the mode."""
    mode, a = _text(x, "mode", "nearest"), float(x.attribute("cubic_coeff_a", -0.75))
    stretch = min(scale, 1.0) if x.attribute("antialias", 0) else 1.0
    if mode == "nearest":
        return _nearest(x, _text(x, "nearest_mode", "round_prefer_floor"))
    if mode not in ("linear", "cubic"):
        raise x.unsupported(f"mode {mode!r} is unknown. Use nearest, linear or cubic")
    reach = 1 if mode == "linear" else 2

    def kernel(distance: npt.NDArray[Any]) -> Floats:
        d: Floats = np.abs(distance)
        if mode == "linear":
            return np.maximum(1.0 - d, 0.0)
        inner = (a + 2) * d**3 - (a + 3) * d**2 + 1
        return np.where(d <= 1, inner, np.where(d < 2, a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a, 0.0))

    def weights(ratio: float) -> Floats:
        start = int(np.floor(-reach / stretch)) + 1
        found = kernel((np.arange(start, 2 - start) - ratio) * stretch)
        return np.asarray(found / found.sum() if stretch < 1.0 else found)

    return weights


def _nearest(x: Expansion, rounding: str) -> Coefficients:
    behind: dict[str, Callable[[float], bool]] = {
        "round_prefer_floor": lambda ratio: ratio > 0.5,
        "round_prefer_ceil": lambda ratio: ratio >= 0.5,
        "floor": lambda ratio: ratio == 1.0,
        "ceil": lambda ratio: True,
    }
    if rounding not in behind:
        raise x.unsupported(f"nearest_mode {rounding!r} is unknown. Use one of {', '.join(behind)}")
    return lambda ratio: np.asarray([0.0, 1.0] if behind[rounding](ratio) else [1.0, 0.0])


def _applied(x: Expansion, value: str, axis: int, matrix: Floats) -> str:
    """The matrix along an axis: a Gather where it only picks entries, else a MatMul."""
    shape = list(x.shape(value))
    if ((matrix == 1.0).sum(axis=1) == 1).all() and (np.count_nonzero(matrix, axis=1) == 1).all():
        entries = x.constant("entries", matrix.argmax(axis=1))
        return x.apply("Gather", value, entries, axis=axis)
    lead, rest = shape[:axis], shape[axis + 1 :]
    shape[axis] = len(matrix)
    if prod(rest) == 1:
        weights = x.constant("weights", matrix.T, x.dtype(value))
        return x.reshape(x.apply("MatMul", x.reshape(value, [prod(lead), matrix.shape[1]]), weights), shape)
    cut = x.reshape(value, [prod(lead), matrix.shape[1], prod(rest)])
    return x.reshape(x.apply("MatMul", x.constant("weights", matrix, x.dtype(value)), cut), shape)
