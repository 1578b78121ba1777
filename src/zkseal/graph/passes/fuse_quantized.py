"""Models in QDQ format: DequantizeLinear, float operator, QuantizeLinear become one operator on integers.

Three passes (`sink_dequantize`, `fuse_qdq`, `tabulate_quantized`), until none of them finds anything: what one of them
moves, another can fuse. Constants that stay dequantized are folded later (`fold_constants`).
"""

from __future__ import annotations

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
    return graph
