"""Merges chains of elementwise operations by constants."""

from __future__ import annotations

import numpy as np

from zkseal.graph.affine import Affine, affine_of, along_axis, finite_in, is_trivial
from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph, Node, Value


def merge_affine(graph: Graph) -> Graph:
    """`graph` with each chain of Scaler, Add, Sub, Mul, Div, Neg by constants as one affine map.

    The map is written as one Scaler where its constants are scalars or, for tensors of rank 2, vary along the last
    axis; else as Mul then Add, leaving out a factor of 1 or a shift of 0. A single Div becomes a Mul; other single
    operations stay as they are.
    """
    edit = Editor(graph)
    for last in graph.nodes:
        readers = edit.consumers(last.outputs[0])
        if len(readers) == 1 and edit.only_used_by(last.outputs[0], readers[0]) and affine_of(edit, readers[0]):
            continue  # The chain goes on: it is merged at its last node.
        chain, affine = _chain(edit, last)
        if affine is not None and (len(chain) > 1 or last.op == "Div"):
            _rewrite(edit, chain, affine)
    return edit.build()


def _chain(edit: Editor, last: Node) -> tuple[list[Node], Affine | None]:
    """The nodes of the longest chain that ends in `last`, last first, and their composition."""
    chain, total = [last], affine_of(edit, last)
    while total is not None:
        maker = edit.producer(total.source)
        if maker is None or not edit.only_used_by(total.source, chain[-1]):
            break
        first = affine_of(edit, maker)
        if first is None:
            break
        chain.append(maker)
        total = total.after(first)
    return chain, total


def _rewrite(edit: Editor, chain: list[Node], affine: Affine) -> None:
    last = chain[0]
    result = edit.values[last.outputs[0]]
    if not finite_in((affine.a, affine.b), result.dtype):
        return
    if is_trivial(affine.a, 1.0) and is_trivial(affine.b, 0.0) and edit.bypass(last, affine.source, result.name):
        return
    scaler = _scaler(edit, last, affine, result)
    edit.substitute(last, *(_mul_add(edit, last, affine, result) if scaler is None else [scaler]))


def _scaler(edit: Editor, last: Node, affine: Affine, result: Value) -> Node | None:
    if result.dtype != "float32" or np.any(affine.a == 0) or is_trivial(affine.b, 0.0) or is_trivial(affine.a, 1.0):
        return None
    parts = np.broadcast_arrays(affine.a, affine.b)
    if parts[0].size > 1:
        if len(result.shape) != 2:
            return None
        vectors = [along_axis(part, 2, 1, result.shape[1]) for part in parts]
    else:
        vectors = [part.reshape(1) for part in parts]
    a, b = vectors
    if a is None or b is None or not finite_in((b / a,), "float32"):
        return None
    attributes = {
        "offset": tuple(float(np.float32(item)) for item in -b / a),
        "scale": tuple(float(np.float32(item)) for item in a),
    }
    return edit.make_node(f"{last.name}_scaler", "Scaler", (affine.source,), last.outputs, attributes)


def _mul_add(edit: Editor, last: Node, affine: Affine, result: Value) -> list[Node]:
    nodes: list[Node] = []
    source, only_product = affine.source, is_trivial(affine.b, 0.0)
    if not is_trivial(affine.a, 1.0) or only_product:
        product = result.name if only_product else edit.add_value(f"{last.name}_product", result.shape, result.dtype)
        factor = edit.add_initializer(f"{last.name}_factor", affine.a.astype(result.dtype))
        nodes.append(edit.make_node(f"{last.name}_mul", "Mul", (source, factor), (product,), {}))
        source = product
    if not only_product:
        shift = edit.add_initializer(f"{last.name}_shift", affine.b.astype(result.dtype))
        nodes.append(edit.make_node(f"{last.name}_add", "Add", (source, shift), (result.name,), {}))
    return nodes
