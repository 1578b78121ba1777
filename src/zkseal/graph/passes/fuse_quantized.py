"""Models in QDQ format: DequantizeLinear, float operator, QuantizeLinear become one operator on integers.

Three passes (`sink_dequantize`, `tabulate_quantized`, `fuse_qdq`), until none of them finds anything: what one of them
moves, another can fuse. Then every reader gets a DequantizeLinear of its own. Constants that stay dequantized are
folded later (`fold_constants`).
"""

from __future__ import annotations

from dataclasses import replace

from zkseal.graph.edit import Editor
from zkseal.graph.passes.fuse_qdq import fuse_qdq
from zkseal.graph.passes.sink_dequantize import sink_dequantize
from zkseal.graph.passes.tabulate_quantized import tabulate_quantized
from zkseal.graph.types import Graph

_MAX_ROUNDS = 100


def fuse_quantized(graph: Graph) -> Graph:
    """`graph` with as many operators as possible on the integers of the model."""
    for _ in range(_MAX_ROUNDS):
        before = [(node.op, node.outputs) for node in graph.nodes]
        graph = fuse_qdq(tabulate_quantized(sink_dequantize(graph)))
        if [(node.op, node.outputs) for node in graph.nodes] == before:
            break
    return _one_for_each_reader(graph)


def _one_for_each_reader(graph: Graph) -> Graph:
    """`graph` with a DequantizeLinear of its own for every reader: it is linear, and rounded only if it is shared."""
    edit = Editor(graph)
    for node in list(edit.nodes):
        if node.op != "DequantizeLinear":
            continue
        value = edit.values[node.outputs[0]]
        for reader in edit.consumers(value.name)[value.name not in edit.outputs :]:
            name = edit.add_value(value.name, value.shape, value.dtype)
            own = edit.make_node(node.name, node.op, node.inputs, (name,), node.attributes)
            read = replace(reader, inputs=tuple(name if n == value.name else n for n in reader.inputs))
            edit.substitute(reader, own, read)
    return edit.build()
