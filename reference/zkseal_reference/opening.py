"""Re-opening a column: the commitments of chapter 3, recomputed from values and blindings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from .curve import Point, decode_compressed, multi_scalar
from .errors import InvalidParameters, OpeningRejected, StatementMismatch, WrongLength
from .field import SCALAR_BYTES, bits, decode_scalar
from .generators import generator
from .key import VerifyingKey
from .layout import Layout
from .parameters import Opening
from .relation import Column, Tensor
from .weights import MAX_INDICES

OPENED = (Column.MODEL, Column.TABLE, Column.INPUT, Column.OUTPUT)

Row = dict[int, int]
"""Values by position in the row; absent positions are 0."""


def padded_indices(tensor: Tensor) -> list[int]:
    """The index within its block of every entry, row-major."""
    indices = []
    for index in product(*(range(size) for size in tensor.axes)):
        padded = 0
        for i, size in zip(index, tensor.axes, strict=True):
            padded = padded << bits(size) | i
        indices.append(padded)
    return indices


def column_rows(layout: Layout, column: Column, tensors: Mapping[int, Sequence[int]]) -> dict[int, Row]:
    """The committed rows of a column, zeros in padding positions left out. Keys are rows of the row space."""
    rows: dict[int, Row] = {row: {} for row in layout.committed_rows(column)}
    for tensor in layout.columns[column].tensors:
        base = layout.addresses[tensor].base
        for index, value in zip(padded_indices(layout.tensors[tensor]), tensors[tensor], strict=True):
            address = base + index
            rows[address >> layout.c][address & (layout.parameters.row_length - 1)] = value
    return rows


def commit_row(layout: Layout, row: Mapping[int, int], blinding: int, powers: Sequence[Point]) -> Point:
    """sum_j D[j] G_j + rho H, where scheme `kzg` has G_j = tau^j G."""
    if layout.parameters.opening == Opening.IPA:
        terms = [(value, generator(b"G", j)) for j, value in row.items()]
    elif max(row, default=0) < len(powers):
        terms = [(value, powers[j]) for j, value in row.items()]
    else:
        raise InvalidParameters(f"a row has {max(row) + 1} entries, there are {len(powers)} powers of tau")
    return multi_scalar([*terms, (blinding, generator(b"H"))])


def check_opening(
    key: VerifyingKey,
    column: Column,
    tensors: Mapping[int, Sequence[int]],
    blindings: bytes,
    commitments: Sequence[bytes],
    powers: Sequence[Point] = (),
) -> None:
    """The commitments (compressed) of a column hide exactly these values under these blindings (32 bytes a row).

    A key of scheme `kzg` does not hold the powers tau^j G: the caller has them, and has checked them.
    For the column `table` the blindings are zero: this is how anyone recomputes the table commitments of a key.
    Raises StatementMismatch for values that are not of the column, WrongLength, NonCanonicalScalar and the errors of
    points for the rest of the shape, InvalidParameters for too few powers, OpeningRejected for a commitment to
    something else.
    """
    layout = key.layout
    check_column_values(layout, column, tensors)
    points = [decode_compressed(data) for data in commitments]
    if len(points) != layout.committed_row_count(column):
        raise StatementMismatch(f"{layout.committed_row_count(column)} commitments are wanted, got {len(points)}")
    if len(blindings) != SCALAR_BYTES * len(points):
        raise WrongLength(f"{SCALAR_BYTES * len(points)} bytes of blindings are wanted, got {len(blindings)}")
    rows = column_rows(layout, column, tensors)
    for i, (row, point) in enumerate(zip(rows.values(), points, strict=True)):
        blinding = decode_scalar(blindings[SCALAR_BYTES * i : SCALAR_BYTES * (i + 1)])
        if commit_row(layout, row, blinding, powers) != point:
            raise OpeningRejected(f"{column.name.lower()} commitment {i} hides other values")


def check_column_values(layout: Layout, column: Column, tensors: Mapping[int, Sequence[int]]) -> None:
    if column not in OPENED:
        raise StatementMismatch("only the columns model, table, input and output are opened")
    members = layout.columns[column].tensors
    if set(tensors) != set(members):
        raise StatementMismatch(f"values of tensors {sorted(members)} are wanted")
    for index in members:
        tensor, values = layout.tensors[index], tensors[index]
        if len(values) != tensor.entries or tensor.entries > MAX_INDICES:
            raise StatementMismatch(f"tensor {index} has {tensor.entries} values, got {len(values)}")
        if not all(type(value) is int and tensor.lo <= value <= tensor.hi for value in values):
            raise StatementMismatch(f"tensor {index}: a value is not an integer in its bounds")
