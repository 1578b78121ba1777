"""A relation as text that a person can read.

tensors
  input    x     [20]     -128 .. 127
constraints
  gemm/range_0/top  (node gemm)
    for o < 4: (sum(i < 20) x[i]*w[o, i] + 2^7 - 2^8*y[o] - gemm/range_0/limb_0[o]) / 2^4 in range_4
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from zkseal.relation.relation import Relation
from zkseal.relation.types import Access, AffineMap, AxisMap, Column, Expression, GatherMap, Scope, Term

__all__ = ["pretty"]

_LIST_PREVIEW = 8


def pretty(relation: Relation) -> str:
    """See `Relation.pretty`."""
    sections = [
        ("tensors", _tensors(relation)),
        ("gather lists", _lists(relation)),
        ("tables", _tables(relation)),
        ("constraints", _constraints(relation)),
        ("predicted", _cost(relation)),
    ]
    return "\n".join(line for title, lines in sections if lines for line in (title, *(f"  {row}" for row in lines)))


def _tensors(relation: Relation) -> list[str]:
    rows = []
    for column in Column:
        for name, tensor, origin in zip(
            relation.names.tensors, relation.tensors, relation.origins.tensors, strict=True
        ):
            if tensor.column == column:
                bounds = f"{_number(tensor.lo)} .. {_number(tensor.hi)}"
                rows.append(
                    (column.name.lower(), name, str(list(tensor.shape)), bounds, f"({origin})" if origin else "")
                )
    return _columns(rows)


def _lists(relation: Relation) -> list[str]:
    lines = []
    for index, entries in enumerate(relation.lists):
        preview = ", ".join(map(str, entries[:_LIST_PREVIEW])) + (", .." if len(entries) > _LIST_PREVIEW else "")
        lines.append(f"list_{index}: {len(entries)} entries: {preview}")
    return lines


def _tables(relation: Relation) -> list[str]:
    rows = []
    for name, table in zip(relation.names.tables, relation.tables, strict=True):
        columns = ", ".join(relation.names.tensors[column] for column in table.columns)
        rows.append((name, f"id {table.id}", f"{relation.tensors[table.columns[0]].size} rows", columns))
    return _columns(rows)


def _constraints(relation: Relation) -> list[str]:
    lines: list[str] = []
    for kind, index in relation.order:
        if kind == "zero":
            zero = relation.zeros[index]
            name, origin, scope, loops = (
                relation.names.zeros[index],
                relation.origins.zeros[index],
                zero.scope,
                zero.loops,
            )
            claim = f"{_expression(relation, zero.expression)} = 0"
        else:
            lookup = relation.lookups[index]
            name, origin = relation.names.lookups[index], relation.origins.lookups[index]
            scope, loops = lookup.scope, lookup.loops
            row = [_expression(relation, expression) for expression in lookup.expressions]
            tuple_text = row[0] if len(row) == 1 else f"({', '.join(row)})"
            claim = f"{tuple_text} in {relation.names.tables[lookup.table]}"
        notes = [f"node {origin}"] if origin else []
        notes += ["model proof only"] if scope == Scope.MODEL_PROOF else []
        lines.append(f"{name}  ({', '.join(notes)})" if notes else name)
        lines.append(f"  for {_loops(relation, loops)}: {claim}" if loops else f"  {claim}")
    return lines


def _cost(relation: Relation) -> list[str]:
    cost = relation.cost
    committed = ", ".join(f"{column.name.lower()} {count}" for column, count in cost.committed.items() if count)
    return [
        f"{cost.lookups} lookups + {cost.table_rows} table rows; ranges in limbs of {cost.limb_bits} bits",
        f"{cost.product_terms} products over {cost.product_slots} slots",
        f"committed values: {committed or 'none'}",
    ]


# Formulas -------------------------------------------------------------------------------------------------------------


def _expression(relation: Relation, expression: Expression) -> str:
    """All terms over one common power of two."""
    if not expression:
        return "0"
    shift = max(term.shift for term in expression)
    parts = []
    for position, term in enumerate(expression):
        num = term.num << (shift - term.shift)
        sign = "-" if num < 0 else "+"
        body = _term(relation, term, abs(num))
        parts.append(f"{'' if sign == '+' else '-'}{body}" if position == 0 else f"{sign} {body}")
    text = " ".join(parts)
    if shift == 0:
        return text
    return f"({text}) / {_number(1 << shift)}" if len(parts) > 1 else f"{text} / {_number(1 << shift)}"


def _term(relation: Relation, term: Term, num: int) -> str:
    factors = [_access(relation, access) for access in term.accesses]
    if num != 1 or not factors:
        factors.insert(0, _number(num))
    text = "*".join(factors)
    return f"sum({_loops(relation, term.sums)}) {text}" if term.sums else text


def _access(relation: Relation, access: Access) -> str:
    return f"{relation.names.tensors[access.tensor]}[{', '.join(_map(relation, m) for m in access.maps)}]"


def _map(relation: Relation, axis_map: AxisMap) -> str:
    names = relation.names
    if isinstance(axis_map, GatherMap):
        return f"list_{axis_map.list_index}[{names.loops[axis_map.loop]}]"
    if not isinstance(axis_map, AffineMap):
        return f"{names.tensors[axis_map.tensor]}[{names.loops[axis_map.loop]}]"
    text = ""
    for stride, loop in axis_map.terms:
        factor = "" if abs(stride) == 1 else f"{abs(stride)}*"
        sign = ("-" if stride < 0 else "") if not text else (" - " if stride < 0 else " + ")
        text += f"{sign}{factor}{names.loops[loop]}"
    if not text:
        return str(axis_map.offset)
    return text + (f" {'-' if axis_map.offset < 0 else '+'} {abs(axis_map.offset)}" if axis_map.offset else "")


def _loops(relation: Relation, loops: Iterable[int]) -> str:
    return ", ".join(f"{relation.names.loops[loop]} < {relation.loops[loop]}" for loop in loops)


def _number(value: int) -> str:
    """Powers of two from 2^6 on, and their neighbours from 2^10 on, as such; other numbers in digits."""
    magnitude, sign = abs(value), "-" if value < 0 else ""
    if magnitude >= 1 << 6 and magnitude & (magnitude - 1) == 0:
        return f"{sign}2^{magnitude.bit_length() - 1}"
    if magnitude >= 1 << 10 and magnitude & (magnitude + 1) == 0:
        return f"{sign}(2^{magnitude.bit_length()} - 1)" if sign else f"2^{magnitude.bit_length()} - 1"
    return str(value)


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows of cells as lines, each column as wide as its widest cell."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))] if rows else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
