"""Chapter 2: what a relation is, and its canonical bytes.

Tensors, loops, lists and tables are named by their index. The encoder is needed by the verifier, too: the digest of a
derived model relation is the digest of its canonical bytes. Decoder: `decoder`; rules: `validation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from .keccak import keccak256

EVERY_PROOF, MODEL_PROOF = 0, 1
"""The scopes of a constraint."""

MAGIC, VERSION = b"ZKSR", 1


class Column(IntEnum):
    """Who holds a tensor. No relation declares one of HELPER, which is the layout's (chapter 3)."""

    MODEL = 0
    TABLE = 1
    INPUT = 2
    OUTPUT = 3
    WITNESS = 4
    PUBLIC = 5
    PROGRESSION = 6
    HELPER = 7


COMMITTED = (Column.MODEL, Column.TABLE, Column.INPUT, Column.OUTPUT, Column.WITNESS, Column.HELPER)


@dataclass(frozen=True)
class Tensor:
    """Axes of sizes >= 1 and integer bounds [lo, hi]."""

    column: int
    axes: tuple[int, ...]
    lo: int
    hi: int

    @property
    def entries(self) -> int:
        count = 1
        for size in self.axes:
            count *= size
        return count


@dataclass(frozen=True)
class Affine:
    """offset + sum of stride * loop; `strides` holds pairs (stride, loop)."""

    strides: tuple[tuple[int, int], ...]
    offset: int

    @property
    def loops(self) -> tuple[int, ...]:
        return tuple(loop for _, loop in self.strides)


@dataclass(frozen=True)
class Gather:
    """list[loop], a public list of the relation; the entry -1 reads zero."""

    loop: int
    list: int

    @property
    def loops(self) -> tuple[int, ...]:
        return (self.loop,)


@dataclass(frozen=True)
class GatherPublic:
    """T[loop], T a one-axis public tensor."""

    loop: int
    tensor: int

    @property
    def loops(self) -> tuple[int, ...]:
        return (self.loop,)


Map = Affine | Gather | GatherPublic


@dataclass(frozen=True)
class Access:
    """A tensor with one map for each of its axes."""

    tensor: int
    maps: tuple[Map, ...]

    @property
    def loops(self) -> tuple[int, ...]:
        return tuple(loop for axis_map in self.maps for loop in axis_map.loops)


@dataclass(frozen=True)
class Term:
    """num / 2^shift * sum over the sum loops of the product of 0, 1 or 2 accesses."""

    num: int
    shift: int
    sum_loops: tuple[int, ...]
    accesses: tuple[Access, ...]


Expression = tuple[Term, ...]


@dataclass(frozen=True)
class Table:
    """A distinct id and T one-axis tensors of equal length."""

    id: int
    columns: tuple[int, ...]


@dataclass(frozen=True)
class Lookup:
    """The tuple of expressions is a row of the table at every in-range index."""

    scope: int
    table: int
    loops: tuple[int, ...]
    expressions: tuple[Expression, ...]


@dataclass(frozen=True)
class Zero:
    """The expression is 0 in F at every in-range index."""

    scope: int
    loops: tuple[int, ...]
    expression: Expression

    @property
    def expressions(self) -> tuple[Expression, ...]:
        return (self.expression,)


Constraint = Lookup | Zero


def accesses_of(constraint: Constraint) -> Iterator[Access]:
    """Every access of every term, in order."""
    for expression in constraint.expressions:
        for term in expression:
            yield from term.accesses


