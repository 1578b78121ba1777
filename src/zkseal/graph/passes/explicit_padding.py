"""Writes down what windows leave implicit: `auto_pad`, kernel sizes, and unlimited Clip bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zkseal.graph.edit import Editor
from zkseal.graph.shapes import ints
from zkseal.graph.types import Graph, Node

_WINDOWS = frozenset({"Conv", "MaxPool", "AveragePool", "LpPool"})


def explicit_padding(graph: Graph) -> Graph:
    """`graph` whose windows have `kernel_shape` and `pads`, and whose Clip omits bounds that are infinite.

    `SAME_UPPER` and `SAME_LOWER` follow the operator document: outputs of ceil(size / stride), the odd cell of
    padding behind (upper) or before (lower) the tensor.
    """
    edit = Editor(graph)
    for node in graph.nodes:
        if node.op in _WINDOWS:
            new = _explicit_window(graph, node)
        elif node.op == "Clip":
            new = _explicit_clip(edit, node)
        else:
            continue
        if new != node:
            edit.substitute(node, new)
    return edit.build()


def _explicit_window(graph: Graph, node: Node) -> Node:
    attributes = dict(node.attributes)
    spatial = graph.values[node.inputs[0]].shape[2:]
    if node.op == "Conv":
        attributes.setdefault("kernel_shape", tuple(graph.values[node.inputs[1]].shape[2:]))
    auto_pad = attributes.pop("auto_pad", "NOTSET")
    if auto_pad == "VALID":
        attributes.pop("pads", None)
    elif auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        full = replace(node, attributes=attributes)
        attributes["pads"] = _same_pads(full, spatial, upper=auto_pad == "SAME_UPPER")
    return replace(node, attributes=attributes)


def _same_pads(node: Node, spatial: tuple[int, ...], *, upper: bool) -> tuple[int, ...]:
    ones = [1] * len(spatial)
    kernel, strides, dilations = (
        ints(node, "kernel_shape", ones),
        ints(node, "strides", ones),
        ints(node, "dilations", ones),
    )
    before, behind = [], []
    for size, width, stride, dilation in zip(spatial, kernel, strides, dilations, strict=True):
        reach = dilation * (width - 1) + 1
        total = max((-(-size // stride) - 1) * stride + reach - size, 0)
        before.append(total // 2 if upper else total - total // 2)
        behind.append(total - before[-1])
    return (*before, *behind)


def _explicit_clip(edit: Editor, node: Node) -> Node:
    inputs = list(node.inputs)
    for position, unlimited in ((1, -np.inf), (2, np.inf)):
        bound = edit.constant(inputs[position]) if position < len(inputs) else None
        if bound is not None and bool(np.all(bound == unlimited)):
            inputs[position] = ""
    while inputs[-1] == "":
        inputs.pop()
    return replace(node, inputs=tuple(inputs))
