"""A mutable copy of a graph, for passes: edit freely, then `build()` a frozen graph again.

Names are the only references, so every edit is by name. `build()` drops what nothing uses and sorts the nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy.typing as npt

from zkseal.errors import InvalidModel
from zkseal.graph.names import fresh_name
from zkseal.graph.types import Graph, Node, Value


class Editor:
    """Edits of one graph. `nodes`, `values`, `initializers` and `outputs` may be read and changed in place."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[Node] = list(graph.nodes)
        self.values: dict[str, Value] = dict(graph.values)
        self.initializers: dict[str, npt.NDArray[Any]] = dict(graph.initializers)
        self.outputs: list[str] = list(graph.outputs)
        self.notes: list[str] = list(graph.notes)
        self._node_names = {node.name for node in self.nodes}

    def constant(self, name: str) -> npt.NDArray[Any] | None:
        """The array of initializer `name`; None when the value is omitted or computed."""
        return self.initializers.get(name)

    def number(self, name: str) -> float | None:
        """The only entry of initializer `name`; None when it has more, or the value is omitted or computed."""
        array = self.constant(name)
        return float(array.reshape(-1)[0]) if array is not None and array.size == 1 else None

    def producer(self, name: str) -> Node | None:
        return next((node for node in self.nodes if name in node.outputs), None)

    def consumers(self, name: str) -> list[Node]:
        return [node for node in self.nodes if name in node.inputs]

    def only_used_by(self, name: str, node: Node) -> bool:
        """Whether `node` alone reads value `name`, so that a fusion may remove the value."""
        return name not in self.outputs and all(user is node for user in self.consumers(name))

    def fresh(self, stem: str) -> str:
        """A value and node name that is not in use, starting with `stem`."""
        return fresh_name(stem, self.values, self._node_names)

    def add_initializer(self, stem: str, array: npt.NDArray[Any]) -> str:
        """Adds a constant and returns its name."""
        name = self.fresh(stem)
        self.initializers[name] = array
        self.values[name] = Value(name, tuple(array.shape), array.dtype.name)
        return name

    def add_value(self, stem: str, shape: Sequence[int], dtype: str) -> str:
        """Declares a computed value and returns its name."""
        name = self.fresh(stem)
        self.values[name] = Value(name, tuple(shape), dtype)
        return name

    def make_node(
        self, stem: str, op: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Mapping[str, object]
    ) -> Node:
        """A node with an unused name; the caller puts it into the graph with `substitute`."""
        name = self.fresh(stem)
        self._node_names.add(name)
        return Node(name, op, tuple(inputs), tuple(outputs), dict(attributes))

    def substitute(self, old: Node, *new: Node) -> None:
        """Puts `new` nodes in the place of `old`."""
        place = next(index for index, node in enumerate(self.nodes) if node is old)
        self.nodes[place : place + 1] = list(new)

    def remove(self, node: Node) -> None:
        self.substitute(node)

    def rename_uses(self, old: str, new: str) -> None:
        """Makes every reader of value `old` read `new` instead; graph outputs keep their names."""
        for index, node in enumerate(self.nodes):
            if old in node.inputs:
                inputs = tuple(new if name == old else name for name in node.inputs)
                self.nodes[index] = replace(node, inputs=inputs)

    def bypass(self, node: Node, source: str, result: str) -> bool:
        """Removes `node`, whose output `result` equals value `source`; False when a name has to stay.

        A graph output keeps its name: the producer of `source` then writes `result` directly, unless `source` is
        an input, a constant or itself an output.
        """
        if result not in self.outputs:
            self.remove(node)
            self.rename_uses(result, source)
            return True
        maker = self.producer(source)
        if maker is None or source in self.outputs:
            return False
        self.remove(node)
        self.substitute(maker, replace(maker, outputs=tuple(result if n == source else n for n in maker.outputs)))
        self.rename_uses(source, result)
        return True

    def build(self) -> Graph:
        """The edited graph, without dead nodes and unused values, in topological order."""
        nodes = _sorted(_alive(self.nodes, self.outputs), {v.name for v in self.graph.inputs} | set(self.initializers))
        used = {name for node in nodes for name in (*node.inputs, *node.outputs) if name} | set(self.outputs)
        initializers = {name: array for name, array in self.initializers.items() if name in used}
        keep = used | {value.name for value in self.graph.inputs}
        return replace(
            self.graph,
            outputs=tuple(self.outputs),
            values={name: value for name, value in self.values.items() if name in keep},
            initializers=initializers,
            nodes=tuple(nodes),
            notes=tuple(self.notes),
        )


def _alive(nodes: Sequence[Node], outputs: Sequence[str]) -> list[Node]:
    makers = {name: node for node in nodes for name in node.outputs if name}
    alive: set[int] = set()
    pending = [makers[name] for name in outputs if name in makers]
    while pending:
        node = pending.pop()
        if id(node) not in alive:
            alive.add(id(node))
            pending += [makers[name] for name in node.inputs if name in makers]
    return [node for node in nodes if id(node) in alive]


def _sorted(nodes: Sequence[Node], known: set[str]) -> list[Node]:
    """`nodes` in topological order, as near to the given order as possible (Kahn's algorithm)."""
    makers = {name: index for index, node in enumerate(nodes) for name in node.outputs if name}
    waiting = [len({makers[name] for name in node.inputs if name in makers}) for node in nodes]
    readers: list[set[int]] = [set() for _ in nodes]
    for index, node in enumerate(nodes):
        for name in node.inputs:
            if name in makers:
                readers[makers[name]].add(index)
            elif name and name not in known:
                raise InvalidModel(f"Node {node.name!r} reads {name!r}, which nothing defines.", node=node.name)
    ready = [index for index, count in enumerate(waiting) if count == 0]
    order: list[int] = []
    while ready:
        index = min(ready)
        ready.remove(index)
        order.append(index)
        for reader in readers[index]:
            waiting[reader] -= 1
            if waiting[reader] == 0:
                ready.append(reader)
    if len(order) != len(nodes):
        stuck = next(node.name for index, node in enumerate(nodes) if waiting[index])
        raise InvalidModel(f"The graph has a cycle through node {stuck!r}.", node=stuck)
    return [nodes[index] for index in order]
