"""Declarations of a relation that is being built: loops, tensors, gather lists, tables. Base of `RelationBuilder`."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zkseal.relation.expressions import Gather, Loop, PublicGather, TensorRef, invalid
from zkseal.relation.types import Column, Tensor

__all__ = ["Declarations", "TableColumn", "TableRef"]

_PlainColumn = TensorRef | range | np.ndarray
TableColumn = np.ndarray | range | TensorRef
"""A column of `RelationBuilder.table`: contents, consecutive integers, or a one-axis tensor declared before."""


@dataclass(frozen=True, slots=True)
class TableRef:
    """A table of a relation that is being built."""

    index: int
    name: str
    columns: tuple[TensorRef, ...]


class Declarations:
    """What a relation has, in order of declaration; each method adds a part or finds an equal one."""

    def __init__(self) -> None:
        self._owner = object()
        self.tensors: list[TensorRef] = []
        self.tensor_origins: list[str] = []
        self.fixed: dict[str, np.ndarray] = {}
        self.loops: list[Loop] = []
        self.lists: dict[tuple[int, ...], int] = {}
        self.tables: list[TableRef] = []
        self._by_name: dict[str, TensorRef] = {}
        self._tables_by_name: dict[str, tuple[TableRef, tuple[object, ...]]] = {}
        self._tables_by_contents: dict[tuple[object, ...], TableRef] = {}

    def loop(self, size: int, name: str = "") -> Loop:
        """A new loop with values 0 .. size - 1."""
        index = len(self.loops)
        if size < 1:
            raise invalid(f"Loop '{name or index}' has size {size}; a loop has at least one value.")
        loop = Loop(index, operator.index(size), name or f"i{index}", self._owner)
        self.loops.append(loop)
        return loop

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        column: Column,
        lo: int | None = None,
        hi: int | None = None,
        *,
        origin: str = "",
        contents: np.ndarray | None = None,
    ) -> TensorRef:
        """Declares a tensor with values in [lo, hi]; `origin` is the graph node that it belongs to.

        `contents` fixes the values of a `table` tensor (public weights, lookup tables); bounds may then be left out.
        A `table` tensor without contents takes its values from the caller. Raises `InvalidRelation` for a name that is
        taken, missing bounds, contents that do not fit, or a `model` tensor whose span is not a power of two.
        """
        if contents is not None:
            contents = self._check_contents(name, tuple(shape), column, contents)
            lo = int(contents.min()) if lo is None else lo
            hi = int(contents.max()) if hi is None else hi
            if int(contents.min()) < lo or int(contents.max()) > hi:
                raise invalid(f"The contents of tensor '{name}' exceed its bounds [{lo}, {hi}].")
        if lo is None or hi is None:
            raise invalid(f"Tensor '{name}' has no bounds: pass lo and hi.")
        lo, hi = operator.index(lo), operator.index(hi)
        span = hi - lo + 1
        if column == Column.MODEL and (span < 1 or span & (span - 1)):
            wider = lo + (1 << max(span - 1, 0).bit_length()) - 1
            raise invalid(
                f"Model tensor '{name}' has bounds [{lo}, {hi}], a span of {span} values: setup proves only spans that "
                f"are powers of two. Widen the bounds, for example to [{lo}, {wider}]."
            )
        ref = self.declare(name, Tensor(Column(column), tuple(operator.index(n) for n in shape), lo, hi), origin)
        if contents is not None:
            self.fixed[name] = contents
        return ref

    def progression(self, size: int, lo: int = 0) -> TensorRef:
        """The one-axis tensor lo, lo + 1, .., lo + size - 1, which costs nothing. One tensor for equal arguments."""
        name = f"progression_{lo}_{lo + size - 1}"
        if name in self._by_name:
            return self._by_name[name]
        return self.declare(name, Tensor(Column.PROGRESSION, (size,), lo, lo + size - 1), "")

    def gather(self, entries: Sequence[int] | np.ndarray, loop: Loop) -> Gather:
        """The index `entries[loop]` of an axis; -1 reads zero. The public `entries` are as many as loop values."""
        key = tuple(int(entry) for entry in entries)
        if len(key) != loop.size:
            raise invalid(f"A gather list has {len(key)} entries, but its loop '{loop.name}' has {loop.size} values.")
        if min(key) < -1:
            raise invalid(f"A gather list over loop '{loop.name}' has the entry {min(key)}; the smallest is -1.")
        return Gather(loop, self.lists.setdefault(key, len(self.lists)), max(key))

    def gather_public(self, tensor: TensorRef, loop: Loop) -> PublicGather:
        """The index `tensor[loop]` of an axis, for a one-axis `public` tensor as long as the loop."""
        if tensor.column != Column.PUBLIC or tensor.shape != (loop.size,):
            raise invalid(
                f"gather_public reads tensor '{tensor.name}' ({tensor.column.name.lower()}, shape "
                f"{list(tensor.shape)}); it needs a public tensor of shape [{loop.size}], as long as '{loop.name}'."
            )
        return PublicGather(loop, tensor)

    def table(self, name: str, columns: Sequence[TableColumn]) -> TableRef:
        """A lookup table. Equal contents, or an equal name, give the same table.

        A `range` or an array of consecutive ascending integers becomes a progression; other arrays become `table`
        tensors with fixed contents; a `TensorRef` is used as it is. Raises `InvalidRelation` when the name stands for
        other contents.
        """
        normal = [column if isinstance(column, TensorRef) else _as_column(name, column) for column in columns]
        key = tuple(_column_key(column) for column in normal)
        if name in self._tables_by_name:
            table, known = self._tables_by_name[name]
            if known != key:
                raise invalid(f"Table '{name}' is declared twice with different contents. Use another name.")
            return table
        table = self._tables_by_contents.get(key) or self._declare_table(name, normal)
        self._tables_by_contents[key] = table
        self._tables_by_name[name] = (table, key)
        return table

    def declare(self, name: str, tensor: Tensor, origin: str) -> TensorRef:
        """Adds a tensor under a name that is not taken."""
        if name in self._by_name:
            raise invalid(f"Tensor '{name}' is declared twice. Give the second another name.")
        ref = TensorRef(len(self.tensors), name, tensor, self._owner)
        self.tensors.append(ref)
        self.tensor_origins.append(origin)
        self._by_name[name] = ref
        return ref

    def _declare_table(self, name: str, columns: Sequence[_PlainColumn]) -> TableRef:
        refs: list[TensorRef] = []
        for position, column in enumerate(columns):
            if isinstance(column, TensorRef):
                refs.append(column)
            elif isinstance(column, range):
                refs.append(self.progression(len(column), column.start))
            else:
                refs.append(self.tensor(f"{name}/{position}", column.shape, Column.TABLE, contents=column))
        table = TableRef(len(self.tables), name, tuple(refs))
        self.tables.append(table)
        return table

    @staticmethod
    def _check_contents(name: str, shape: tuple[int, ...], column: Column, contents: np.ndarray) -> np.ndarray:
        if column != Column.TABLE:
            raise invalid(f"Tensor '{name}' has contents, but only tensors of Column.TABLE are fixed in a relation.")
        if contents.shape != shape or contents.size == 0:
            raise invalid(f"The contents of tensor '{name}' have shape {contents.shape}, not {shape}, or are empty.")
        if contents.dtype.kind not in "iu":
            raise invalid(f"The contents of tensor '{name}' have dtype {contents.dtype}, which is not an integer type.")
        frozen = contents.astype(np.int64)
        frozen.setflags(write=False)
        return frozen


def _as_column(name: str, column: np.ndarray | range) -> range | np.ndarray:
    """A column as a range of consecutive integers where it is one, else as an int64 array."""
    if isinstance(column, range):
        if len(column) == 0 or (column.step != 1 and len(column) > 1):
            raise invalid(f"A column of table '{name}' is {column}: a range must have step 1 and not be empty.")
        return range(column.start, column.start + len(column))
    array = np.asarray(column)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
        raise invalid(f"A column of table '{name}' must be a one-axis array of integers that is not empty.")
    values = array.astype(np.int64)
    start = int(values[0])
    if array.size > 1 and np.array_equal(values, np.arange(start, start + array.size)):
        return range(start, start + array.size)
    return values


def _column_key(column: TensorRef | range | np.ndarray) -> object:
    if isinstance(column, TensorRef):
        return ("tensor", column.index)
    return column if isinstance(column, range) else column.tobytes()
