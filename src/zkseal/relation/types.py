"""The parts of a relation as chapter 2 of the protocol book defines them: plain frozen data, everything by index.

Nothing here has behaviour beyond small derived facts. People write relations with `RelationBuilder`; these types are
what it produces, what the encoder writes and what the decoder reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from math import prod

__all__ = [
    "Access",
    "AffineMap",
    "AxisMap",
    "Column",
    "Expression",
    "GatherMap",
    "Lookup",
    "PublicGatherMap",
    "Scope",
    "Table",
    "Tensor",
    "Term",
    "Zero",
    "access_sort_key",
    "map_loops",
]


class Column(IntEnum):
    """Who holds the values of a tensor. The numbers are the codes of the canonical encoding."""

    MODEL = 0
    """Committed once per model with blinding; proved by setup to lie in its bounds."""
    TABLE = 1
    """Committed once without blinding: lookup tables, public weights, fixed data."""
    INPUT = 2
    """Committed per proof; the commitments are part of the statement."""
    OUTPUT = 3
    """As INPUT, in commitments of its own."""
    WITNESS = 4
    """Committed per proof; the commitments are part of the proof."""
    PUBLIC = 5
    """The values are part of the statement."""
    PROGRESSION = 6
    """One axis, entry i is lo + i; needs neither commitment nor values."""


class Scope(IntEnum):
    """Which proof shows a constraint."""

    EVERY_PROOF = 0
    MODEL_PROOF = 1


@dataclass(frozen=True, slots=True)
class Tensor:
    """Axes of sizes >= 1 and inclusive bounds, which choose storage; only those of MODEL tensors are proved."""

    column: Column
    shape: tuple[int, ...]
    lo: int
    hi: int

    @property
    def size(self) -> int:
        """Number of entries."""
        return prod(self.shape)

    @property
    def magnitude(self) -> int:
        """The largest absolute value that the bounds allow."""
        return max(abs(self.lo), abs(self.hi))


@dataclass(frozen=True, slots=True)
class AffineMap:
    """Index `offset + sum of stride * loop`; reads zero when out of bounds. `terms` holds (stride, loop)."""

    terms: tuple[tuple[int, int], ...]
    offset: int


@dataclass(frozen=True, slots=True)
class GatherMap:
    """Index `lists[list_index][loop]`; entry -1 reads zero."""

    loop: int
    list_index: int


@dataclass(frozen=True, slots=True)
class PublicGatherMap:
    """Index `T[loop]`, T a one-axis public tensor whose values are indices of the axis."""

    loop: int
    tensor: int


AxisMap = AffineMap | GatherMap | PublicGatherMap


def map_loops(axis_map: AxisMap) -> tuple[int, ...]:
    """The loops that a map reads, in the order of the map."""
    if isinstance(axis_map, AffineMap):
        return tuple(loop for _, loop in axis_map.terms)
    return (axis_map.loop,)


@dataclass(frozen=True)
class Access:
    """A tensor and one map for each of its axes. No loop occurs twice."""

    tensor: int
    maps: tuple[AxisMap, ...]

    @cached_property
    def loops(self) -> tuple[int, ...]:
        """All loops of the access, axis by axis."""
        return tuple(loop for axis_map in self.maps for loop in map_loops(axis_map))


@dataclass(frozen=True, slots=True)
class Term:
    """`num / 2^shift * sum over the loops in sums of the product of 0, 1 or 2 accesses`. `sums` ascends."""

    num: int
    shift: int
    sums: tuple[int, ...]
    accesses: tuple[Access, ...]


Expression = tuple[Term, ...]
"""A sum of terms; the empty tuple is 0."""


@dataclass(frozen=True, slots=True)
class Table:
    """A distinct id and one-axis tensors of equal length, by index."""

    id: int
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """At every in-range index of `loops` the tuple of expressions is a row of the table (by index)."""

    scope: Scope
    table: int
    loops: tuple[int, ...]
    expressions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Zero:
    """At every in-range index of `loops` the expression is 0."""

    scope: Scope
    loops: tuple[int, ...]
    expression: Expression


def access_sort_key(access: Access) -> tuple[object, ...]:
    """A total order on accesses, so that `x * w` and `w * x` become the same term."""
    key: list[object] = [access.tensor]
    for axis_map in access.maps:
        if isinstance(axis_map, AffineMap):
            key.append((0, len(axis_map.terms), axis_map.terms, axis_map.offset))
        elif isinstance(axis_map, GatherMap):
            key.append((1, axis_map.loop, (), axis_map.list_index))
        else:
            key.append((2, axis_map.loop, (), axis_map.tensor))
    return tuple(key)
