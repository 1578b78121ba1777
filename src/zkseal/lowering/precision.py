"""Which values need finer scales than others: the operands of steep functions.

log near 0, or a small divisor, turns the rounding of an activation of 16 bits into an error that is visible. The rules
of such operators say which exponent their operands need (`registry.precision`); operators that only move or negate
values pass the wish on to their own operands. `Plan.scale` grants it where a value is committed: graph inputs, and
accumulators that are rounded before they are used. A value that is 8 bits finer costs one limb more for each entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zkseal.lowering.registry import find_precision

if TYPE_CHECKING:
    from zkseal.graph import Node
    from zkseal.lowering.plan import Plan

__all__ = ["MAX_EXTRA_BITS", "wanted_exponents"]

MAX_EXTRA_BITS = 14
"""No value gets more bits than this beyond those of an activation."""

_FIRST = frozenset(
    {
        *(
            "Reshape",
            "Flatten",
            "Squeeze",
            "Unsqueeze",
            "Identity",
            "Dropout",
            "Transpose",
            "Slice",
            "Gather",
            "Expand",
        ),
        *(
            "Tile",
            "Split",
            "Pad",
            "Neg",
            "Abs",
            "Trilu",
            "TopK",
            "GatherElements",
            "GatherND",
            "Cast",
            "ReduceMax",
            "ReduceMin",
        ),
        *("Relu", "LeakyRelu", "PRelu", "Clip"),
        *("AveragePool", "GlobalAveragePool", "MaxPool", "ReduceMean", "ReduceSum"),
    }
)
"""Operators that pass on the precision of their results to their first operand."""

_ALL = frozenset({"Concat", "Max", "Min"})
""".. to all operands."""


def wanted_exponents(plan: Plan) -> dict[str, int]:
    """For values by name the exponent that their consumers need, where it is finer than usual."""
    wanted: dict[str, int] = {}
    for node in reversed(plan.graph.nodes):
        for name, exponent in (*_own(node, plan).items(), *_passed_on(node, wanted).items()):
            if name and plan.constant(name) is None and not plan.is_integer(name):
                limited = min(exponent, plan.target_exponent(name) + MAX_EXTRA_BITS)
                wanted[name] = max(limited, wanted.get(name, limited))
    return wanted


def _own(node: Node, plan: Plan) -> dict[str, int]:
    find = find_precision(node)
    return {} if find is None else dict(find(node, plan))


def _passed_on(node: Node, wanted: dict[str, int]) -> dict[str, int]:
    exponents = [wanted[name] for name in node.outputs if name in wanted]
    sources = node.inputs if node.op in _ALL else node.inputs[:1] if node.op in _FIRST else ()
    return dict.fromkeys(sources, max(exponents)) if exponents else {}
