"""Recognizes log(sum(exp(x))): the exponentials of large x fit no scale, those of x - max x do."""

from __future__ import annotations

from dataclasses import replace

from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph, Node


def recognize_log_sum_exp(graph: Graph) -> Graph:
    """`graph` with Log(ReduceSum(Exp(x))) as ReduceLogSumExp(x), unless a maximum was subtracted already."""
    edit = Editor(graph)
    makers = {name: node for node in graph.nodes for name in node.outputs}
    for node in graph.nodes:
        total = makers.get(node.inputs[0]) if node.op == "Log" else None
        exponential = makers.get(total.inputs[0]) if total is not None and total.op == "ReduceSum" else None
        if total is None or exponential is None or exponential.op != "Exp" or _is_shifted(makers, exponential):
            continue
        if edit.only_used_by(node.inputs[0], node):
            inputs = (exponential.inputs[0], *total.inputs[1:])
            new = replace(total, name=edit.fresh(f"{node.name}/log_sum_exp"), op="ReduceLogSumExp", inputs=inputs)
            edit.substitute(node, replace(new, outputs=node.outputs))
    return edit.build()


def _is_shifted(makers: dict[str, Node], exponential: Node) -> bool:
    """Whether the argument is x - ReduceMax(x), as `graph.decompose` writes it."""
    difference = makers.get(exponential.inputs[0])
    if difference is None or difference.op != "Sub":
        return False
    maximum = makers.get(difference.inputs[1])
    return maximum is not None and maximum.op == "ReduceMax"
