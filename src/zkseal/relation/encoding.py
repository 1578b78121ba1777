"""Canonical bytes of a relation, docs/protocol/2-relation.md, and the strict decoder.

All integers are big-endian. One relation has one byte string: the decoder rejects truncated bytes, a tail, an unknown
code and everything that `validation` rejects, so `encode(decode(data)) == data`.

Decoded relations have generated names (`t0`, `i0`, `lookup_0`, ..); `sidecar.restore` gives them their own.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import numpy as np

from zkseal.errors import InternalError
from zkseal.relation.expressions import invalid
from zkseal.relation.relation import Names, Origins, Relation
from zkseal.relation.types import (
    Access,
    AffineMap,
    AxisMap,
    Column,
    Expression,
    GatherMap,
    Lookup,
    PublicGatherMap,
    Scope,
    Table,
    Tensor,
    Term,
    Zero,
)

__all__ = ["decode", "encode"]

MAGIC = b"ZKSR"
VERSION = 1

_T = TypeVar("_T")

_U16, _U32, _I32, _PAIR = (struct.Struct(form) for form in (">H", ">I", ">i", ">II"))
_BOUNDS, _FACTOR = struct.Struct(">qq"), struct.Struct(">qB")
_form = cache(struct.Struct)


# Writing --------------------------------------------------------------------------------------------------------------


def encode(relation: Relation) -> bytes:
    """The canonical bytes. Raises `InvalidRelation` if a number does not fit its field."""
    out = bytearray(MAGIC + struct.pack(">HI", VERSION, len(relation.annotation)) + relation.annotation)
    try:
        _write_relation(out, relation)
    except struct.error as error:
        raise invalid(f"A number of the relation does not fit its field: {error}.") from None
    return bytes(out)


def _write_relation(out: bytearray, relation: Relation) -> None:
    out += struct.pack(">I", len(relation.tensors))
    for tensor in relation.tensors:
        ndim = len(tensor.shape)
        out += struct.pack(f">BB{ndim}Iqq", tensor.column, ndim, *tensor.shape, tensor.lo, tensor.hi)
    out += struct.pack(f">I{len(relation.loops)}I", len(relation.loops), *relation.loops)
    out += struct.pack(">I", len(relation.lists))
    for entries in relation.lists:
        out += struct.pack(f">I{len(entries)}i", len(entries), *entries)
    out += struct.pack(">I", len(relation.tables))
    for table in relation.tables:
        count = len(table.columns)
        out += struct.pack(f">IB{count}I", table.id, count, *table.columns)
    out += struct.pack(">I", len(relation.lookups))
    for lookup in relation.lookups:
        out += struct.pack(">BI", lookup.scope, lookup.table)
        _write_loops(out, lookup.loops)
        for expression in lookup.expressions:
            _write_expression(out, expression)
    out += struct.pack(">I", len(relation.zeros))
    for zero in relation.zeros:
        out += struct.pack(">B", zero.scope)
        _write_loops(out, zero.loops)
        _write_expression(out, zero.expression)


def _write_loops(out: bytearray, loops: tuple[int, ...]) -> None:
    out += struct.pack(f">B{len(loops)}I", len(loops), *loops)


def _write_expression(out: bytearray, expression: Expression) -> None:
    out += struct.pack(">H", len(expression))
    for term in expression:
        out += struct.pack(">qB", term.num, term.shift)
        _write_loops(out, term.sums)
        out += struct.pack(">B", len(term.accesses))
        for access in term.accesses:
            out += struct.pack(">I", access.tensor)
            for axis_map in access.maps:
                _write_map(out, axis_map)


def _write_map(out: bytearray, axis_map: AxisMap) -> None:
    if isinstance(axis_map, AffineMap):
        out += struct.pack(">BB", 0, len(axis_map.terms))
        for stride, loop in axis_map.terms:
            out += struct.pack(">iI", stride, loop)
        out += struct.pack(">i", axis_map.offset)
    elif isinstance(axis_map, GatherMap):
        out += struct.pack(">BII", 1, axis_map.loop, axis_map.list_index)
    else:
        out += struct.pack(">BII", 2, axis_map.loop, axis_map.tensor)


# Reading --------------------------------------------------------------------------------------------------------------


def decode(data: bytes) -> Relation:
    """The validated relation. Raises `InvalidRelation` for bytes that are not the encoding of a valid relation."""
    reader = _Reader(data)
    if reader.take(4) != MAGIC:
        raise invalid("The bytes do not begin with ZKSR: this is not a relation.")
    version = reader.u16()
    if version != VERSION:
        raise invalid(f"The relation has format version {version}; this release reads version {VERSION}.")
    annotation = reader.take(reader.u32())
    tensors = reader.tensors = reader.repeat(reader.u32(), reader.tensor)
    loops = reader.repeat(reader.u32(), reader.u32)
    lists = reader.repeat(reader.u32(), reader.index_list)
    tables = reader.repeat(reader.u32(), reader.table)
    lookups = reader.repeat(reader.u32(), lambda: reader.lookup(tables))
    zeros = reader.repeat(reader.u32(), reader.zero)
    reader.finish()
    relation = Relation(
        annotation=annotation,
        tensors=tensors,
        loops=loops,
        lists=lists,
        tables=tables,
        lookups=lookups,
        zeros=zeros,
        names=Names(
            tensors=tuple(f"t{index}" for index in range(len(tensors))),
            loops=tuple(f"i{index}" for index in range(len(loops))),
            tables=tuple(f"table_{table.id}" for table in tables),
            lookups=tuple(f"lookup_{index}" for index in range(len(lookups))),
            zeros=tuple(f"zero_{index}" for index in range(len(zeros))),
        ),
        origins=Origins(("",) * len(tensors), ("",) * len(lookups), ("",) * len(zeros)),
        fixed={},
        order=(*(("lookup", i) for i in range(len(lookups))), *(("zero", i) for i in range(len(zeros)))),
    )
    relation.validate()
    if encode(relation) != data:
        raise InternalError("A decoded relation encodes to other bytes. Please report this file.")
    return relation


class _Reader:
    """A cursor over the bytes. Each method reads one production of the grammar of chapter 2.

    Constraints can be read once `tensors` is set: an access has as many maps as its tensor has axes.
    """

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._position = 0
        self.tensors: tuple[Tensor, ...] = ()

    def take(self, count: int) -> bytes:
        return bytes(self._data[self._skip(count) : self._position])

    def _skip(self, count: int) -> int:
        """The position, which then moves by `count` bytes."""
        start, self._position = self._position, self._position + count
        if self._position > len(self._data):
            raise invalid(f"The relation is truncated: {count} bytes are expected at offset {start}.")
        return start

    def finish(self) -> None:
        if self._position != len(self._data):
            raise invalid(f"The relation ends at offset {self._position}, but {len(self._data)} bytes are there.")

    def repeat(self, count: int, read: Callable[[], _T]) -> tuple[_T, ...]:
        # Every item takes at least one byte, so a forged count ends here and not in an allocation.
        if count > len(self._data) - self._position:
            raise invalid(f"The relation is truncated: {count} items are announced at offset {self._position}.")
        return tuple(read() for _ in range(count))

    def _numbers(self, form: struct.Struct) -> tuple[int, ...]:
        return form.unpack_from(self._data, self._skip(form.size))

    def u8(self) -> int:
        return self._data[self._skip(1)]

    def u16(self) -> int:
        return self._numbers(_U16)[0]

    def u32(self) -> int:
        return self._numbers(_U32)[0]

    def i32(self) -> int:
        return self._numbers(_I32)[0]

    def u32s(self) -> tuple[int, ...]:
        """As many numbers as the byte before them says."""
        return self._numbers(_form(f">{self.u8()}I"))

    def tensor(self) -> Tensor:
        code = self.u8()
        if code > max(Column):
            raise invalid(f"A tensor has the column code {code}, which does not exist.")
        return Tensor(Column(code), self.u32s(), *self._numbers(_BOUNDS))

    def index_list(self) -> tuple[int, ...]:
        return tuple(np.frombuffer(self.take(4 * self.u32()), dtype=">i4").tolist())

    def table(self) -> Table:
        return Table(self.u32(), self.u32s())

    def scope(self) -> Scope:
        code = self.u8()
        if code > max(Scope):
            raise invalid(f"A constraint has the scope {code}, which does not exist.")
        return Scope(code)

    def lookup(self, tables: tuple[Table, ...]) -> Lookup:
        scope, table = self.scope(), self.u32()
        if table >= len(tables):
            raise invalid(f"A lookup names table {table}, but there are {len(tables)}.")
        loops = self.u32s()
        return Lookup(scope, table, loops, self.repeat(len(tables[table].columns), self.expression))

    def zero(self) -> Zero:
        scope, loops = self.scope(), self.u32s()
        return Zero(scope, loops, self.expression())

    def expression(self) -> Expression:
        return self.repeat(self.u16(), self.term)

    def term(self) -> Term:
        num, shift = self._numbers(_FACTOR)
        return Term(num, shift, self.u32s(), self.repeat(self.u8(), self.access))

    def access(self) -> Access:
        tensor = self.u32()
        if tensor >= len(self.tensors):
            raise invalid(f"An access names tensor {tensor}, but there are {len(self.tensors)}.")
        return Access(tensor, self.repeat(len(self.tensors[tensor].shape), self.axis_map))

    def axis_map(self) -> AxisMap:
        kind = self.u8()
        if kind == 0:
            flat = self._numbers(_form(">" + "iI" * self.u8()))
            return AffineMap(tuple(zip(flat[::2], flat[1::2], strict=True)), self.i32())
        if kind == 1:
            return GatherMap(*self._numbers(_PAIR))
        if kind == 2:
            return PublicGatherMap(*self._numbers(_PAIR))
        raise invalid(f"An access has a map of kind {kind}, which does not exist.")
