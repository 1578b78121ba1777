"""ScatterElements, ScatterND, TensorScatter with constant indices; with computed ones the reductions mul, max, min.

Constant indices: updates that fall on different places are one layer, a Gather through a constant list. Without a
reduction the last update of a place counts, as in onnxruntime; with one, layers are combined one after the other.
Computed indices: one-hot vectors of the places say for each update and place whether it falls there; the updates, or
what changes nothing, are then reduced. Computed indices without a reduction, or added, have a rule (`lowering.rules`).
"""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition

__all__ = ["layers"]

Places = npt.NDArray[np.int64]

_COMBINE = {"add": "Add", "mul": "Mul", "max": "Max", "min": "Min"}
_REDUCE = {"mul": "ReduceProd", "max": "ReduceMax", "min": "ReduceMin"}


@decomposition("Scatter")
def scatter(x: Expansion) -> None:
    """The name of ScatterElements before opset 11."""
    x.define(0, x.apply("ScatterElements", *x.node.inputs, shape=x.shape(x.input(0)), axis=x.attribute("axis", 0)))


@decomposition("ScatterElements")
def scatter_elements(x: Expansion) -> bool | None:
    """Updates along one axis."""
    data, updates = x.input(0), x.input(2)
    shape, indices = x.shape(data), x.array(x.input(1))
    axis = int(x.attribute("axis", 0)) % len(shape)
    reduction = str(x.attribute("reduction", "none"))
    if indices is not None:
        own: list[Places] = list(np.indices(indices.shape, dtype=np.int64))
        own[axis] = np.asarray(indices, dtype=np.int64) % shape[axis]
        places = np.asarray(np.ravel_multi_index(own, shape))
        x.define(0, _listed(x, data, updates, places, reduction))
        return None
    if reduction not in _REDUCE:
        return False
    # Rows of the other axes side by side: data (n, rows), indices and updates (m, rows).
    order = [axis, *(k for k in range(len(shape)) if k != axis)]
    columns = _columns(x, data, order), _columns(x, x.input(1), order), _columns(x, updates, order)
    rest = [shape[k] for k in order[1:]]
    if tuple(rest) != tuple(x.shape(updates)[k] for k in order[1:]):
        raise x.unsupported("its indices are computed and cover only a part of the other axes. Pad them to the data")
    reduced = _reduced(x, *columns, reduction)
    back = np.argsort(order).tolist()
    x.define(0, x.transpose(x.reshape(reduced, [shape[axis], *rest]), back))
    return None


@decomposition("ScatterND")
def scatter_nd(x: Expansion) -> bool | None:
    """Updates of slices."""
    data, updates = x.input(0), x.input(2)
    shape, indices = x.shape(data), x.array(x.input(1))
    depth = x.shape(x.input(1))[-1]
    reduction = str(x.attribute("reduction", "none"))
    lead, inner = shape[:depth], prod(shape[depth:])
    if indices is not None:
        parts = [np.asarray(indices[..., k], dtype=np.int64) % lead[k] for k in range(depth)]
        first = np.ravel_multi_index(parts, lead) * inner
        x.define(0, _listed(x, data, updates, first[..., np.newaxis] + np.arange(inner), reduction))
        return None
    if reduction not in _REDUCE:
        return False
    count = prod(x.shape(x.input(1))[:-1])
    places = _computed_places(x, lead)
    rows = x.reshape(places, [count, 1])
    reduced = _reduced(x, x.reshape(data, [prod(lead), inner]), rows, x.reshape(updates, [count, inner]), reduction)
    x.define(0, x.reshape(reduced, shape))
    return None


@decomposition("TensorScatter")
def tensor_scatter(x: Expansion) -> None:
    """A cache updated from a position on, which may differ in each batch."""
    data, updates = x.input(0), x.input(1)
    shape, part = x.shape(data), x.shape(updates)
    axis = int(x.attribute("axis", -2)) % len(shape)
    starts = x.array(x.input(2)) if x.has_input(2) else np.zeros(shape[0], dtype=np.int64)
    circular = str(x.attribute("mode", "linear")) == "circular"
    if starts is None:
        x.define(0, _at_computed_positions(x, axis, circular))
        return
    own: list[Places] = list(np.indices(part, dtype=np.int64))
    own[axis] = own[axis] + np.asarray(starts, dtype=np.int64).reshape(-1, *([1] * (len(shape) - 1)))
    if circular:
        own[axis] %= shape[axis]
    x.define(0, _listed(x, data, updates, np.asarray(np.ravel_multi_index(own, shape)), "none"))


