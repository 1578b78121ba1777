"""Moves a number that multiplies a product of two values, as attention does with its scores, into constants before it.

(Q K) c = (Q c) K, and Q is most often a linear layer of its own: then its weights and bias take c, and the product,
which has one entry for each pair of tokens, is rounded once and not twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph, Node

_MOVES = frozenset({"Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Identity"})

Change = Callable[[], None]


def fold_scale(graph: Graph) -> Graph:
    """`graph` with constant numbers behind products of two computed values folded into constants before them."""
    edit = Editor(graph)
    for node in graph.nodes:
        if node.op not in ("Mul", "Div") or not any(known is node for known in edit.nodes):
            continue
        source, factor = _scaled(edit, node)
        producer = edit.producer(source) if factor is not None else None
        if producer is None or factor is None or producer.op != "MatMul" or not edit.only_used_by(source, node):
            continue
        if any(edit.constant(name) is not None for name in producer.inputs):
            continue  # Folded into the weights by `fold_affine`.
        changes = _into_product(edit, producer, factor)
        if changes is not None and edit.bypass(node, source, node.outputs[0]):
            for change in changes:
                change()
    return edit.build()


def _scaled(edit: Editor, node: Node) -> tuple[str, float | None]:
    """The computed operand of a product or quotient by a number, and that number."""
    pairs = [(node.inputs[0], node.inputs[1])]
    if node.op == "Mul":
        pairs.append((node.inputs[1], node.inputs[0]))
    for source, other in pairs:
        number = edit.number(other)
        if number is None or edit.constant(source) is not None:
            continue
        if edit.values[source] != replace(edit.values[node.outputs[0]], name=source):
            continue
        if edit.values[source].dtype.startswith("float") and np.isfinite(number) and number != 0:
            return source, 1.0 / number if node.op == "Div" else number
    return node.inputs[0], None


def _into_product(edit: Editor, product: Node, factor: float) -> list[Change] | None:
    for name in product.inputs:
        changes = _into_value(edit, name, product, factor)
        if changes is not None:
            return changes
    return None


def _into_value(edit: Editor, name: str, reader: Node, factor: float) -> list[Change] | None:
    """What makes a value `factor` times as large; None if something else reads it or no constant is in reach."""
    if not edit.only_used_by(name, reader) or reader.inputs.count(name) > 1:
        return None
    node = edit.producer(name)
    if node is None:
        return None
    constants = [position for position, other in enumerate(node.inputs) if edit.constant(other) is not None]
    if node.op in _MOVES:
        return _into_value(edit, node.inputs[0], node, factor)
    if node.op == "MatMul" and constants:
        return [_scale(edit, node, constants[0], factor)]
    if node.op == "Mul" and constants:
        return [_scale(edit, node, constants[0], factor)]
    if node.op == "Gemm" and 1 in constants and (len(node.inputs) < 3 or 2 in constants):
        return [_scale(edit, node, position, factor) for position in constants if position > 0]
    if node.op in ("Add", "Sub") and len(constants) == 1:
        inner = _into_value(edit, node.inputs[1 - constants[0]], node, factor)
        return None if inner is None else [*inner, _scale(edit, node, constants[0], factor)]
    return None


def _scale(edit: Editor, node: Node, position: int, factor: float) -> Change:
    """Replaces a constant operand of a node by one that is `factor` times as large."""

    def change() -> None:
        constant = edit.initializers[node.inputs[position]]
        scaled = (np.asarray(constant, np.float64) * factor).astype(constant.dtype)
        name = edit.add_initializer(f"{node.inputs[position]}_scaled", scaled)
        current = next(known for known in edit.nodes if known.name == node.name)
        inputs = tuple(name if k == position else other for k, other in enumerate(current.inputs))
        edit.substitute(current, replace(current, inputs=inputs))

    return change
