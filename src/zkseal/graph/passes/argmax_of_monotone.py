"""Lets ArgMax read scores instead of a monotone function of them."""

from __future__ import annotations

from dataclasses import replace

from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph, Node

_ALONG_AXIS = frozenset({"Softmax", "LogSoftmax"})
_ELEMENTWISE = frozenset({"Sigmoid", "Tanh"})


def argmax_of_monotone(graph: Graph) -> Graph:
    """`graph` with ArgMax(Softmax(x)) as ArgMax(x), likewise for LogSoftmax, Sigmoid and Tanh.

    The index differs only where the function rounds two different scores to the same float: then the scores
    decide, not the order of the classes. A label that needs no probabilities no longer pays for them.
    """
    edit = Editor(graph)
    makers = {name: node for node in graph.nodes for name in node.outputs}
    for node in graph.nodes:
        if node.op in ("ArgMax", "ArgMin"):
            maker = makers.get(node.inputs[0])
            if maker is not None and _keeps_order(graph, node, maker):
                edit.substitute(node, replace(node, inputs=(maker.inputs[0],)))
    return edit.build()


def _keeps_order(graph: Graph, node: Node, maker: Node) -> bool:
    if maker.op in _ELEMENTWISE:
        return True
    if maker.op not in _ALONG_AXIS:
        return False
    rank = len(graph.values[maker.inputs[0]].shape)
    axis, other = node.attributes.get("axis", 0), maker.attributes.get("axis", -1)
    assert isinstance(axis, int)
    assert isinstance(other, int)
    return axis % rank == other % rank
