"""Composite operators written as simpler ones, one file an operator.

`decompose` is the second pass of `normalize`, so that every intermediate value is calibrated like any other and no
rule is needed for what costs nothing when written out. A decomposition is a function under `@decomposition("Op")`:

    @decomposition("Square")
    def square(x: Expansion) -> None:
        x.define(0, x.apply("Mul", x.input(0), x.input(0)))

It sees its node through an `Expansion`, adds nodes with `apply` and names the results with `define`. A form that it
does not accept raises `x.unsupported(reason)`; returning False leaves the node to a lowering rule.
"""

from __future__ import annotations

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decompose, decomposed_ops, decomposition

__all__ = ["Expansion", "decompose", "decomposed_ops", "decomposition"]
