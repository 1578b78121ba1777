"""Chapter 6, "Proof bytes": the shape of a proof and its strict decoder."""

from __future__ import annotations

from dataclasses import dataclass

from .curve import COMPRESSED_BYTES, Point, decode_compressed
from .decoder import Reader
from .errors import IdentityPoint, WrongLength
from .field import SCALAR_BYTES, decode_scalar
from .layout import Layout
from .parameters import Opening
from .relation import Column

Pair = tuple[int, int]


@dataclass(frozen=True)
class TreeLayer:
    """Layer j of the fraction tree: (h_1, h_2) of j + 1 rounds, then p^_0 p^_1 q^_0 q^_1."""

    rounds: tuple[Pair, ...]
    values: tuple[int, int, int, int]


@dataclass(frozen=True)
class HelperMessages:
    """Stage 5.1-H: commitments of h, (s_0, s_2, .., s_{L+2}) of n + 1 rounds, and K_0 .. K_{L-1} H M."""

    commitments: tuple[Point, ...]
    rounds: tuple[tuple[int, ...], ...]
    values: tuple[int, ...]


@dataclass(frozen=True)
class IpaMessages:
    """The inner-product argument: (L, R) of c rounds, and a."""

    rounds: tuple[tuple[Point, Point], ...]
    a: int


@dataclass(frozen=True)
class KzgMessages:
    """Mercury: C_h C_q C_g C_S C_D C_W C_W2, and the values of g, h, S at zeta and 1/zeta."""

    points: tuple[Point, ...]
    values: tuple[int, ...]


KZG_POINTS, KZG_VALUES = 7, 6


@dataclass(frozen=True)
class Proof:
    """The messages of a proof, in their order. Round pairs of sumchecks are (s_0, s_2); `lookups` of the tree are its
    layers, and nothing without lookups."""

    witness: tuple[Point, ...]
    mask: Point
    lookups: tuple[TreeLayer, ...] | HelperMessages
    product_rounds: tuple[Pair, ...]
    product_values: Pair
    row_rounds: tuple[Pair, ...]
    blinding: tuple[Point, Point]
    blinding_value: int
    column_rounds: tuple[Pair, ...]
    combined: Pair
    opening: IpaMessages | KzgMessages


def proof_length(layout: Layout) -> int:
    """The exact number of bytes of a proof."""
    n, c = layout.n, layout.c
    points = layout.committed_row_count(Column.WITNESS) + layout.committed_row_count(Column.HELPER) + 1 + 2
    rounds = layout.n2 + layout.row_variables + c + 1
    scalars = 2 * rounds + 2 + 1 + 2
    if layout.has_helper:
        scalars += (n + 1) * degree(layout) + degree(layout)
    else:
        scalars += n * (n + 1) + 4 * n
    if layout.parameters.opening == Opening.KZG:
        points, scalars = points + KZG_POINTS, scalars + KZG_VALUES
    else:
        points, scalars = points + 2 * c, scalars + 1
    return COMPRESSED_BYTES * points + SCALAR_BYTES * scalars


def degree(layout: Layout) -> int:
    """D = L + 2, of a round polynomial of the helper argument."""
    return layout.parameters.lanes + 2


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

    def scalars(self, count: int) -> tuple[int, ...]:
        return tuple(self.scalar() for _ in range(count))

    def pair(self) -> Pair:
        return self.scalar(), self.scalar()

    def pairs(self, count: int) -> tuple[Pair, ...]:
        return tuple(self.pair() for _ in range(count))

    def layer(self, j: int) -> TreeLayer:
        return TreeLayer(self.pairs(j + 1), (self.scalar(), self.scalar(), self.scalar(), self.scalar()))

    def lookups(self, layout: Layout) -> tuple[TreeLayer, ...] | HelperMessages:
        if not layout.has_helper:
            return tuple(self.layer(j) for j in range(layout.n))
        commitments = tuple(self.commitment("helper") for _ in range(layout.committed_row_count(Column.HELPER)))
        rounds = tuple(self.scalars(degree(layout)) for _ in range(layout.n + 1))
        return HelperMessages(commitments, rounds, self.scalars(degree(layout)))

    def opening(self, layout: Layout) -> IpaMessages | KzgMessages:
        if layout.parameters.opening == Opening.IPA:
            return IpaMessages(tuple((self.point(), self.point()) for _ in range(layout.c)), self.scalar())
        return KzgMessages(tuple(self.point() for _ in range(KZG_POINTS)), self.scalars(KZG_VALUES))


def decode_proof(layout: Layout, data: bytes) -> Proof:
    """The proof of these bytes; their length must have been checked."""
    reader = ProofReader(data)
    rows = layout.committed_row_count(Column.WITNESS)
    proof = Proof(
        witness=tuple(reader.commitment("witness") for _ in range(rows)),
        mask=reader.commitment("mask"),
        lookups=reader.lookups(layout),
        product_rounds=reader.pairs(layout.n2),
        product_values=reader.pair(),
        row_rounds=reader.pairs(layout.row_variables),
        blinding=(reader.commitment("blinding"), reader.commitment("blinding")),
        blinding_value=reader.scalar(),
        column_rounds=reader.pairs(layout.c + 1),
        combined=reader.pair(),
        opening=reader.opening(layout),
    )
    reader.end()
    return proof
