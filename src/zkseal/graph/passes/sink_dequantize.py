"""Moves of dequantized values become moves of their integers: Op(DequantizeLinear(q)) = DequantizeLinear(Op(q)).

QuantizeLinear behind a DequantizeLinear of the same scale then changes nothing and is removed, QuantizeLinear of a
Concat becomes one for each part, and a positive factor of dequantized values becomes part of their scale.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zkseal.graph.edit import Editor
from zkseal.graph.qdq import Quantization, dequantized, quantization, same
from zkseal.graph.types import Graph, Node

_MOVES = frozenset(
    {"Flatten", "Gather", "Identity", "MaxPool", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"}
)
"""Operators that only move (or choose) entries of their first operand, and that onnxruntime has for 8-bit integers."""


def sink_dequantize(graph: Graph) -> Graph:
    """`graph` with the moves above done on integers, where there is one scale for the tensor."""
    if not any(node.op == "DequantizeLinear" for node in graph.nodes):
        return graph
    edit = Editor(graph)
    for node in list(edit.nodes):
        if node.op in _MOVES and len(node.outputs) == 1:
            _sink(edit, node, (node.inputs[0],))
        elif node.op == "Concat":
            _sink(edit, node, node.inputs)
        elif node.op in ("Mul", "Div"):
            _scale(edit, node)
    for node in list(edit.nodes):
        if node.op == "QuantizeLinear":
            _split_over_concat(edit, node)
    for node in list(edit.nodes):
        if node.op == "QuantizeLinear":
            _drop_repeated(edit, node)
    return edit.build()


def _sink(edit: Editor, node: Node, sources: tuple[str, ...]) -> None:
    read = [dequantized(edit, name) for name in sources]
    known = [quantized for quantized in read if quantized is not None]
    first = known[0] if known else None
    if first is None or len(known) != len(read) or not first.is_uniform or not first.is_8_bit:
        return
    if not all(same(first, other) for other in known):
        return
    result = node.outputs[0]
    integers = edit.add_value(f"{result}/integers", edit.values[result].shape, first.dtype)
    moved = replace(node, inputs=(*(q.name for q in known), *node.inputs[len(known) :]), outputs=(integers,))
    inputs = (integers, *first.parameters(edit, result))
    edit.substitute(node, moved, edit.make_node(f"{node.name}/dequantize", "DequantizeLinear", inputs, (result,), {}))


def _scale(edit: Editor, node: Node) -> None:
    """DequantizeLinear(q) times (or divided by) a positive number as DequantizeLinear(q) with another scale."""
    numbers = [edit.constant(name) for name in node.inputs]
    side = 1 if node.op == "Div" or numbers[1] is not None else 0
    factor, quantized = numbers[side], dequantized(edit, node.inputs[1 - side])
    if factor is None or factor.size != 1 or quantized is None or not quantized.is_uniform or not quantized.is_8_bit:
        return
    number = float(factor.reshape(-1)[0])
    shape = edit.values[node.outputs[0]].shape
    if number <= 0.0 or shape != edit.values[quantized.name].shape or quantized.scale.dtype != np.float32:
        return
    scale = quantized.scale * np.float32(number) if node.op == "Mul" else quantized.scale / np.float32(number)
    scaled = replace(quantized, scale=np.asarray(scale, np.float32))
    inputs = (quantized.name, *scaled.parameters(edit, node.outputs[0]))
    edit.substitute(node, edit.make_node(f"{node.name}/dequantize", "DequantizeLinear", inputs, node.outputs, {}))


def _split_over_concat(edit: Editor, node: Node) -> None:
    """QuantizeLinear(Concat(a, b)) as Concat(QuantizeLinear(a), QuantizeLinear(b)), if some part is dequantized."""
    kind, concat = quantization(edit, node), edit.producer(node.inputs[0])
    if kind is None or not kind.is_uniform or not kind.is_8_bit or concat is None or concat.op != "Concat":
        return
    if not edit.only_used_by(node.inputs[0], node) or not any(dequantized(edit, name) for name in concat.inputs):
        return
    parts = []
    for name in concat.inputs:
        part = edit.add_value(f"{name}/quantized", edit.values[name].shape, kind.dtype)
        own = edit.make_node(f"{node.name}/part", "QuantizeLinear", (name, *node.inputs[1:]), (part,), node.attributes)
        edit.nodes.append(own)
        parts.append(part)
    edit.remove(node)
    edit.substitute(concat, replace(concat, inputs=tuple(parts), outputs=node.outputs))


def _drop_repeated(edit: Editor, node: Node) -> None:
    kind: Quantization | None = quantization(edit, node)
    before = dequantized(edit, node.inputs[0])
    if kind is not None and before is not None and same(kind, before):
        edit.bypass(node, before.name, node.outputs[0])
