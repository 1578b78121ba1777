"""Clip with computed limits: y = min(max(x, lower), upper), as ONNX defines it. Constant limits have a rule."""

from __future__ import annotations

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition


@decomposition("Clip")
def clip(x: Expansion) -> bool:
    """False where the limits are constant or omitted."""
    given = [x.input(position) for position in (1, 2)]
    if all(name == "" or x.array(name) is not None for name in given):
        return False
    value = x.input(0)
    for op, limit in zip(("Max", "Min"), given, strict=True):
        if limit:
            value = x.apply(op, value, limit, shape=x.shape(value))
    x.define(0, value)
    return True
