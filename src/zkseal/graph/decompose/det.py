"""Det of small matrices: Laplace's expansion along the first row."""

from __future__ import annotations

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition

MAX_ROWS = 4


@decomposition("Det")
def det(x: Expansion) -> None:
    """Determinants of the last two axes, of at most four rows."""
    value = x.input(0)
    shape = x.shape(value)
    n = shape[-1]
    if n > MAX_ROWS:
        raise x.unsupported(f"determinants of {n} rows are too inexact. Use at most {MAX_ROWS}, or another layer")
    rows = [x.slice(value, len(shape) - 2, k, k + 1) for k in range(n)]
    entries = [[x.slice(row, len(shape) - 1, k, k + 1) for k in range(n)] for row in rows]
    x.define(0, x.reshape(_minor(x, entries, 0, tuple(range(n)), {}), shape[:-2]))


def _minor(
    x: Expansion, entries: list[list[str]], row: int, columns: tuple[int, ...], known: dict[tuple[int, ...], str]
) -> str:
    """The determinant of the rows from `row` on and these columns; `known` holds those that are written already."""
    if len(columns) == 1:
        return entries[row][columns[0]]
    if columns in known:
        return known[columns]
    total = ""
    for k, column in enumerate(columns):
        rest = _minor(x, entries, row + 1, (*columns[:k], *columns[k + 1 :]), known)
        term = x.apply("Mul", entries[row][column], rest)
        total = x.apply("Sub" if k % 2 else "Add", total, term) if total else term
    known[columns] = total
    return total
