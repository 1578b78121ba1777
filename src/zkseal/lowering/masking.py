"""Masks in front of Softmax: scores that are to count for nothing, recognised before anything is quantized.

Exporters add a huge negative number to such scores or put one in their place. A scale that holds it holds no score any
more, and calibration sees nothing else; so the mask is taken out of the sum, and Softmax becomes `MASKED_SOFTMAX` of
the scores themselves and the masks, whose rule knows which entries never count. Recognised are, in chains of any
length: Add and Sub of a constant with entries of at most `HUGE`; Add of a computed 0 or 1 times such a constant; Where
that takes such a constant; the same with the condition negated, or 1 minus it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from zkseal.graph import Graph
from zkseal.graph.edit import Editor

__all__ = ["HUGE", "MASKED_SOFTMAX", "mark_masks"]

MASKED_SOFTMAX = "zkseal.MaskedSoftmax"
"""Softmax of its first input under the masks that follow. Attributes: `axis`, and for each mask its kind (`masks`):
`add`: a constant that is added; `keep`, `drop`: 0 or 1, broadcast, entries with 0 (or 1) never count."""

HUGE = -1000.0
"""What masks add is at most this; what relative positions add is not."""


@dataclass(frozen=True)
class _Mask:
    kind: str
    name: str


def mark_masks(graph: Graph) -> Graph:
    """`graph` with every Softmax that has masks in front of it as a `MASKED_SOFTMAX`."""
    edit = Editor(graph)
    for node in graph.nodes:
        if node.op != "Softmax":
            continue
        source, masks = _unmasked(edit, node.inputs[0])
        if masks:
            names = (source, *(mask.name for mask in masks))
            attributes = {"axis": node.attributes.get("axis", -1), "masks": tuple(mask.kind for mask in masks)}
            edit.substitute(node, replace(node, op=MASKED_SOFTMAX, inputs=names, attributes=attributes))
    return edit.build() if edit.nodes != list(graph.nodes) else graph


def _unmasked(edit: Editor, name: str) -> tuple[str, list[_Mask]]:
    """The scores behind a value, and the masks between."""
    masks: list[_Mask] = []
    while (found := _one_mask(edit, name)) is not None:
        source, mask = found
        if edit.values[source].shape != edit.values[name].shape or edit.constant(source) is not None:
            break
        name = source
        masks.append(mask)
    return name, masks


def _one_mask(edit: Editor, name: str) -> tuple[str, _Mask] | None:
    node = edit.producer(name)
    if node is None:
        return None
    if node.op == "Add":
        for source, other in (node.inputs, node.inputs[::-1]):
            mask = _additive(edit, other)
            if mask is not None:
                return source, mask
    if node.op == "Sub":
        subtracted = edit.constant(node.inputs[1])
        if subtracted is not None and subtracted.size and float(subtracted.max()) >= -HUGE:
            negated = edit.add_initializer(f"{node.inputs[1]}/negated", -np.asarray(subtracted))
            return node.inputs[0], _Mask("add", negated)
    if node.op == "Where":
        condition, chosen, other = node.inputs
        if _all_huge(edit, other):
            return chosen, _Mask("keep", condition)
        if _all_huge(edit, chosen):
            return other, _Mask("drop", condition)
    return None


def _all_huge(edit: Editor, name: str) -> bool:
    constant = edit.constant(name)
    return constant is not None and constant.size > 0 and float(constant.max()) <= HUGE


def _all_zero(edit: Editor, name: str) -> bool:
    constant = edit.constant(name)
    return constant is not None and not constant.any()


def _additive(edit: Editor, name: str) -> _Mask | None:
    """The mask that adding value `name` is; None if it is none."""
    constant = edit.constant(name)
    if constant is not None:
        return _Mask("add", name) if constant.size and float(constant.min()) <= HUGE else None
    node = edit.producer(name)
    if node is None:
        return None
    if node.op == "Mul":
        for indicator, factor in (node.inputs, node.inputs[::-1]):
            if _all_huge(edit, factor) and edit.constant(indicator) is None:
                return _dropped(edit, indicator)
    if node.op == "Where":
        condition, chosen, other = node.inputs
        if _all_huge(edit, other) and _all_zero(edit, chosen):
            return _Mask("keep", condition)
        if _all_huge(edit, chosen) and _all_zero(edit, other):
            return _Mask("drop", condition)
    return None


def _dropped(edit: Editor, indicator: str) -> _Mask:
    """Entries where `indicator` is 1 never count; 1 - x and Not are read as the opposite of their operand."""
    kind = "drop"
    while (node := edit.producer(indicator)) is not None:
        first = edit.constant(node.inputs[0])
        if node.op == "Cast" and edit.values[node.inputs[0]].dtype in ("bool", "int32", "int64", "uint8", "int8"):
            indicator = node.inputs[0]
        elif node.op == "Not":
            kind, indicator = ("keep" if kind == "drop" else "drop"), node.inputs[0]
        elif node.op == "Sub" and first is not None and bool((first == 1).all()) and first.size == 1:
            kind, indicator = ("keep" if kind == "drop" else "drop"), node.inputs[1]
        else:
            break
    return _Mask(kind, indicator)
