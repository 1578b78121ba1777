"""Committed columns, dense (chapter 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zkseal_reference.curve import Point, multi_scalar
from zkseal_reference.field import P
from zkseal_reference.generators import generator
from zkseal_reference.helper import evaluate
from zkseal_reference.kzg import GENERATOR
from zkseal_reference.layout import Layout
from zkseal_reference.opening import padded_indices
from zkseal_reference.parameters import Opening
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


TAU = 0x7A75
"""The tau of all kzg setups of this prover: everybody knows it, so they are good for tests alone."""


def commit(vector: Sequence[int], blinding: int, opening: Opening) -> Point:
    """sum_j vector[j] G_j + blinding H; scheme `kzg` has G_j = tau^j G."""
    if opening == Opening.KZG:
        terms = [(evaluate(vector, TAU), GENERATOR)]
    else:
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
    opening = layout.parameters.opening
    points = tuple(commit(row, rho, opening) for row, rho in zip(rows.values(), blindings, strict=True))
    return CommittedColumn(rows, list(blindings), points)
