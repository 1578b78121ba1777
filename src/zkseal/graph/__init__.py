"""Typed graphs: `types` (Graph, Node, Value), `spec` (the validator), `shapes`, and `passes` (one rewrite a file)."""

from __future__ import annotations

from zkseal.graph.passes import normalize
from zkseal.graph.spec import validate
from zkseal.graph.types import Graph, Node, Value

__all__ = ["Graph", "Node", "Value", "normalize", "validate"]
