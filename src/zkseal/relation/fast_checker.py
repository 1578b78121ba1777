"""The checker for relations of a real size: the same verdicts as `NaiveChecker`, from whole arrays."""

from __future__ import annotations

import numpy as np

from zkseal.relation.checker import unsatisfied
from zkseal.relation.evaluation import Evaluator
from zkseal.relation.operands import Assignment
from zkseal.relation.relation import Relation, Values
from zkseal.relation.types import Column, Lookup

__all__ = ["FastChecker"]


class FastChecker:
    """Checks one constraint at a time, at all indices at once."""

    def __init__(self, relation: Relation, values: Values) -> None:
        self._relation = relation
        self._assignment = Assignment(relation, values)
        self._evaluator = Evaluator(relation, values)

    def check(self, kind: str, number: int) -> None:
        """Raises `UnsatisfiedConstraint` at the first index, in row-major order, where the constraint does not hold."""
        if kind == "zero":
            zero = self._relation.zeros[number]
            broken = self._evaluator.scaled(zero.expression, zero.loops)[0] != 0
        else:
            broken = self._broken_lookups(self._relation.lookups[number])
        where = np.argwhere(broken)
        if len(where):
            raise unsatisfied(self._relation, kind, number, tuple(int(k) for k in where[0]))

    def _broken_lookups(self, lookup: Lookup) -> np.ndarray:
        row = []
        inexact = np.zeros([self._relation.loops[loop] for loop in lookup.loops], dtype=bool)
        for expression in lookup.expressions:
            scaled, shift = self._evaluator.scaled(expression, lookup.loops)
            inexact |= (scaled & ((1 << shift) - 1)) != 0
            row.append(np.asarray(scaled >> shift, dtype=scaled.dtype))
        return np.asarray(inexact | ~self._rows_of_table(lookup.table, row))

    def _rows_of_table(self, table: int, row: list[np.ndarray]) -> np.ndarray:
        """Where the tuples of `row` are rows of the table."""
        columns = self._relation.tables[table].columns
        for position, column in enumerate(columns):
            tensor = self._relation.tensors[column]
            if tensor.column == Column.PROGRESSION:
                # The entry names its row, so the other columns are compared there.
                inside = np.asarray((row[position] >= tensor.lo) & (row[position] <= tensor.hi), dtype=bool)
                at = np.where(inside, row[position] - tensor.lo, 0).astype(np.int64)
                for other, entries in zip(columns, row, strict=True):
                    inside &= np.asarray(self._assignment.array(other)[at] == entries, dtype=bool)
                return inside
        rows = set(zip(*(self._assignment.array(column).tolist() for column in columns), strict=True))
        flat = zip(*(entries.ravel().tolist() for entries in row), strict=True)
        return np.fromiter((entry in rows for entry in flat), dtype=bool).reshape(row[0].shape)