def _at_computed_positions(x: Expansion, axis: int, circular: bool) -> str:
    """The cache after updates that start at computed positions: a ScatterElements along the axis."""
    data, updates, starts = x.input(0), x.input(1), x.input(2)
    part, rank = x.shape(updates), len(x.shape(updates))
    steps = np.arange(part[axis]).reshape([-1 if k == axis else 1 for k in range(rank)])
    column = x.reshape(starts, [part[0], *([1] * (rank - 1))])
    index = x.apply("Add", column, x.constant("steps", steps, x.dtype(starts)))
    if circular:  # places behind the end count from the end, as negative indices do
        size = x.number(x.shape(data)[axis], starts)
        beyond = x.apply("GreaterOrEqual", index, size, shape=x.shape(index))
        wrapped = x.apply("Sub", index, size, shape=x.shape(index))
        index = x.apply("Where", beyond, wrapped, index, shape=x.shape(index), dtype=x.dtype(starts))
    index = x.apply("Expand", x.cast(index, "int64"), x.constant("shape", list(part)), shape=part)
    return x.apply("ScatterElements", data, index, updates, shape=x.shape(data), axis=axis)


def _listed(x: Expansion, data: str, updates: str, places: Places, reduction: str) -> str:
    """The data after updates at constant row-major places."""
    shape = x.shape(data)
    flat = x.reshape(data, [prod(shape)])
    both = x.concat([flat, x.reshape(updates, [prod(x.shape(updates))])], axis=0)
    size, targets = prod(shape), np.asarray(places).reshape(-1)
    if reduction == "none":
        entries = np.arange(size)
        entries[targets] = size + np.arange(targets.size)
        return x.reshape(x.apply("Gather", both, x.constant("entries", entries), axis=0), shape)
    result = flat
    # `add` and `mul` read a neutral entry behind all others, `max` and `min` the entry itself.
    if reduction in ("add", "mul"):
        neutral = x.constant("neutral", [0 if reduction == "add" else 1], x.dtype(data))
        both = x.concat([both, neutral], axis=0)
    idle = np.arange(size) if reduction in ("max", "min") else np.full(size, size + targets.size)
    for layer in layers(targets):
        entries = idle.copy()
        entries[targets[layer]] = size + layer
        result = x.apply(_COMBINE[reduction], result, x.apply("Gather", both, x.constant("entries", entries), axis=0))
    return x.reshape(result, shape)


def layers(targets: Places) -> list[Places]:
    """Numbers of updates in groups that fall on different places, in order."""
    seen: dict[int, int] = {}
    layers: list[list[int]] = []
    for update, place in enumerate(targets.tolist()):
        layer = seen.get(place, 0)
        seen[place] = layer + 1
        if layer == len(layers):
            layers.append([])
        layers[layer].append(update)
    return [np.asarray(layer, dtype=np.int64) for layer in layers]


def _columns(x: Expansion, value: str, order: list[int]) -> str:
    shape = x.shape(value)
    return x.reshape(x.transpose(value, order), [shape[order[0]], prod(shape[k] for k in order[1:])])


def _computed_places(x: Expansion, lead: tuple[int, ...]) -> str:
    """Row-major places of computed ScatterND indices, negative ones counted from the end."""
    indices = x.input(1)
    sizes = x.constant("sizes", list(lead), x.dtype(indices))
    negative = x.apply("Less", indices, x.number(0, indices), shape=x.shape(indices))
    raised = x.apply("Add", indices, sizes, shape=x.shape(indices))
    positions = x.apply("Where", negative, raised, indices, shape=x.shape(indices), dtype=x.dtype(indices))
    steps = [prod(lead[k + 1 :]) for k in range(len(lead))]
    product = x.apply("Mul", positions, x.constant("steps", steps, x.dtype(indices)))
    shape = x.shape(indices)[:-1]
    return x.apply("ReduceSum", product, x.constant("axes", [-1]), shape=shape, keepdims=0)


def _reduced(x: Expansion, data: str, indices: str, updates: str, reduction: str) -> str:
    """Data (n, rows) after updates (m, rows) at computed indices (m, rows or 1), reduced by mul, max or min."""
    (n, rows), (m, own) = x.shape(data), x.shape(indices)
    bits = x.apply(
        "OneHot",
        indices,
        x.constant("depth", [n]),
        x.constant("values", [0, 1], "int64"),
        shape=(m, n, own),
        dtype="int64",
        axis=1,
    )
    here = x.cast(bits, "bool")
    update = x.reshape(updates, [m, 1, rows])
    idle = x.number(1, data) if reduction == "mul" else x.reshape(data, [1, n, rows])
    candidates = x.apply("Where", here, update, idle, shape=(m, n, rows), dtype=x.dtype(data))
    result = x.apply(_REDUCE[reduction], candidates, x.constant("axes", [0]), shape=(n, rows), keepdims=0)
    return x.apply(_COMBINE[reduction], data, result)
