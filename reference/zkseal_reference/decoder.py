"""Chapter 2: the strict decoder of a relation.

Every count is compared with the book's limit before anything is read for it, and every read with what is left: so
memory is bounded by the length of the bytes. All failures are `InvalidRelation`, but for the version.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .errors import DecodeFailure, InvalidEncoding, InvalidRelation, UnknownVersion
from .relation import (
    MAGIC,
    VERSION,
    Access,
    Affine,
    Expression,
    Gather,
    GatherPublic,
    Lookup,
    Map,
    Relation,
    Table,
    Tensor,
    Term,
    Zero,
)
from .validation import validate

MAX_ANNOTATION = 1 << 20
MAX_ITEMS = 1 << 16
MAX_LIST = 1 << 24
MAX_NDIM = 8
MAX_COLUMNS = 8
MAX_OUTER_LOOPS = 8
MAX_ACCESSES = 2
MAX_STRIDES = 4

Item = TypeVar("Item")


class Reader:
    """A cursor over bytes; reading past the end raises `failure`."""

    def __init__(self, data: bytes, failure: type[DecodeFailure] = InvalidEncoding) -> None:
        self.data, self.at, self.failure = data, 0, failure

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise self.failure(f"truncated: {count} bytes wanted at offset {self.at} of {len(self.data)}")
        self.at += count
        return self.data[self.at - count : self.at]

    def unsigned(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def signed(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big", signed=True)

    def count(self, size: int, limit: int, what: str) -> int:
        value = self.unsigned(size)
        if value > limit:
            raise self.failure(f"{value} {what}: at most {limit} are allowed")
        return value

    def end(self) -> None:
        if self.at != len(self.data):
            raise self.failure(f"{len(self.data) - self.at} bytes after the end")


class RelationReader(Reader):
    """The grammar of chapter 2, one method for each rule."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data, InvalidRelation)
        self.tensors: tuple[Tensor, ...] = ()
        self.tables: tuple[Table, ...] = ()

    def items(self, read: Callable[[], Item], what: str) -> tuple[Item, ...]:
        return tuple(read() for _ in range(self.count(4, MAX_ITEMS, what)))

    def relation(self) -> Relation:
        if self.take(4) != MAGIC:
            raise InvalidRelation("not a relation: the first bytes are not ZKSR")
        version = self.unsigned(2)
        if version != VERSION:
            raise UnknownVersion(f"relation of version {version}: this verifier knows {VERSION}")
        annotation = self.take(self.count(4, MAX_ANNOTATION, "annotation bytes"))
        self.tensors = self.items(self.tensor, "tensors")
        loops = self.items(lambda: self.unsigned(4), "loops")
        lists = self.items(self.list, "lists")
        self.tables = self.items(self.table, "tables")
        lookups = self.items(self.lookup, "lookups")
        zeros = self.items(self.zero, "zeros")
        self.end()
        return Relation(annotation, self.tensors, loops, lists, self.tables, lookups, zeros)

    def tensor(self) -> Tensor:
        column = self.unsigned(1)
        axes = tuple(self.unsigned(4) for _ in range(self.count(1, MAX_NDIM, "axes")))
        return Tensor(column, axes, self.signed(8), self.signed(8))

    def list(self) -> tuple[int, ...]:
        data = self.take(4 * self.count(4, MAX_LIST, "list entries"))
        return tuple(int.from_bytes(data[at : at + 4], "big", signed=True) for at in range(0, len(data), 4))

    def table(self) -> Table:
        number = self.unsigned(4)
        return Table(number, tuple(self.unsigned(4) for _ in range(self.count(1, MAX_COLUMNS, "table columns"))))

    def lookup(self) -> Lookup:
        scope, table = self.unsigned(1), self.unsigned(4)
        if table >= len(self.tables):
            raise InvalidRelation(f"a lookup names table {table} of {len(self.tables)}")
        loops = self.loops(MAX_OUTER_LOOPS)
        return Lookup(scope, table, loops, tuple(self.expression() for _ in self.tables[table].columns))

    def zero(self) -> Zero:
        return Zero(self.unsigned(1), self.loops(MAX_OUTER_LOOPS), self.expression())

    def loops(self, limit: int) -> tuple[int, ...]:
        return tuple(self.unsigned(4) for _ in range(self.count(1, limit, "loops")))

    def expression(self) -> Expression:
        return tuple(self.term() for _ in range(self.unsigned(2)))

    def term(self) -> Term:
        num, shift, sum_loops = self.signed(8), self.unsigned(1), self.loops(255)
        accesses = tuple(self.access() for _ in range(self.count(1, MAX_ACCESSES, "accesses")))
        return Term(num, shift, sum_loops, accesses)

    def access(self) -> Access:
        tensor = self.unsigned(4)
        if tensor >= len(self.tensors):
            raise InvalidRelation(f"an access names tensor {tensor} of {len(self.tensors)}")
        return Access(tensor, tuple(self.map() for _ in self.tensors[tensor].axes))

    def map(self) -> Map:
        kind = self.unsigned(1)
        if kind == 0:
            count = self.count(1, MAX_STRIDES, "loops in an affine map")
            strides = tuple((self.signed(4), self.unsigned(4)) for _ in range(count))
            return Affine(strides, self.signed(4))
        if kind == 1:
            return Gather(self.unsigned(4), self.unsigned(4))
        if kind == 2:
            return GatherPublic(self.unsigned(4), self.unsigned(4))
        raise InvalidRelation(f"map of unknown kind {kind}")


def decode_relation(data: bytes) -> Relation:
    """The relation of these bytes, validated."""
    relation = RelationReader(data).relation()
    validate(relation)
    return relation
