"""Predicted figures of a proof: leaves of the lookup tree, committed values, merged products (chapter 3)."""

from __future__ import annotations

from math import prod

from zkseal.relation.relation import Cost, Relation
from zkseal.relation.types import Column, Expression, Scope

__all__ = ["cost"]

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


def _merged_products(relation: Relation) -> dict[tuple[object, ...], int]:
    """Merged product terms of scope 0, each with the number of values of its shared loops."""
    merged: dict[tuple[object, ...], int] = {}

    def add(kind: str, loops: tuple[int, ...], expression: Expression) -> None:
        for term in expression:
            if len(term.accesses) == 2:
                first, second = term.accesses
                shared = (loop for loop in (*loops, *term.sums) if loop in first.loops and loop in second.loops)
                slots = prod(relation.loops[loop] for loop in shared)
                merged[kind, first, second, loops, term.sums] = slots

    for lookup in relation.lookups:
        if lookup.scope == Scope.EVERY_PROOF:
            for expression in lookup.expressions:
                add("lookup", lookup.loops, expression)
    for zero in relation.zeros:
        if zero.scope == Scope.EVERY_PROOF:
            add("zero", zero.loops, zero.expression)
    return merged
