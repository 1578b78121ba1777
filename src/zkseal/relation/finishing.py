"""The last step of building: ranges become lookups, everything becomes a frozen, validated `Relation`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from zkseal.relation.declarations import Declarations
from zkseal.relation.expressions import Expr, Loop, TensorRef
from zkseal.relation.ranges import RangeShape, choose_limb_bits, limb_widths
from zkseal.relation.relation import DerivedRange, Names, Origins, Relation
from zkseal.relation.types import Column, Lookup, Scope, Table, Tensor, Zero

__all__ = ["PendingConstraint", "finish"]


@dataclass(slots=True)
class PendingConstraint:
    """A constraint before `finish`. Kind "range" has one expression, already reduced by lo, in [0, 2^bits)."""

    kind: str
    name: str
    origin: str
    scope: Scope
    loops: tuple[Loop, ...]
    expressions: tuple[Expr, ...]
    table: int = -1
    bits: int = 0
    end: int = 0
    """Set by `finish`: how many entries of `Relation.order` there are up to the end of this constraint."""


def finish(declarations: Declarations, constraints: Sequence[PendingConstraint], annotation: bytes) -> Relation:
    """The relation of all `declarations` and `constraints`; adds limb tensors and range tables to the declarations."""
    return _Finisher(declarations, constraints).relation(annotation)


class _Finisher:
    """Turns pending constraints into lookups and zeros, in the order in which they were written."""

    def __init__(self, declarations: Declarations, constraints: Sequence[PendingConstraint]) -> None:
        self._declarations = declarations
        self._constraints = constraints
        self._lookups: list[tuple[Lookup, str, str]] = []
        self._zeros: list[tuple[Zero, str, str]] = []
        self._derived: list[DerivedRange] = []
        self._order: list[tuple[str, int]] = []
        ranges = [p for p in constraints if p.kind == "range" and p.bits > 0]
        shapes = [RangeShape(p.bits, prod(loop.size for loop in p.loops)) for p in ranges]
        self._limb_bits = choose_limb_bits(shapes, self._existing_widths())

    def relation(self, annotation: bytes) -> Relation:
        b = self._declarations
        for pending in self._constraints:
            if pending.kind == "zero" or (pending.kind == "range" and pending.bits == 0):
                self._zero(pending)
            elif pending.kind == "lookup":
                self._lookup(pending, pending.name, pending.table, pending.expressions)
            else:
                self._range(pending)
            pending.end = len(self._order)
        relation = Relation(
            annotation=bytes(annotation),
            tensors=tuple(ref.tensor for ref in b.tensors),
            loops=tuple(loop.size for loop in b.loops),
            lists=tuple(b.lists),
            tables=tuple(Table(t.index + 1, tuple(c.index for c in t.columns)) for t in b.tables),
            lookups=tuple(lookup for lookup, _, _ in self._lookups),
            zeros=tuple(zero for zero, _, _ in self._zeros),
            names=Names(
                tensors=tuple(ref.name for ref in b.tensors),
                loops=tuple(loop.name for loop in b.loops),
                tables=tuple(table.name for table in b.tables),
                lookups=tuple(name for _, name, _ in self._lookups),
                zeros=tuple(name for _, name, _ in self._zeros),
            ),
            origins=Origins(
                tensors=tuple(b.tensor_origins),
                lookups=tuple(origin for _, _, origin in self._lookups),
                zeros=tuple(origin for _, _, origin in self._zeros),
            ),
            fixed=dict(b.fixed),
            derived=tuple(self._derived),
            order=tuple(self._order),
            limb_bits=self._limb_bits,
        )
        relation.validate()
        return relation

    def _existing_widths(self) -> set[int]:
        """Widths k of tables 0 .. 2^k - 1 that were declared explicitly."""
        widths = set()
        for table in self._declarations.tables:
            tensor = table.columns[0].tensor
            is_range = len(table.columns) == 1 and tensor.column == Column.PROGRESSION and tensor.lo == 0
            if is_range and tensor.size & (tensor.size - 1) == 0:
                widths.add(tensor.size.bit_length() - 1)
        return widths

    def _zero(self, pending: PendingConstraint) -> None:
        zero = Zero(pending.scope, tuple(loop.index for loop in pending.loops), pending.expressions[0].terms)
        self._order.append(("zero", len(self._zeros)))
        self._zeros.append((zero, pending.name, pending.origin))

    def _lookup(self, pending: PendingConstraint, name: str, table: int, expressions: tuple[Expr, ...]) -> None:
        loops = tuple(loop.index for loop in pending.loops)
        lookup = Lookup(pending.scope, table, loops, tuple(expression.terms for expression in expressions))
        self._order.append(("lookup", len(self._lookups)))
        self._lookups.append((lookup, name, pending.origin))

    def _range(self, pending: PendingConstraint) -> None:
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

    def _limb(self, name: str, pending: PendingConstraint) -> TensorRef:
        shape = tuple(loop.size for loop in pending.loops) or (1,)
        return self._declarations.declare(
            name, Tensor(Column.WITNESS, shape, 0, (1 << self._limb_bits) - 1), pending.origin
        )

    def _range_table(self, bits: int) -> int:
        return self._declarations.table(f"range_{bits}", [range(1 << bits)]).index
