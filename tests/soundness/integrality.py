"""Which committed entries of a relation are shown to be integers.

A remainder r = x - c h in [0, c) fixes h only if h is an integer: modulo p every r in the range has its fraction
h = (x - r) / c. So each entry that a prover commits must be an integer by some constraint, found by these arguments:

- it stands alone, with coefficient 1 or -1 beside integers, in an expression that is zero or in a column of integers;
- it is a bit: its square less itself is zero;
- it is one of two values whose product is zero and whose sum is looked up: one is 0 and the other is the sum.

The arguments are local and look at sets of entries, not at indices: they find hints without a range, and prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from zkseal.relation import Column, Relation
from zkseal.relation.types import Access, AffineMap, Expression, GatherMap, Term

Entries = npt.NDArray[np.bool_]

GIVEN = (Column.MODEL, Column.TABLE, Column.PROGRESSION, Column.PUBLIC)
"""Columns whose entries are integers by the model proof, by the key, or by the verifier's own eyes."""


class Integrality:
    """`entries[tensor]`: which entries are known to be integers."""

    def __init__(self, relation: Relation) -> None:
        self.relation = relation
        self.entries = [
            np.full(1 if tensor.column == Column.PROGRESSION else tensor.shape, tensor.column in GIVEN)
            for tensor in relation.tensors
        ]
        self._touched: dict[Access, Entries] = {}
        while self._by_expressions() or self._by_pairs():
            pass

    def unknown(self) -> dict[str, int]:
        """Tensors with entries that no argument reaches, and how many these are."""
        counts = {
            name: int((~known).sum()) for name, known in zip(self.relation.names.tensors, self.entries, strict=True)
        }
        return {name: count for name, count in counts.items() if count}

    def touched(self, access: Access) -> Entries:
        """The entries that an access reads."""
        if access not in self._touched:
            shape = self.relation.tensors[access.tensor].shape
            read = np.zeros(shape, dtype=bool)
            read[np.ix_(*(self._indices(m, size) for m, size in zip(access.maps, shape, strict=True)))] = True
            self._touched[access] = read
        return self._touched[access]

    def _indices(self, axis_map: object, size: int) -> npt.NDArray[np.int64]:
        if isinstance(axis_map, AffineMap):
            indices = np.asarray([axis_map.offset], dtype=np.int64)
            for stride, loop in axis_map.terms:
                along = stride * np.arange(self.relation.loops[loop], dtype=np.int64)
                indices = np.unique(indices[:, None] + along)
        elif isinstance(axis_map, GatherMap):
            indices = np.unique(np.asarray(self.relation.lists[axis_map.list_index], dtype=np.int64))
        else:
            indices = np.arange(size, dtype=np.int64)
        return indices[(indices >= 0) & (indices < size)]

    def _is_open(self, access: Access) -> bool:
        if self.relation.tensors[access.tensor].column in GIVEN:
            return False
        return bool((self.touched(access) & ~self.entries[access.tensor]).any())

    def _close(self, access: Access) -> bool:
        was_open = self._is_open(access)
        self.entries[access.tensor] |= self.touched(access)
        return was_open

    def _open_terms(self, expression: Expression) -> dict[int, list[Term]]:
        """The terms that read entries of a tensor that are not known to be integers, by tensor."""
        found: dict[int, list[Term]] = {}
        for term in expression:
            for tensor in {access.tensor for access in term.accesses if self._is_open(access)}:
                found.setdefault(tensor, []).append(term)
        return found

    def _integer_expressions(self) -> Iterator[tuple[Expression, bool]]:
        """Expressions with integer values, and whether the value is 0."""
        for zero in self.relation.zeros:
            yield zero.expression, True
        for lookup in self.relation.lookups:
            columns = self.relation.tables[lookup.table].columns
            for column, expression in zip(columns, lookup.expressions, strict=True):
                if self.entries[column].all():
                    yield expression, False

    def _by_expressions(self) -> bool:
        changed = False
        for expression, is_zero in self._integer_expressions():
            terms = self._open_terms(expression)
            if len(terms) != 1:
                continue
            (own,) = terms.values()
            squares = [t for t in own if len(t.accesses) == 2 and t.accesses[0] == t.accesses[1]]
            if squares:
                changed |= is_zero and len(own) == 2 and self._close(squares[0].accesses[0])
                continue
            for term in own:
                if _is_alone(term, expression):
                    changed |= self._close(term.accesses[0])
        return changed

    def _by_pairs(self) -> bool:
        changed = False
        products = [z.expression[0].accesses for z in self.relation.zeros if len(z.expression) == 1]
        for pair in products:
            if len(pair) != 2 or not any(self._is_open(access) for access in pair):
                continue
            for lookup in self.relation.lookups:
                terms = self._open_terms(lookup.expressions[0])
                alone = all(_is_alone(term, lookup.expressions[0]) for own in terms.values() for term in own)
                if terms and set(terms) <= {access.tensor for access in pair} and alone:
                    for access in pair:
                        changed |= self._close(access)
        return changed


def _is_alone(term: Term, expression: Sequence[Term]) -> bool:
    """Whether the term is one entry with the coefficient 1 or -1, when the expression is freed of fractions."""
    shift = max(other.shift for other in expression)
    unit = abs(term.num) << (shift - term.shift) == 1
    return unit and len(term.accesses) == 1 and not set(term.accesses[0].loops) & set(term.sums)
