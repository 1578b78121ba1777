"""Which Python function writes which operator, and the pass that applies them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import TypeAlias

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph, Node

__all__ = ["decompose", "decomposed_ops", "decomposition"]

Decomposition: TypeAlias = "Callable[[Expansion], bool | None]"

_DECOMPOSITIONS: dict[str, Decomposition] = {}
_MODULES_LOADED: list[bool] = []


def decomposition(*ops: str) -> Callable[[Decomposition], Decomposition]:
    """Registers a function as the decomposition of these operators."""

    def register(function: Decomposition) -> Decomposition:
        for op in ops:
            _DECOMPOSITIONS[op] = function
        return function

    return register


def _load() -> None:
    if _MODULES_LOADED:
        return
    from zkseal.graph import decompose as package

    for module in iter_modules(package.__path__):
        if not module.name.endswith("_test"):
            import_module(f"{package.__name__}.{module.name}")
    _MODULES_LOADED.append(True)


def decomposed_ops() -> tuple[str, ...]:
    """Names of all operators that have a decomposition, in alphabetical order."""
    _load()
    return tuple(sorted(_DECOMPOSITIONS))


def decompose(graph: Graph) -> Graph:
    """`graph` with every operator that has a decomposition written out, those that appear on the way included."""
    _load()
    if not any(node.op in _DECOMPOSITIONS for node in graph.nodes):
        return graph
    edit = Editor(graph)
    edit.nodes = [new for node in graph.nodes for new in _written_out(edit, node)]
    return edit.build()


def _written_out(edit: Editor, node: Node) -> list[Node]:
    function = _DECOMPOSITIONS.get(node.op)
    if function is None:
        return [node]
    expansion = Expansion(edit, node)
    if function(expansion) is False:
        return [node]
    return [inner for new in expansion.finish() for inner in _written_out(edit, new)]
