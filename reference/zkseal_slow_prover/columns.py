"""Committed columns, dense (chapter 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zkseal_reference.curve import Point, multi_scalar
from zkseal_reference.field import P
from zkseal_reference.generators import generator
from zkseal_reference.layout import Layout
from zkseal_reference.opening import padded_indices
from zkseal_reference.relation import (
    Column,
)

from .hooks import Hooks, Values


@dataclass
class CommittedColumn:
    """The committed rows of a column: data (dense), blindings and commitments, by row number."""

    rows: dict[int, list[int]]
    blindings: list[int]
    points: tuple[Point, ...]


def commit(vector: Sequence[int], blinding: int) -> Point:
    terms = [(value, generator(b"G", j)) for j, value in enumerate(vector) if value]
    return multi_scalar([*terms, (blinding, generator(b"H"))])


def commit_column(
    layout: Layout,
    column: Column,
    values: Values,
    blindings: Sequence[int],
    hooks: Hooks,
) -> CommittedColumn:
    rows = {row: [0] * layout.parameters.row_length for row in layout.committed_rows(column)}
    for tensor in layout.columns[column].tensors:
        base = layout.addresses[tensor].base
        for index, value in zip(padded_indices(layout.tensors[tensor]), values[tensor], strict=True):
            rows[(base + index) >> layout.c][(base + index) % layout.parameters.row_length] = value % P
    if hooks.rows is not None:
        hooks.rows(layout, column, rows)
    points = tuple(commit(row, rho) for row, rho in zip(rows.values(), blindings, strict=True))
    return CommittedColumn(rows, list(blindings), points)
