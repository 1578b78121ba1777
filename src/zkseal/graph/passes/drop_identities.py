"""Removes nodes whose output equals one of their inputs."""

from __future__ import annotations

import numpy as np

from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph, Node

_ALWAYS = frozenset({"Identity"})
_SAME_SHAPE = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Expand", "Tile"})
_SINGLE_INPUT = frozenset({"Concat", "Sum", "Max", "Min", "Mean"})


def drop_identities(graph: Graph) -> Graph:
    """`graph` without Identity, inference-mode Dropout, and Cast, Reshape, Transpose, Slice, Pad, Gather ... no-ops."""
    edit = Editor(graph)
    for node in graph.nodes:
        current = next((candidate for candidate in edit.nodes if candidate.name == node.name), None)
        if current is not None and _is_identity(edit, current):
            edit.bypass(current, current.inputs[0], current.outputs[0])
    return edit.build()


def _is_identity(edit: Editor, node: Node) -> bool:
    source, result = (edit.values.get(node.inputs[0]) if node.inputs else None), edit.values.get(node.outputs[0])
    if source is None or result is None or (source.shape, source.dtype) != (result.shape, result.dtype):
        return False
    if node.op in _ALWAYS or node.op in _SAME_SHAPE or node.op == "Cast":
        return True
    if node.op in _SINGLE_INPUT:
        return len(node.inputs) == 1
    if node.op == "Dropout":
        return _is_inference_dropout(edit, node)
    if node.op == "Transpose":
        return _is_trivial_transpose(node, source.shape)
    if node.op == "Pad":
        pads = edit.constant(node.inputs[1])
        return pads is not None and not np.any(pads)
    if node.op == "Slice":
        steps = edit.constant(node.inputs[4]) if len(node.inputs) > 4 and node.inputs[4] else np.ones(1)
        return steps is not None and bool(np.all(steps > 0))
    return False


def _is_inference_dropout(edit: Editor, node: Node) -> bool:
    if (
        len(node.outputs) > 1
        and node.outputs[1]
        and (edit.consumers(node.outputs[1]) or node.outputs[1] in edit.outputs)
    ):
        return False
    if len(node.inputs) < 3 or not node.inputs[2]:
        return True
    training = edit.constant(node.inputs[2])
    return training is not None and not bool(np.any(training))


def _is_trivial_transpose(node: Node, shape: tuple[int, ...]) -> bool:
    """Whether the axes that are longer than 1 keep their order (the shapes are known to be equal)."""
    order = node.attributes.get("perm", tuple(range(len(shape)))[::-1])
    assert isinstance(order, tuple)
    moved = [axis for axis in order if shape[axis] != 1]
    return moved == sorted(moved)
