"""Chains of elementwise operators of one value become one function of it, before anything is quantized.

Exporters write GELU, SiLU, Mish or hard swish as four to eight operators: x * 0.5 * (1 + erf(x / sqrt(2))). As a single
function (`formula`) it takes one table and one rounding in place of one for each of them. A region of nodes is fused
when all of it depends on one value and on constants with one entry, keeps its shape, is used outside only through its
last node, and would cost more by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from zkseal.graph import Graph, Node
from zkseal.lowering.formula import FORMULA, Formula, Operand, Term, is_worth_a_table, term_of

__all__ = ["fuse_functions"]

MOST_NODES = 64


def fuse_functions(graph: Graph) -> Graph:
    """`graph` with every such region as one node."""
    fusion = _Fusion(graph)
    regions = fusion.regions()
    if not regions:
        return graph
    gone = {name for region in regions for name in region.names}
    last = {region.last: region for region in regions}
    nodes = []
    for node in graph.nodes:
        if node.name in last:
            region = last[node.name]
            attributes = MappingProxyType({"formula": region.formula})
            nodes.append(Node(node.name, FORMULA, (region.source,), node.outputs, attributes))
        elif node.name not in gone:
            nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


@dataclass(frozen=True)
class _Region:
    source: str
    names: frozenset[str]
    last: str
    formula: Formula


class _Fusion:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._producers = {name: node for node in graph.nodes for name in node.outputs if name}
        self._uses: dict[str, list[Node]] = {}
        for node in graph.nodes:
            for name in node.inputs:
                self._uses.setdefault(name, []).append(node)
        self._order = {node.name: place for place, node in enumerate(graph.nodes)}
        self._elementwise = {node.name for node in graph.nodes if self._is_elementwise(node)}

    def regions(self) -> list[_Region]:
        """From the last node to the first, the largest region that ends in each node that is in none yet."""
        found: list[_Region] = []
        taken: set[str] = set()
        for node in reversed(self._graph.nodes):
            if node.name in taken or node.name not in self._elementwise:
                continue
            region = self._ending_in(node)
            if region is not None:
                found.append(region)
                taken |= region.names
        return found

    def _ending_in(self, last: Node) -> _Region | None:
        """Grown backwards from `last`; of all sources on the way the one that is furthest away."""
        best: _Region | None = None
        names = {last.name}
        while len(names) <= MOST_NODES:
            nodes = [self._graph.nodes[place] for place in sorted(self._order[name] for name in names)]
            sources = self._sources(nodes)
            if len(sources) == 1:
                best = self._region(nodes, sources[0]) or best
            inner = [self._producers[name] for name in sources if self._may_be_inside(name, names)]
            if not inner:
                break
            # The latest producer first: what it computes may be a function of the other sources.
            names.add(max(inner, key=lambda node: self._order[node.name]).name)
        return best

    def _may_be_inside(self, name: str, names: set[str]) -> bool:
        node = self._producers.get(name)
        if node is None or node.name not in self._elementwise or name in self._graph.outputs:
            return False
        return all(user.name in names for user in self._uses[name])

    def _is_elementwise(self, node: Node) -> bool:
        """Whether the node could be a term: of one shape and float type, with constants of one entry."""
        if len(node.outputs) != 1:
            return False
        values, result = self._graph.values, self._graph.values[node.outputs[0]]
        shape = result.shape
        if not result.dtype.startswith("float"):
            return False
        for name in node.inputs:
            constant = self._graph.initializers.get(name) if name else np.zeros(1)
            if constant is None and (values[name].shape != shape or not values[name].dtype.startswith("float")):
                return False
            if constant is not None and (constant.size != 1 or constant.ndim > max(len(shape), 1)):
                return False
        return term_of(node, tuple(self._constant(name) for name in node.inputs)) is not None

    def _constant(self, name: str) -> float | None:
        constant = self._graph.initializers.get(name)
        return None if constant is None else float(np.asarray(constant).reshape(-1)[0])

    def _sources(self, nodes: list[Node]) -> list[str]:
        inside = {name for node in nodes for name in node.outputs}
        computed = (name for node in nodes for name in node.inputs if name and name not in self._graph.initializers)
        return list(dict.fromkeys(name for name in computed if name not in inside))

    def _region(self, nodes: list[Node], source: str) -> _Region | None:
        places: dict[str, int] = {}
        terms: list[Term] = []
        for node in nodes:
            operands: list[Operand] = []
            for name in node.inputs:
                if not name:
                    return None
                constant = self._constant(name)
                operands.append(constant if constant is not None else None if name == source else places[name])
            term = term_of(node, tuple(operands))
            if term is None:
                return None
            places[node.outputs[0]] = len(terms)
            terms.append(term)
        if not is_worth_a_table(terms):
            return None
        return _Region(source, frozenset(node.name for node in nodes), nodes[-1].name, Formula(tuple(terms)))
