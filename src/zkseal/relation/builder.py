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

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import SupportsIndex

from zkseal.relation.declarations import Declarations, TableRef
from zkseal.relation.expressions import Expr, Loop, invalid
from zkseal.relation.finishing import PendingConstraint, finish
from zkseal.relation.relation import Relation
from zkseal.relation.types import Scope

__all__ = ["RelationBuilder"]

_MAX_RANGE_BITS = 62


class RelationBuilder(Declarations):
    """Collects tensors, loops, tables and constraints; `finish` freezes them. One builder makes one relation."""

    def __init__(self) -> None:
        super().__init__()
        self._pending: list[PendingConstraint] = []
        self._ranges: dict[tuple[tuple[Loop, ...], Expr], PendingConstraint] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._finished = False

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

    @property
    def written(self) -> int:
        """How many constraints were written so far."""
        return len(self._pending)

    def place(self, written: int) -> int:
        """Where in the order of the finished relation those end that came first, `written` of them."""
        return self._pending[written - 1].end if written else 0

    def finish(self, annotation: bytes = b"") -> Relation:
        """The frozen, validated relation. `annotation` is bound by its digest and opaque to the prover.

        Raises `InvalidRelation` for anything that chapter 2 forbids.
        """
        if self._finished:
            raise invalid("This builder has already made its relation. Use a new RelationBuilder.")
        self._finished = True
        return finish(self, self._pending, annotation)

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
    ) -> PendingConstraint:
        for loop in loops:
            if loop.owner is not self._owner:
                raise invalid(f"Loop '{loop.name}' belongs to another builder.")
        outer = {loop.index for loop in loops}
        for expression in expressions:
            missing = [self.loops[loop].name for loop in expression.free_loops if loop not in outer]
            if missing:
                raise invalid(
                    f"A {kind} of origin '{origin}' reads loop '{missing[0]}', which is neither summed nor among its "
                    "loops. Sum over it, or add it to the loops of the constraint."
                )
        if not name:
            name = f"{origin or 'relation'}/{kind}_{self._counts[origin, kind]}"
            self._counts[origin, kind] += 1
        scope = Scope.MODEL_PROOF if once else Scope.EVERY_PROOF
        pending = PendingConstraint(kind, name, origin, scope, tuple(loops), expressions, table, bits)
        self._pending.append(pending)
        return pending
