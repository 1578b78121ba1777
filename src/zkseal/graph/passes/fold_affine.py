"""Folds products and sums by constants into the linear layer before them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zkseal.graph.affine import Affine, affine_of, along_axis, finite_in
from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph, Node


def fold_affine(graph: Graph) -> Graph:
    """`graph` with a * (W x + c) + b as (a W) x + (a c + b), for Conv and plain Gemm with constant W and c.

    a and b may vary along output channels only. Together with `unfold_batch_norm` this folds BatchNormalization.
    """
    edit = Editor(graph)
    for node in graph.nodes:
        if node.op in ("Conv", "Gemm"):
            while (folded := _fold_reader(edit, node)) is not None:
                node = folded
    return edit.build()


def _fold_reader(edit: Editor, node: Node) -> Node | None:
    result = node.outputs[0]
    readers = edit.consumers(result)
    if len(readers) != 1 or not edit.only_used_by(result, readers[0]):
        return None
    affine = affine_of(edit, readers[0])
    return None if affine is None else _folded(edit, node, readers[0], affine)


def _folded(edit: Editor, node: Node, reader: Node, affine: Affine) -> Node | None:
    """The linear node that does the work of `node` and `reader`, put into the graph; None when it does not fit."""
    weight = edit.constant(node.inputs[1])
    has_bias = len(node.inputs) > 2 and node.inputs[2] != ""
    bias = edit.constant(node.inputs[2]) if has_bias else np.zeros(())
    if weight is None or bias is None or (node.op == "Gemm" and node.attributes.keys() - {"transA"}):
        return None
    value = edit.values[node.outputs[0]]
    axis = 1  # Both Conv (N, C, ...) and Gemm (M, N) have their output channels here.
    a, b = (along_axis(array, len(value.shape), axis, value.shape[axis]) for array in (affine.a, affine.b))
    if a is None or b is None or bias.ndim > 1:
        return None
    channels = a.reshape(-1, *([1] * (weight.ndim - 1))) if node.op == "Conv" else a
    new_weight, new_bias = weight.astype(np.float64) * channels, bias.astype(np.float64) * a + b
    if not finite_in((new_weight, new_bias), value.dtype):
        return None
    names = [node.inputs[0], node.inputs[1]]
    if np.any(a != 1.0):
        names[1] = edit.add_initializer(f"{node.name}_weight", new_weight.astype(value.dtype))
    names.append(edit.add_initializer(f"{node.name}_bias", new_bias.astype(value.dtype)))
    new = replace(node, inputs=tuple(names), outputs=reader.outputs)
    edit.remove(reader)
    edit.substitute(node, new)
    return new
