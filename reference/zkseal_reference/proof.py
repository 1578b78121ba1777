"""Chapter 6, "Proof bytes": the shape of a proof and its strict decoder."""

from __future__ import annotations

from dataclasses import dataclass

from .curve import COMPRESSED_BYTES, Point, decode_compressed
from .decoder import Reader
from .errors import IdentityPoint, WrongLength
from .field import SCALAR_BYTES, decode_scalar
from .layout import Layout
from .relation import Column

Pair = tuple[int, int]


@dataclass(frozen=True)
class TreeLayer:
    """Layer j of the fraction tree: (h_1, h_2) of j + 1 rounds, then p^_0 p^_1 q^_0 q^_1."""

    rounds: tuple[Pair, ...]
    values: tuple[int, int, int, int]


@dataclass(frozen=True)
class Proof:
    """The messages of a proof, in their order. Round pairs of sumchecks are (s_0, s_2)."""

    witness: tuple[Point, ...]
    mask: Point
    layers: tuple[TreeLayer, ...]
    product_rounds: tuple[Pair, ...]
    product_values: Pair
    row_rounds: tuple[Pair, ...]
    blinding: tuple[Point, Point]
    blinding_value: int
    column_rounds: tuple[Pair, ...]
    combined: Pair
    opening_rounds: tuple[tuple[Point, Point], ...]
    opening_scalar: int


def proof_length(layout: Layout) -> int:
    """The exact number of bytes of a proof."""
    n, c = layout.n, layout.c
    points = layout.committed_row_count(Column.WITNESS) + 1 + 2 + 2 * c
    rounds = layout.n2 + layout.row_variables + c + 1
    scalars = n * (n + 1) + 4 * n + 2 * rounds + 2 + 1 + 2 + 1
    return COMPRESSED_BYTES * points + SCALAR_BYTES * scalars


def check_length(layout: Layout, data: bytes) -> None:
    expected = proof_length(layout)
    if len(data) != expected:
        raise WrongLength(f"a proof of this relation has {expected} bytes, got {len(data)}")


def refuse_identity(point: Point, what: str) -> None:
    if point is None:
        raise IdentityPoint(f"the identity is no commitment: {what}")


class ProofReader(Reader):
    """Elements of a proof."""

    def point(self) -> Point:
        return decode_compressed(self.take(COMPRESSED_BYTES))

    def commitment(self, what: str) -> Point:
        point = self.point()
        refuse_identity(point, what)
        return point

    def scalar(self) -> int:
        return decode_scalar(self.take(SCALAR_BYTES))

    def pair(self) -> Pair:
        return self.scalar(), self.scalar()

    def pairs(self, count: int) -> tuple[Pair, ...]:
        return tuple(self.pair() for _ in range(count))

    def layer(self, j: int) -> TreeLayer:
        return TreeLayer(self.pairs(j + 1), (self.scalar(), self.scalar(), self.scalar(), self.scalar()))


def decode_proof(layout: Layout, data: bytes) -> Proof:
    """The proof of these bytes; their length must have been checked."""
    reader = ProofReader(data)
    rows = layout.committed_row_count(Column.WITNESS)
    proof = Proof(
        witness=tuple(reader.commitment("witness") for _ in range(rows)),
        mask=reader.commitment("mask"),
        layers=tuple(reader.layer(j) for j in range(layout.n)),
        product_rounds=reader.pairs(layout.n2),
        product_values=reader.pair(),
        row_rounds=reader.pairs(layout.row_variables),
        blinding=(reader.commitment("blinding"), reader.commitment("blinding")),
        blinding_value=reader.scalar(),
        column_rounds=reader.pairs(layout.c + 1),
        combined=reader.pair(),
        opening_rounds=tuple((reader.point(), reader.point()) for _ in range(layout.c)),
        opening_scalar=reader.scalar(),
    )
    reader.end()
    return proof
