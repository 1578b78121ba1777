"""Typed graphs: `types` (Graph, Node, Value), `spec` (the validator) and `passes` (one rewrite a file)."""

from __future__ import annotations

from zkseal.graph.types import Graph, Node, Value

__all__ = ["Graph", "Node", "Value"]
