"""Reads a node as y = a * x + b with constants a and b, the form that affine passes combine.

Notation: `x` the one computed operand, `a` and `b` float64 arrays that broadcast to the shape of `x`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.graph.edit import Editor
from zkseal.graph.types import Node

_FLOATS = frozenset({"float16", "float32", "float64"})


@dataclass(frozen=True)
class Affine:
    """y = a * x + b, where `source` names x."""

    source: str
    a: npt.NDArray[np.float64]
    b: npt.NDArray[np.float64]

    def after(self, first: Affine) -> Affine:
        """The composition: `first`, then this one."""
        return Affine(first.source, self.a * first.a, self.a * first.b + self.b)


def affine_of(edit: Editor, node: Node) -> Affine | None:
    """`node` as an affine map of one computed float tensor that keeps its shape and dtype, or None."""
    if node.op == "Scaler":
        found: Affine | None = _scaler(node)
    elif node.op == "Neg":
        found = Affine(node.inputs[0], np.float64(-1.0) * np.ones(()), np.zeros(()))
    elif node.op in ("Add", "Sub", "Mul", "Div"):
        found = _elementwise(edit, node)
    else:
        found = None
    if found is None:
        return None
    x, y = edit.values[found.source], edit.values[node.outputs[0]]
    keeps = x.shape == y.shape and x.dtype == y.dtype and x.dtype in _FLOATS
    return found if keeps and np.isfinite(found.a).all() and np.isfinite(found.b).all() else None


def _scaler(node: Node) -> Affine:
    offset, scale = (np.asarray(node.attributes[name], np.float64) for name in ("offset", "scale"))
    offset, scale = (array.reshape(()) if array.size == 1 else array for array in (offset, scale))
    return Affine(node.inputs[0], scale, -offset * scale)


def _elementwise(edit: Editor, node: Node) -> Affine | None:
    left, right = (edit.constant(name) for name in node.inputs)
    if (left is None) == (right is None):
        return None
    source = node.inputs[0] if left is None else node.inputs[1]
    constant = np.asarray(right if left is None else left, np.float64)
    one, zero = np.ones(()), np.zeros(())
    if node.op == "Add":
        return Affine(source, one, constant)
    if node.op == "Mul":
        return Affine(source, constant, zero)
    if node.op == "Sub":
        return Affine(source, one, -constant) if left is None else Affine(source, -one, constant)
    if left is None and np.all(constant != 0):
        return Affine(source, 1.0 / constant, zero)
    return None


def along_axis(array: npt.NDArray[Any], rank: int, axis: int, size: int) -> npt.NDArray[Any] | None:
    """`array`, which broadcasts to a tensor of `rank`, as a vector of `size` along `axis`.

    None when it varies along another axis.
    """
    full = array.reshape((1,) * (rank - array.ndim) + array.shape)
    if any(length != 1 for other, length in enumerate(full.shape) if other != axis):
        return None
    return np.broadcast_to(full.reshape(-1), (size,))


def is_trivial(array: npt.NDArray[Any], value: float) -> bool:
    """Whether all entries equal `value`."""
    return bool(np.all(array == value))


def finite_in(arrays: Iterable[npt.NDArray[np.float64]], dtype: str) -> bool:
    """Whether all arrays stay finite when they are rounded to `dtype`."""
    with np.errstate(over="ignore"):
        return all(bool(np.isfinite(array.astype(dtype)).all()) for array in arrays)
