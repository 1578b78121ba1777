"""`RelationBuilder`: the one way in which Python code writes relations.

    b = RelationBuilder()
    i, o = b.loop(20, "i"), b.loop(4, "o")
    x = b.tensor("x", (20,), Column.INPUT, lo=-128, hi=127)
    w = b.tensor("w", (4, 20), Column.MODEL, lo=-128, hi=127)
    y = b.tensor("y", (4,), Column.OUTPUT, lo=-2**15, hi=2**15 - 1)
    b.range([o], b.sum([i], x[i] * w[o, i]) + 2**7 - y[o] * 2**8, lo=0, bits=8, origin="gemm")
    relation = b.finish(annotation=b"")

Ranges are deferred: `finish` chooses one limb width for all of them (`ranges.py`), adds the limb tensors and the
progression tables that they need, and validates the result against chapter 2 of the protocol book.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import SupportsIndex

import numpy as np

from zkseal.relation.expressions import Expr, Gather, Loop, PublicGather, TensorRef, invalid
from zkseal.relation.ranges import RangeShape, choose_limb_bits, limb_widths
from zkseal.relation.relation import DerivedRange, Names, Origins, Relation
from zkseal.relation.types import Column, Lookup, Scope, Table, Tensor, Zero

__all__ = ["RelationBuilder", "TableRef"]

_MAX_RANGE_BITS = 62

_PlainColumn = TensorRef | range | np.ndarray
TableColumn = np.ndarray | range | TensorRef
"""A column of `RelationBuilder.table`: contents, consecutive integers, or a one-axis tensor declared before."""


@dataclass(frozen=True, slots=True)
class TableRef:
    """A table of a relation that is being built."""

    index: int
    name: str
    columns: tuple[TensorRef, ...]


@dataclass(slots=True)
class _Pending:
    """A constraint before `finish`. Kind "range" has one expression, already reduced by lo, in [0, 2^bits)."""

    kind: str
    name: str
    origin: str
    scope: Scope
    loops: tuple[Loop, ...]
    expressions: tuple[Expr, ...]
    table: int = -1
    bits: int = 0


class RelationBuilder:
    """Collects tensors, loops, tables and constraints; `finish` freezes them. One builder makes one relation."""

    def __init__(self) -> None:
        self._owner = object()
        self._tensors: list[TensorRef] = []
        self._tensor_origins: list[str] = []
        self._by_name: dict[str, TensorRef] = {}
        self._fixed: dict[str, np.ndarray] = {}
        self._loops: list[Loop] = []
        self._lists: dict[tuple[int, ...], int] = {}
        self._tables: list[TableRef] = []
        self._tables_by_name: dict[str, tuple[TableRef, tuple[object, ...]]] = {}
        self._tables_by_contents: dict[tuple[object, ...], TableRef] = {}
        self._pending: list[_Pending] = []
        self._ranges: dict[tuple[tuple[Loop, ...], Expr], _Pending] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._finished = False

    # Declarations ------------------------------------------------------------------------------------------------

    def loop(self, size: int, name: str = "") -> Loop:
        """A new loop with values 0 .. size - 1."""
        index = len(self._loops)
        if size < 1:
            raise invalid(f"Loop '{name or index}' has size {size}; a loop has at least one value.")
        loop = Loop(index, operator.index(size), name or f"i{index}", self._owner)
        self._loops.append(loop)
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
        ref = self._declare(name, Tensor(Column(column), tuple(operator.index(n) for n in shape), lo, hi), origin)
        if contents is not None:
            self._fixed[name] = contents
        return ref

    def progression(self, size: int, lo: int = 0) -> TensorRef:
        """The one-axis tensor lo, lo + 1, .., lo + size - 1, which costs nothing. One tensor for equal arguments."""
        name = f"progression_{lo}_{lo + size - 1}"
        if name in self._by_name:
            return self._by_name[name]
        return self._declare(name, Tensor(Column.PROGRESSION, (size,), lo, lo + size - 1), "")

    def gather(self, entries: Sequence[int] | np.ndarray, loop: Loop) -> Gather:
        """The index `entries[loop]` of an axis; -1 reads zero. The public `entries` are as many as loop values."""
        key = tuple(int(entry) for entry in entries)
        if len(key) != loop.size:
            raise invalid(f"A gather list has {len(key)} entries, but its loop '{loop.name}' has {loop.size} values.")
        if min(key) < -1:
            raise invalid(f"A gather list over loop '{loop.name}' has the entry {min(key)}; the smallest is -1.")
        return Gather(loop, self._lists.setdefault(key, len(self._lists)), max(key))

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

    # Constraints -------------------------------------------------------------------------------------------------

    def sum(self, loops: Iterable[Loop], expression: Expr) -> Expr:
        """The sum of `expression` over `loops`."""
        return expression.sum(loops)

    def zero(
        self, loops: Sequence[Loop], expression: Expr, *, origin: str = "", name: str = "", once: bool = False
    ) -> None:
        """Demands that the expression is 0 at every index of `loops`.

        With `once` it is shown by the model proof, once per model, and may access only model and progression tensors.
        """
        self._add("zero", loops, (expression,), origin, name, once)

    def lookup(
        self,
        table: TableRef,
        loops: Sequence[Loop],
        expressions: Sequence[Expr | SupportsIndex],
        *,
        origin: str = "",
        name: str = "",
        once: bool = False,
    ) -> None:
        """Demands that the expressions are a row of the table at every index of `loops`. `once` as in `zero`."""
        row = tuple(e if isinstance(e, Expr) else Expr.constant(e) for e in expressions)
        if len(row) != len(table.columns):
            raise invalid(
                f"A lookup has {len(row)} expressions; table '{table.name}' has {len(table.columns)} columns."
            )
        self._add("lookup", loops, row, origin, name, once, table=table.index)

    def range(
        self, loops: Sequence[Loop], expression: Expr, *, lo: int = 0, bits: int, origin: str = "", name: str = ""
    ) -> None:
        """Demands that `expression - lo` lies in [0, 2^bits) at every index of `loops`.

        How (one table, or limbs) is decided for the whole relation by `finish`. The same expression over the same loops
        is constrained once, by the narrower range.
        """
        if not 0 <= bits <= _MAX_RANGE_BITS:
            raise invalid(f"A range of {bits} bits; 0 to {_MAX_RANGE_BITS} are possible.")
        reduced = expression - lo
        known = self._ranges.get((tuple(loops), reduced))
        if known is not None:
            known.bits = min(known.bits, bits)
            return
        pending = self._add("range", loops, (reduced,), origin, name, False, bits=bits)
        self._ranges[tuple(loops), reduced] = pending

    def finish(self, annotation: bytes = b"") -> Relation:
        """The frozen, validated relation. `annotation` is bound by its digest and opaque to the prover.

        Raises `InvalidRelation` for anything that chapter 2 forbids.
        """
        if self._finished:
            raise invalid("This builder has already made its relation. Use a new RelationBuilder.")
        self._finished = True
        return _Finisher(self).relation(annotation)

    # Inside ------------------------------------------------------------------------------------------------------

    def _declare(self, name: str, tensor: Tensor, origin: str) -> TensorRef:
        if name in self._by_name:
            raise invalid(f"Tensor '{name}' is declared twice. Give the second another name.")
        ref = TensorRef(len(self._tensors), name, tensor, self._owner)
        self._tensors.append(ref)
        self._tensor_origins.append(origin)
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
        table = TableRef(len(self._tables), name, tuple(refs))
        self._tables.append(table)
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

    def _add(
        self,
        kind: str,
        loops: Sequence[Loop],
        expressions: tuple[Expr, ...],
        origin: str,
        name: str,
        once: bool,
        *,
        table: int = -1,
        bits: int = 0,
    ) -> _Pending:
        for loop in loops:
            if loop.owner is not self._owner:
                raise invalid(f"Loop '{loop.name}' belongs to another builder.")
        outer = {loop.index for loop in loops}
        for expression in expressions:
            missing = [self._loops[loop].name for loop in expression.free_loops if loop not in outer]
            if missing:
                raise invalid(
                    f"A {kind} of origin '{origin}' reads loop '{missing[0]}', which is neither summed nor among its "
                    "loops. Sum over it, or add it to the loops of the constraint."
                )
        if not name:
            name = f"{origin or 'relation'}/{kind}_{self._counts[origin, kind]}"
            self._counts[origin, kind] += 1
        scope = Scope.MODEL_PROOF if once else Scope.EVERY_PROOF
        pending = _Pending(kind, name, origin, scope, tuple(loops), expressions, table, bits)
        self._pending.append(pending)
        return pending


class _Finisher:
    """Turns the pending constraints of a builder into lookups and zeros, in the order in which they were written."""

    def __init__(self, builder: RelationBuilder) -> None:
        self._builder = builder
        self._lookups: list[tuple[Lookup, str, str]] = []
        self._zeros: list[tuple[Zero, str, str]] = []
        self._derived: list[DerivedRange] = []
        self._order: list[tuple[str, int]] = []
        ranges = [p for p in builder._pending if p.kind == "range" and p.bits > 0]
        shapes = [RangeShape(p.bits, prod(loop.size for loop in p.loops)) for p in ranges]
        self._limb_bits = choose_limb_bits(shapes, self._existing_widths())

    def relation(self, annotation: bytes) -> Relation:
        b = self._builder
        for pending in b._pending:
            if pending.kind == "zero" or (pending.kind == "range" and pending.bits == 0):
                self._zero(pending)
            elif pending.kind == "lookup":
                self._lookup(pending, pending.name, pending.table, pending.expressions)
            else:
                self._range(pending)
        relation = Relation(
            annotation=bytes(annotation),
            tensors=tuple(ref.tensor for ref in b._tensors),
            loops=tuple(loop.size for loop in b._loops),
            lists=tuple(b._lists),
            tables=tuple(Table(t.index + 1, tuple(c.index for c in t.columns)) for t in b._tables),
            lookups=tuple(lookup for lookup, _, _ in self._lookups),
            zeros=tuple(zero for zero, _, _ in self._zeros),
            names=Names(
                tensors=tuple(ref.name for ref in b._tensors),
                loops=tuple(loop.name for loop in b._loops),
                tables=tuple(table.name for table in b._tables),
                lookups=tuple(name for _, name, _ in self._lookups),
                zeros=tuple(name for _, name, _ in self._zeros),
            ),
            origins=Origins(
                tensors=tuple(b._tensor_origins),
                lookups=tuple(origin for _, _, origin in self._lookups),
                zeros=tuple(origin for _, _, origin in self._zeros),
            ),
            fixed=dict(b._fixed),
            derived=tuple(self._derived),
            order=tuple(self._order),
            limb_bits=self._limb_bits,
        )
        relation.validate()
        return relation

    def _existing_widths(self) -> set[int]:
        """Widths k of tables 0 .. 2^k - 1 that were declared explicitly."""
        widths = set()
        for table in self._builder._tables:
            tensor = table.columns[0].tensor
            is_range = len(table.columns) == 1 and tensor.column == Column.PROGRESSION and tensor.lo == 0
            if is_range and tensor.size & (tensor.size - 1) == 0:
                widths.add(tensor.size.bit_length() - 1)
        return widths

    def _zero(self, pending: _Pending) -> None:
        zero = Zero(pending.scope, tuple(loop.index for loop in pending.loops), pending.expressions[0].terms)
        self._order.append(("zero", len(self._zeros)))
        self._zeros.append((zero, pending.name, pending.origin))

    def _lookup(self, pending: _Pending, name: str, table: int, expressions: tuple[Expr, ...]) -> None:
        loops = tuple(loop.index for loop in pending.loops)
        lookup = Lookup(pending.scope, table, loops, tuple(expression.terms for expression in expressions))
        self._order.append(("lookup", len(self._lookups)))
        self._lookups.append((lookup, name, pending.origin))

    def _range(self, pending: _Pending) -> None:
        """Lookups of the committed limbs, lowest first, then of the virtual top `(e - sum limb_t 2^(wt)) >> w(L-1)`."""
        w = self._limb_bits
        *low, top = limb_widths(pending.bits, w)
        rest, limbs = pending.expressions[0], []
        for t, _ in enumerate(low):
            name = f"{pending.name}/limb_{t}"
            ref = self._limb(name, pending)
            limb = ref[tuple(pending.loops) or 0]
            limbs.append(ref.index)
            self._lookup(pending, name, self._range_table(w), (limb,))
            rest = rest - limb * (1 << (w * t))
        name = f"{pending.name}/top" if low else pending.name
        if limbs:
            self._derived.append(DerivedRange(len(self._lookups), tuple(limbs), w))
        self._lookup(pending, name, self._range_table(top), (rest >> (w * len(low)),))

    def _limb(self, name: str, pending: _Pending) -> TensorRef:
        shape = tuple(loop.size for loop in pending.loops) or (1,)
        return self._builder._declare(
            name, Tensor(Column.WITNESS, shape, 0, (1 << self._limb_bits) - 1), pending.origin
        )

    def _range_table(self, bits: int) -> int:
        return self._builder.table(f"range_{bits}", [range(1 << bits)]).index


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
