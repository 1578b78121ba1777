"""Removes nodes, constants and values that no output needs."""

from __future__ import annotations

from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph


def eliminate_dead(graph: Graph) -> Graph:
    """`graph` without what its outputs do not depend on; inputs stay, since they are the caller's interface."""
    return Editor(graph).build()
