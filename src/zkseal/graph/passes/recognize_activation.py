"""Recognizes activation functions that exporters wrote out: one table instead of a function and a product.

x * 0.5 * (1 + erf(x / sqrt 2)) is Gelu, with tanh of 0.79788 (x + 0.044715 x^3) its approximation; x * sigmoid(a x) is
Swish. Factors may stand in any order.
"""

from __future__ import annotations

from math import isclose, pi, sqrt

from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph, Node

_CUBE = 0.044715

# Exporters write their constants in single precision, some with four digits only.
_TOLERANCE = 1e-4


def recognize_activation(graph: Graph) -> Graph:
    """`graph` with Gelu and Swish as operators."""
    if not any(node.op in ("Erf", "Tanh", "Sigmoid") for node in graph.nodes):
        return graph
    edit = Editor(graph)
    for node in graph.nodes:
        if node.op not in ("Mul", "Div") or edit.values[node.outputs[0]].dtype == "float64":
            continue
        number, factors = _factors(edit, node)
        match = _match(edit, number, factors)
        if match is not None and edit.values[match[0]].shape == edit.values[node.outputs[0]].shape:
            source, op, attributes = match
            edit.substitute(node, edit.make_node(f"{node.name}_{op}", op, (source,), node.outputs, attributes))
    return edit.build()


def _factors(edit: Editor, node: Node) -> tuple[float, list[str]]:
    """A product as a number and computed factors; factors that others read are not taken apart."""
    if node.op == "Div":
        number = edit.number(node.inputs[1])
        if number is None or number == 0.0:
            return 1.0, [node.outputs[0]]
        inner, factors = _operand_factors(edit, node.inputs[0], node)
        return inner / number, factors
    total, found = 1.0, []
    for name in node.inputs:
        number = edit.number(name)
        if number is not None:
            total *= number
            continue
        inner, factors = _operand_factors(edit, name, node)
        total *= inner
        found += factors
    return total, found


def _operand_factors(edit: Editor, name: str, reader: Node) -> tuple[float, list[str]]:
    node = edit.producer(name)
    if node is None or node.op not in ("Mul", "Div") or not edit.only_used_by(name, reader):
        return 1.0, [name]
    return _factors(edit, node)


def _match(edit: Editor, number: float, factors: list[str]) -> tuple[str, str, dict[str, object]] | None:
    if len(factors) != 2:
        return None
    for x, other in (factors, factors[::-1]):
        node = edit.producer(other)
        if node is None:
            continue
        if node.op == "Sigmoid" and number == 1.0:
            alpha = _multiple_of(edit, node.inputs[0], x)
            if alpha is not None and alpha > 0.0:
                return x, "Swish", {"alpha": alpha}
        if node.op == "Add" and isclose(number, 0.5, rel_tol=_TOLERANCE):
            approximate = _gelu_argument(edit, node, x)
            if approximate is not None:
                return x, "Gelu", {"approximate": approximate}
    return None


def _gelu_argument(edit: Editor, node: Node, x: str) -> str | None:
    """Which form of Gelu has 1 + f(..) as this node: "none" or "tanh"."""
    for one, other in (node.inputs, node.inputs[::-1]):
        inner = edit.producer(other)
        if edit.number(one) != 1.0 or inner is None:
            continue
        if inner.op == "Erf":
            factor = _multiple_of(edit, inner.inputs[0], x)
            return "none" if factor is not None and isclose(factor, sqrt(0.5), rel_tol=_TOLERANCE) else None
        if inner.op == "Tanh":
            return "tanh" if _is_cubic(edit, inner.inputs[0], x) else None
    return None


def _multiple_of(edit: Editor, name: str, x: str) -> float | None:
    """a if a value is a x."""
    if name == x:
        return 1.0
    node = edit.producer(name)
    if node is None or node.op not in ("Mul", "Div"):
        return None
    number, factors = _factors(edit, node)
    return number if factors == [x] else None


def _is_cubic(edit: Editor, name: str, x: str) -> bool:
    """Whether a value is sqrt(2 / pi) (x + 0.044715 x^3)."""
    node = edit.producer(name)
    if node is None or node.op != "Mul":
        return False
    number, factors = _factors(edit, node)
    if not isclose(number, sqrt(2 / pi), rel_tol=_TOLERANCE) or len(factors) != 1:
        return False
    total = edit.producer(factors[0])
    if total is None or total.op != "Add":
        return False
    return any(
        own == x and isclose(_cube_factor(edit, other, x), _CUBE, rel_tol=_TOLERANCE)
        for own, other in (total.inputs, total.inputs[::-1])
    )


def _cube_factor(edit: Editor, name: str, x: str) -> float:
    """a if a value is a x^3, else 0."""
    node = edit.producer(name)
    if node is None or node.op not in ("Mul", "Div"):
        return 0.0
    number, factors = _factors(edit, node)
    degree = 0
    for factor in factors:
        power = edit.producer(factor)
        if factor == x:
            degree += 1
        elif power is not None and power.op == "Pow" and power.inputs[0] == x:
            degree += int(edit.number(power.inputs[1]) or 0)
        else:
            return 0.0
    return number if degree == 3 else 0.0
