"""Writes sums of several tensors as additions of two."""

from __future__ import annotations

import numpy as np

from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph, Node


def split_sum(graph: Graph) -> Graph:
    """`graph` with Sum of two or more inputs as a chain of Add, from left to right."""
    edit = Editor(graph)
    for node in graph.nodes:
        if node.op == "Sum" and len(node.inputs) > 1:
            edit.substitute(node, *_additions(edit, node))
    return edit.build()


def _additions(edit: Editor, node: Node) -> list[Node]:
    total, chain = node.inputs[0], []
    for position, name in enumerate(node.inputs[1:], start=1):
        if position == len(node.inputs) - 1:
            result = node.outputs[0]
        else:
            shape = np.broadcast_shapes(edit.values[total].shape, edit.values[name].shape)
            result = edit.add_value(f"{node.name}_partial", shape, edit.values[name].dtype)
        chain.append(edit.make_node(f"{node.name}_add", "Add", (total, name), (result,), {}))
        total = result
    return chain
