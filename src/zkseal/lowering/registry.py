"""The registry of rules: which Python function plans which operator.

A rule is a function `(node, plan) -> None` in `lowering/rules/<op>.py`. It reads the operands of the node from the
plan, chooses scales and integer parameters, and defines the node's outputs: as an accumulator, as a view, or by adding
steps. A step holds the exact integer semantics (`execute`) and the constraints (`constrain`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from zkseal.errors import UnsupportedOp
from zkseal.graph.decompose import decomposed_ops

if TYPE_CHECKING:
    from zkseal.graph import Graph, Node
    from zkseal.lowering.blocks.piecewise import Shape
    from zkseal.lowering.plan import Plan

__all__ = [
    "FunctionOf",
    "Precision",
    "Rule",
    "find_function",
    "find_precision",
    "find_rule",
    "function",
    "precision",
    "require_rules",
    "rule",
    "supported_ops",
]

Rule = Callable[["Node", "Plan"], None]

Precision = Callable[["Node", "Plan"], Mapping[str, int]]
"""For operands of a node by name the exponent at which rounding them no longer matters."""

FunctionOf = Callable[["Node", "Plan"], "Shape"]
"""The function of one variable that a node computes."""

_RULES: dict[str, Rule] = {}
_PRECISIONS: dict[str, Precision] = {}
_FUNCTIONS: dict[str, FunctionOf] = {}


def rule(*ops: str) -> Callable[[Rule], Rule]:
    """Registers a function as the rule of these operators."""

    def register(function: Rule) -> Rule:
        for op in ops:
            _RULES[op] = function
        return function

    return register


def precision(*ops: str) -> Callable[[Precision], Precision]:
    """Registers a function that says how fine the operands of these operators must be (`lowering.precision`)."""

    def register(function: Precision) -> Precision:
        for op in ops:
            _PRECISIONS[op] = function
        return function

    return register


def function(*ops: str) -> Callable[[FunctionOf], FunctionOf]:
    """Registers what these operators compute as a function of one variable (`lowering.families`)."""

    def register(shape_of: FunctionOf) -> FunctionOf:
        for op in ops:
            _FUNCTIONS[op] = shape_of
        return shape_of

    return register


def find_function(node: Node) -> FunctionOf | None:
    """What says which function of one variable a node computes; None where it is none."""
    if node.op not in _RULES:
        _load()
    return _FUNCTIONS.get(node.op)


def find_precision(node: Node) -> Precision | None:
    """What says how fine the operands of a node must be; None where the usual scales do."""
    if node.op not in _RULES:
        _load()
    return _PRECISIONS.get(node.op)


def _load() -> None:
    from zkseal.lowering import rules

    for module in iter_modules(rules.__path__):
        if not module.name.endswith("_test") and module.name != "conftest":
            import_module(f"{rules.__name__}.{module.name}")


def supported_ops() -> tuple[str, ...]:
    """Names of all operators of models that have a rule, in alphabetical order."""
    _load()
    return tuple(sorted(op for op in _RULES if not op.startswith("zkseal.")))


def find_rule(node: Node) -> Rule:
    """The rule of a node. Raises `UnsupportedOp(op, node)`."""
    if node.op not in _RULES:
        _load()
    try:
        return _RULES[node.op]
    except KeyError:
        known = sorted({*supported_ops(), *decomposed_ops()})
        near = get_close_matches(node.op, known, n=3, cutoff=0.7)
        raise UnsupportedOp(
            f"Node '{node.name}' uses {node.op}, which has no lowering rule. Cut it off with `select=` (zkseal "
            f"compile: --select), or rewrite it with some of the {len(known)} operators of docs/reference/operators.md"
            f"{', such as ' + ', '.join(near) if near else ''}.",
            op=node.op,
            node=node.name,
        ) from None


def require_rules(graph: Graph) -> None:
    """Raises `UnsupportedOp(op, node)` for the first node whose operator has no rule."""
    for node in graph.nodes:
        find_rule(node)
