"""Folding constant affine maps of features into the linear layer behind them, before anything is quantized.

`(x * a + b) W + c = x (diag(a) W) + (b W + c)`: a StandardScaler in front of a network then costs no rounding and no
committed value, and the integers of the input meet the weights directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.graph import Graph, Node, Value
from zkseal.graph.names import fresh_name

__all__ = ["LINEAR", "fold_affine_inputs"]

LINEAR = "zkseal.Linear"
"""Operator that folding makes: x of any rank, times a matrix, plus a vector; both constant."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Affine:
    """y = x * factor + addend along the last axis; each has one entry or one for each feature."""

    source: str
    factor: Floats
    addend: Floats


def fold_affine_inputs(graph: Graph) -> Graph:
    """The same function, with Scaler, Mul, Div, Add, Sub by constant features folded into the Gemm or MatMul behind.

    Where several linear layers read the result, and nothing else does, all take it in: scale and bias of a
    normalization in front of attention go into the layers of queries, keys and values.
    """
    while (folded := _fold_one(graph)) is not None:
        graph = folded
    return graph


def _fold_one(graph: Graph) -> Graph | None:
    for node in graph.nodes:
        if not _is_linear(graph, node):
            continue
        name = node.inputs[0]
        before = graph.producer(name)
        affine = _affine(graph, before) if before is not None else None
        if affine is None or name in graph.outputs:
            continue
        consumers = graph.consumers(name)
        if all(_is_linear(graph, c) and c.inputs[0] == name and c.inputs.count(name) == 1 for c in consumers):
            for consumer in consumers:
                graph = _merged(graph, consumer, affine)
            return replace(graph, nodes=tuple(other for other in graph.nodes if other is not before))
    return None


def _is_linear(graph: Graph, node: Node) -> bool:
    weights = graph.initializers.get(node.inputs[1]) if node.op in ("Gemm", LINEAR, "MatMul") else None
    if weights is None or weights.ndim != 2 or node.attributes.get("transA", 0):
        return False
    bias = node.inputs[2] if len(node.inputs) > 2 else ""
    return bias == "" or bias in graph.initializers


def _affine(graph: Graph, node: Node) -> _Affine | None:
    """The map that a node applies to its only computed operand; None if it is not an affine map of features."""
    if node.op == "Scaler":
        scale = np.asarray(node.attributes.get("scale", (1.0,)), dtype=np.float64)
        offset = np.asarray(node.attributes.get("offset", (0.0,)), dtype=np.float64)
        return _Affine(node.inputs[0], scale, -offset * scale)
    if node.op not in ("Mul", "Div", "Add", "Sub"):
        return None
    constants = [graph.initializers.get(name) for name in node.inputs]
    if (constants[0] is None) == (constants[1] is None) or (node.op == "Div" and constants[1] is None):
        return None
    side = 0 if constants[1] is None else 1
    constant = np.asarray(constants[side], dtype=np.float64)
    source = node.inputs[1 - side]
    shape = graph.values[source].shape
    if not shape or constant.size not in (1, shape[-1]) or (constant.size > 1 and constant.shape[-1] != constant.size):
        return None
    if graph.values[node.outputs[0]].shape != shape or (node.op == "Div" and (constant == 0).any()):
        return None
    vector, one = constant.reshape(-1), np.ones(1)
    if node.op in ("Mul", "Div"):
        return _Affine(source, vector if node.op == "Mul" else 1.0 / vector, 0.0 * one)
    if node.op == "Add":
        return _Affine(source, one, vector)
    return _Affine(source, one, -vector) if side == 1 else _Affine(source, -one, vector)


def _merged(graph: Graph, node: Node, affine: _Affine) -> Graph:
    """`graph` with a linear node that reads the source of an affine map, and does what both did."""
    transposed = bool(node.attributes.get("transB", 0))
    weights = np.asarray(graph.initializers[node.inputs[1]], dtype=np.float64)
    weights = weights.T if transposed else weights
    alpha, beta = (float(str(node.attributes.get(name, 1.0))) for name in ("alpha", "beta"))
    bias: Floats = np.zeros(1)
    if len(node.inputs) > 2 and node.inputs[2]:
        bias = np.asarray(graph.initializers[node.inputs[2]], dtype=np.float64) * beta
    folded = alpha * affine.factor.reshape(-1, 1) * weights
    # A plain sum along the first axis adds in order, so that every machine gets the same bits.
    addends = np.broadcast_to(affine.addend, weights.shape[:1]).reshape(-1, 1) * weights
    constant = bias + alpha * addends.sum(axis=0)
    names = fresh_name(f"{node.name}/weights", graph.values), fresh_name(f"{node.name}/bias", graph.values)
    arrays: dict[str, npt.NDArray[Any]] = {names[0]: folded, names[1]: constant}
    return _replaced(graph, node, Node(node.name, LINEAR, (affine.source, *names), node.outputs), arrays)


def _replaced(graph: Graph, old: Node, new: Node, arrays: Mapping[str, npt.NDArray[Any]]) -> Graph:
    values = {**graph.values, **{name: Value(name, array.shape, "float64") for name, array in arrays.items()}}
    nodes = tuple(new if other is old else other for other in graph.nodes)
    return replace(graph, values=values, initializers={**graph.initializers, **arrays}, nodes=nodes)
