"""Recognizes normalizations that exporters wrote out, which are cheaper and more accurate as one operator.

With m = mean of x, d = x - m, v = mean of d^2 over some axes: d / sqrt(v + eps) is a LayerNormalization; x by the
root of the mean of its squares is an RMSNormalization, and by its L2 norm the same times a constant. Quotients may be
products with reciprocals, squares may be powers.
"""

from __future__ import annotations

from math import prod, sqrt

import numpy as np

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.normalization import TINY, standardized
from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph, Node

# The least length that F.normalize and its kin divide by; longer vectors are not changed by it.
_LEAST_NORM = 1e-6


def recognize_normalization(graph: Graph) -> Graph:
    """`graph` with layer, root-mean-square and L2 normalizations as operators."""
    if not any(node.op in ("Sqrt", "Pow", "ReduceL2") for node in graph.nodes):
        return graph
    edit = Editor(graph)
    for node in graph.nodes:
        match = _match(edit, node)
        if match is None:
            continue
        source, axes, epsilon, op, factor = match
        x = Expansion(edit, node)
        result = standardized(x, source, axes, epsilon, op=op)
        x.define(0, result if factor == 1.0 else x.apply("Mul", result, x.number(factor, result)))
        edit.substitute(node, *x.finish())
    return edit.build()


def _match(edit: Editor, node: Node) -> tuple[str, tuple[int, ...], float, str, float] | None:
    """(source, axes, epsilon, operator, factor) of a normalization that ends in this node."""
    for value, root in _quotients(edit, node):
        measured = _mean_of_squares(edit, root)
        if measured is None:
            continue
        squared, axes, epsilon, factor = measured
        if squared != value or edit.values[node.outputs[0]] != _like(edit, value, node.outputs[0]):
            continue
        centred = edit.producer(value)
        if factor == 1.0 and centred is not None and centred.op == "Sub":
            mean = _reduced(edit, centred.inputs[1], "ReduceMean")
            if mean == (centred.inputs[0], axes):
                return centred.inputs[0], axes, epsilon, "LayerNormalization", 1.0
        return value, axes, epsilon, "RMSNormalization", factor
    return None


def _like(edit: Editor, name: str, other: str) -> object:
    value = edit.values[name]
    return type(value)(other, value.shape, value.dtype)


def _quotients(edit: Editor, node: Node) -> list[tuple[str, str]]:
    """(value, argument of the root by which it is divided) for every way to read a node as such a quotient.

    The argument of a norm is the norm itself: `_mean_of_squares` knows ReduceL2.
    """
    if node.op == "Div":
        root = _root_argument(edit, node.inputs[1])
        return [] if root is None else [(node.inputs[0], root)]
    if node.op != "Mul":
        return []
    found = []
    for value, other in (node.inputs, node.inputs[::-1]):
        root = _inverse_root_argument(edit, other)
        if root is not None:
            found.append((value, root))
    return found


def _root_argument(edit: Editor, name: str) -> str | None:
    node = _behind_expand(edit, name)
    if node is None:
        return None
    if node.op == "Sqrt":
        return node.inputs[0]
    if node.op == "Pow" and edit.number(node.inputs[1]) == 0.5:
        return node.inputs[0]
    return node.outputs[0] if node.op == "ReduceL2" else None


def _inverse_root_argument(edit: Editor, name: str) -> str | None:
    node = edit.producer(name)
    if node is None:
        return None
    if node.op == "Pow" and edit.number(node.inputs[1]) == -0.5:
        return node.inputs[0]
    if node.op == "Reciprocal":
        return _root_argument(edit, node.inputs[0])
    if node.op == "Div" and edit.number(node.inputs[0]) == 1.0:
        return _root_argument(edit, node.inputs[1])
    return None


def _behind_expand(edit: Editor, name: str) -> Node | None:
    """The node that makes a value, behind repetition and behind lower bounds that only vectors of zeros meet."""
    node = edit.producer(name)
    while node is not None:
        bounds = [edit.number(other) for other in node.inputs[1:2]]
        lower = node.op in ("Clip", "Max") and bounds[:1] != [None] and 0 < (bounds[0] or 0.0) <= _LEAST_NORM
        if node.op != "Expand" and not (lower and (len(node.inputs) < 3 or not node.inputs[2])):
            return node
        node = edit.producer(node.inputs[0])
    return None


def _mean_of_squares(edit: Editor, name: str) -> tuple[str, tuple[int, ...], float, float] | None:
    """(x, axes, epsilon, factor) if a value is the mean of x^2 plus epsilon, or a sum or norm (then with a factor)."""
    node, epsilon = edit.producer(name), 0.0
    if node is not None and node.op == "Add":
        for inner, other in (node.inputs, node.inputs[::-1]):
            number = edit.number(other)
            if number is not None and 0.0 <= number < 1.0:
                name, epsilon = inner, number
                break
    for op in ("ReduceMean", "ReduceSum", "ReduceSumSquare", "ReduceL2"):
        reduced = _reduced(edit, name, op)
        if reduced is None:
            continue
        inner, axes = reduced
        source = inner if op in ("ReduceSumSquare", "ReduceL2") else _square_of(edit, inner)
        if source is None or (op == "ReduceL2" and epsilon):
            return None
        if op == "ReduceMean":
            return source, axes, max(epsilon, TINY), 1.0
        count = prod(edit.values[source].shape[axis] for axis in axes)
        return source, axes, max(epsilon / count, TINY), 1.0 / sqrt(count)
    return None


def _square_of(edit: Editor, name: str) -> str | None:
    node = edit.producer(name)
    if node is None:
        return None
    if node.op == "Mul" and node.inputs[0] == node.inputs[1]:
        return node.inputs[0]
    return node.inputs[0] if node.op == "Pow" and edit.number(node.inputs[1]) == 2.0 else None


def _reduced(edit: Editor, name: str, op: str) -> tuple[str, tuple[int, ...]] | None:
    """Operand and axes of a reduction that keeps its axes."""
    node = edit.producer(name)
    if node is None or node.op != op or not node.attributes.get("keepdims", 1):
        return None
    rank = len(edit.values[node.inputs[0]].shape)
    axes = edit.constant(node.inputs[1]) if len(node.inputs) > 1 and node.inputs[1] else None
    if axes is None:
        return (node.inputs[0], tuple(range(rank))) if len(node.inputs) < 2 else None
    return node.inputs[0], tuple(sorted({int(axis) % rank for axis in np.asarray(axes).reshape(-1)}))
