"""Writes BatchNormalization as a product and a sum per channel, which `fold_affine` then absorbs."""

from __future__ import annotations

import numpy as np

from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph, Node


def unfold_batch_norm(graph: Graph) -> Graph:
    """`graph` with x * a + b for inference-mode BatchNormalization with constant parameters.

    a = scale / sqrt(var + epsilon) and b = bias - mean * a, in float64, rounded once.
    """
    edit = Editor(graph)
    for node in graph.nodes:
        if node.op == "BatchNormalization" and not node.attributes.get("training_mode", 0):
            _unfold(edit, node)
    return edit.build()


def _unfold(edit: Editor, node: Node) -> None:
    constants = [edit.constant(name) for name in node.inputs[1:5]]
    if any(constant is None for constant in constants):
        return
    scale, bias, mean, var = (np.asarray(constant, np.float64) for constant in constants)
    epsilon = node.attributes.get("epsilon", 1e-5)
    assert isinstance(epsilon, float)
    a = scale / np.sqrt(var + epsilon)
    b = bias - mean * a
    value = edit.values[node.outputs[0]]
    shape = (-1, *([1] * (len(value.shape) - 2)))
    product = edit.add_value(f"{node.name}_product", value.shape, value.dtype)
    factor = edit.add_initializer(f"{node.name}_factor", a.astype(value.dtype).reshape(shape))
    shift = edit.add_initializer(f"{node.name}_shift", b.astype(value.dtype).reshape(shape))
    edit.substitute(
        node,
        edit.make_node(f"{node.name}_mul", "Mul", (node.inputs[0], factor), (product,), {}),
        edit.make_node(f"{node.name}_add", "Add", (product, shift), (node.outputs[0],), {}),
    )
