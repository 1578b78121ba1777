"""Predicted figures of a proof, in all and by origin: leaves of the lookup tree, committed values, merged products
(chapter 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from zkseal.relation.relation import Cost, Relation
from zkseal.relation.types import Column, Expression, Scope

__all__ = ["Share", "cost", "cost_by_origin"]

_COMMITTED = (Column.MODEL, Column.TABLE, Column.INPUT, Column.OUTPUT, Column.WITNESS)


def cost(relation: Relation) -> Cost:
    """See `Cost`. Counts in-range values; padding costs rows, which only the layout knows."""
    lookups = [lookup for lookup in relation.lookups if lookup.scope == Scope.EVERY_PROOF]
    # Without lookups tables are ignored, and there are no multiplicities.
    table_rows = sum(relation.tensors[table.columns[0]].size for table in relation.tables) if lookups else 0
    committed = {
        column: sum(tensor.size for tensor in relation.tensors if tensor.column == column) for column in _COMMITTED
    }
    committed[Column.WITNESS] += table_rows
    products = _merged_products(relation)
    return Cost(
        lookups=sum(prod(relation.loops[loop] for loop in lookup.loops) for lookup in lookups),
        table_rows=table_rows,
        committed=committed,
        product_terms=len(products),
        product_slots=sum(products.values()),
        limb_bits=relation.limb_bits,
    )


@dataclass(frozen=True, slots=True)
class Share:
    """What the tensors and constraints of one origin add to a proof; over all origins the sums are those of `Cost`,
    but for tables, which origins share.

    Attributes:
        lookups: by index of the table.
        committed: values by column, without multiplicities.
    """

    lookups: Mapping[int, int]
    committed: Mapping[Column, int]
    product_slots: int


def cost_by_origin(relation: Relation) -> dict[str, Share]:
    """The cost of each origin (the node, the graph's input, a constant) that has any, in order of declaration.

    Products that several origins need are counted for the first.
    """
    origins = relation.origins
    found = (*origins.tensors, *origins.lookups, *origins.zeros)
    lookups: dict[str, dict[int, int]] = {origin: {} for origin in found}
    committed: dict[str, dict[Column, int]] = {origin: {} for origin in found}
    slots: dict[str, int] = dict.fromkeys(found, 0)
    for lookup, origin in zip(relation.lookups, origins.lookups, strict=True):
        if lookup.scope == Scope.EVERY_PROOF:
            count = prod(relation.loops[loop] for loop in lookup.loops)
            lookups[origin][lookup.table] = lookups[origin].get(lookup.table, 0) + count
    for tensor, origin in zip(relation.tensors, origins.tensors, strict=True):
        if tensor.column in _COMMITTED:
            committed[origin][tensor.column] = committed[origin].get(tensor.column, 0) + tensor.size
    owners: dict[tuple[object, ...], str] = {}
    for key, count in _merged_products(relation, owners).items():
        slots[owners[key]] += count
    shares = {origin: Share(lookups[origin], committed[origin], slots[origin]) for origin in dict.fromkeys(found)}
    return {name: share for name, share in shares.items() if share.lookups or share.committed or share.product_slots}


def _merged_products(
    relation: Relation, owners: dict[tuple[object, ...], str] | None = None
) -> dict[tuple[object, ...], int]:
    """Merged product terms of scope 0, each with the number of values of its shared loops.

    `owners`, if given, is told the origin of the first constraint with each of them.
    """
    merged: dict[tuple[object, ...], int] = {}

    def add(kind: str, loops: tuple[int, ...], expression: Expression, origin: str) -> None:
        for term in expression:
            if len(term.accesses) == 2:
                first, second = term.accesses
                shared = (loop for loop in (*loops, *term.sums) if loop in first.loops and loop in second.loops)
                slots = prod(relation.loops[loop] for loop in shared)
                key = (kind, first, second, loops, term.sums)
                merged[key] = slots
                if owners is not None:
                    owners.setdefault(key, origin)

    for lookup, origin in zip(relation.lookups, relation.origins.lookups, strict=True):
        if lookup.scope == Scope.EVERY_PROOF:
            for expression in lookup.expressions:
                add("lookup", lookup.loops, expression, origin)
    for zero, origin in zip(relation.zeros, relation.origins.zeros, strict=True):
        if zero.scope == Scope.EVERY_PROOF:
            add("zero", zero.loops, zero.expression, origin)
    return merged