@dataclass(frozen=True)
class Relation:
    """Everything that one proof states; public."""

    annotation: bytes
    tensors: tuple[Tensor, ...]
    loops: tuple[int, ...]
    lists: tuple[tuple[int, ...], ...]
    tables: tuple[Table, ...]
    lookups: tuple[Lookup, ...]
    zeros: tuple[Zero, ...]

    @property
    def public_tensors(self) -> tuple[int, ...]:
        return tuple(i for i, tensor in enumerate(self.tensors) if tensor.column == Column.PUBLIC)

    @property
    def model_tensors(self) -> tuple[int, ...]:
        return tuple(i for i, tensor in enumerate(self.tensors) if tensor.column == Column.MODEL)

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """Lookups in order, then zeros in order."""
        return (*self.lookups, *self.zeros)

    @property
    def scope0_lookups(self) -> tuple[Lookup, ...]:
        return tuple(lookup for lookup in self.lookups if lookup.scope == EVERY_PROOF)

    @property
    def scope0_zeros(self) -> tuple[Zero, ...]:
        return tuple(zero for zero in self.zeros if zero.scope == EVERY_PROOF)


# Canonical bytes


def u8(value: int) -> bytes:
    return value.to_bytes(1, "big")


def u16(value: int) -> bytes:
    return value.to_bytes(2, "big")


def u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


def i32(value: int) -> bytes:
    return value.to_bytes(4, "big", signed=True)


def i64(value: int) -> bytes:
    return value.to_bytes(8, "big", signed=True)


def counted(items: Sequence[bytes]) -> bytes:
    return u32(len(items)) + b"".join(items)


def encode_tensor(tensor: Tensor) -> bytes:
    head = u8(tensor.column) + u8(len(tensor.axes)) + b"".join(u32(size) for size in tensor.axes)
    return head + i64(tensor.lo) + i64(tensor.hi)


def encode_loops(loops: Sequence[int]) -> bytes:
    return u8(len(loops)) + b"".join(u32(loop) for loop in loops)


def encode_map(axis_map: Map) -> bytes:
    if isinstance(axis_map, Affine):
        strides = b"".join(i32(stride) + u32(loop) for stride, loop in axis_map.strides)
        return u8(0) + u8(len(axis_map.strides)) + strides + i32(axis_map.offset)
    if isinstance(axis_map, Gather):
        return u8(1) + u32(axis_map.loop) + u32(axis_map.list)
    return u8(2) + u32(axis_map.loop) + u32(axis_map.tensor)


def encode_access(access: Access) -> bytes:
    return u32(access.tensor) + b"".join(encode_map(axis_map) for axis_map in access.maps)


def encode_term(term: Term) -> bytes:
    head = i64(term.num) + u8(term.shift) + encode_loops(term.sum_loops)
    return head + u8(len(term.accesses)) + b"".join(encode_access(access) for access in term.accesses)


def encode_expression(expression: Expression) -> bytes:
    return u16(len(expression)) + b"".join(encode_term(term) for term in expression)


def encode_table(table: Table) -> bytes:
    return u32(table.id) + u8(len(table.columns)) + b"".join(u32(tensor) for tensor in table.columns)


def encode_lookup(lookup: Lookup) -> bytes:
    head = u8(lookup.scope) + u32(lookup.table) + encode_loops(lookup.loops)
    return head + b"".join(encode_expression(expression) for expression in lookup.expressions)


def encode_zero(zero: Zero) -> bytes:
    return u8(zero.scope) + encode_loops(zero.loops) + encode_expression(zero.expression)


def encode_relation(relation: Relation) -> bytes:
    """The canonical bytes."""
    return b"".join(
        (
            MAGIC + u16(VERSION) + u32(len(relation.annotation)) + relation.annotation,
            counted([encode_tensor(tensor) for tensor in relation.tensors]),
            counted([u32(size) for size in relation.loops]),
            counted([u32(len(entries)) + b"".join(i32(entry) for entry in entries) for entries in relation.lists]),
            counted([encode_table(table) for table in relation.tables]),
            counted([encode_lookup(lookup) for lookup in relation.lookups]),
            counted([encode_zero(zero) for zero in relation.zeros]),
        )
    )


def relation_digest(data: bytes) -> bytes:
    """The digest of a relation's canonical bytes."""
    return keccak256(b"zkseal relation v1" + data)
