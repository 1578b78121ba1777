"""DynamicQuantizeLinear that was written out (the function body that ONNX gives) becomes one node again.

    scale = (max(max x, 0) - min(min x, 0)) / 255
    zero point = round(clip(0 - min(min x, 0) / scale))
    y = QuantizeLinear(x, scale, zero point)

One node is rounded exactly as single precision rounds; its parts, computed one after the other, are not.
"""

from __future__ import annotations

from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph, Node

_TOP = 255


def recognize_dynamic_quantize(graph: Graph) -> Graph:
    """`graph` with the pattern above as DynamicQuantizeLinear."""
    if not any(node.op == "QuantizeLinear" for node in graph.nodes):
        return graph
    edit = Editor(graph)
    for node in list(edit.nodes):
        if node.op == "QuantizeLinear" and len(node.inputs) == 3:
            _recognize(edit, node)
    return edit.build()


def _recognize(edit: Editor, node: Node) -> None:
    x, scale, zero = node.inputs
    if edit.values[node.outputs[0]].dtype != "uint8" or edit.constant(scale) is not None:
        return
    divided, cast = edit.producer(scale), edit.producer(zero)
    least = _least(edit, divided, x)
    if divided is None or cast is None or least is None or not _is_zero_point(edit, cast, least, scale):
        return
    whole = edit.make_node(node.name, "DynamicQuantizeLinear", (x,), (node.outputs[0], scale, zero), {})
    edit.remove(divided)
    edit.remove(cast)
    edit.substitute(node, whole)


def _least(edit: Editor, divided: Node | None, x: str) -> str | None:
    """The name of min(min x, 0), if `divided` is the range of x and zero divided by 255."""
    if divided is None or divided.op != "Div" or edit.number(divided.inputs[1]) != _TOP:
        return None
    width = edit.producer(divided.inputs[0])
    if width is None or width.op != "Sub":
        return None
    for name, op in zip(width.inputs, ("Max", "Min"), strict=True):
        if not _is_extreme(edit, name, op, x):
            return None
    return width.inputs[1]


def _is_extreme(edit: Editor, name: str, op: str, x: str) -> bool:
    """Whether a value is the largest (smallest) entry of x and 0."""
    node = edit.producer(name)
    if node is None or node.op != op or len(node.inputs) != 2:
        return False
    reduced = [edit.producer(operand) for operand in node.inputs]
    zeros = [edit.number(operand) == 0 for operand in node.inputs]
    found = reduced[1] if zeros[0] else reduced[0]
    if not any(zeros) or found is None or found.op != f"Reduce{op}" or found.inputs[0] != x:
        return False
    return edit.values[found.outputs[0]].shape == ()


def _is_zero_point(edit: Editor, cast: Node, least: str, scale: str) -> bool:
    """Whether a node is cast(round(clip(0 - least / scale, 0, 255)))."""
    node: Node | None = cast
    for op in ("Cast", "Round", "Clip"):
        if node is None or node.op != op:
            return False
        last, node = node, edit.producer(node.inputs[0])
    limits = [edit.number(name) == end for name, end in zip(last.inputs[1:], (0, _TOP), strict=False)]
    if node is None or node.op != "Sub" or edit.number(node.inputs[0]) != 0 or limits != [True, True]:
        return False
    steps = edit.producer(node.inputs[1])
    return steps is not None and steps.op == "Div" and steps.inputs == (least, scale)
