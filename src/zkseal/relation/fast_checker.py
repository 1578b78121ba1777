"""The checker for relations of a real size: the same verdicts as `NaiveChecker`, from whole arrays."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from zkseal.relation.checker import require_in_bounds, unsatisfied
from zkseal.relation.evaluation import Evaluator
from zkseal.relation.operands import Assignment
from zkseal.relation.relation import Relation, Values
from zkseal.relation.types import Column, Lookup

__all__ = ["FastChecker"]

_NONE: Values = MappingProxyType({})


class FastChecker:
    """Checks any number of assignments of one relation, one constraint at a time, at all indices at once.

    Args:
        held: the tensors that all assignments share, by name: bounds and extremes of a model's weights are looked at
            once, here. They are not to change afterwards.

    Raises:
        ValueOutOfBounds, WrongInput: a tensor of `held` is outside of its bounds, or misshapen.
    """

    def __init__(self, relation: Relation, held: Values = _NONE) -> None:
        self._relation = relation
        self._held = Assignment(relation, held)
        names = relation.names.tensors
        self._own = frozenset(number for number, name in enumerate(names) if name in held)
        self._rest = [number for number in range(len(names)) if number not in self._own]
        require_in_bounds(relation, self._held, sorted(self._own))
        self._rows: dict[int, set[tuple[int, ...]]] = {}
        """Of tables whose columns are held."""

    def check(self, values: Values) -> None:
        """Checks bounds, then constraints in the order in which they were written.

        Args:
            values: every tensor that is not held, by name.

        Raises:
            ValueOutOfBounds: a value is outside of the bounds of its tensor.
            UnsatisfiedConstraint: at the first index, in row-major order, where a constraint does not hold.
        """
        assignment = Assignment(self._relation, values, self._held)
        require_in_bounds(self._relation, assignment, self._rest)
        evaluator = Evaluator(self._relation, assignment)
        for kind, number in self._relation.order:
            if kind == "zero":
                zero = self._relation.zeros[number]
                broken = evaluator.scaled(zero.expression, zero.loops)[0] != 0
            else:
                broken = self._broken_lookups(self._relation.lookups[number], assignment, evaluator)
            if broken.any():
                index = tuple(int(k) for k in np.argwhere(broken)[0])
                raise unsatisfied(self._relation, kind, number, index)

    def _broken_lookups(self, lookup: Lookup, assignment: Assignment, evaluator: Evaluator) -> np.ndarray:
        row = []
        inexact: np.ndarray | None = None
        for expression in lookup.expressions:
            scaled, shift = evaluator.scaled(expression, lookup.loops)
            if shift:
                remains = (scaled & ((1 << shift) - 1)) != 0
                inexact = remains if inexact is None else inexact | remains
                scaled = np.asarray(scaled >> shift, dtype=scaled.dtype)
            row.append(scaled)
        absent = ~self._rows_of_table(lookup.table, row, assignment)
        return absent if inexact is None else np.asarray(inexact | absent)

    def _rows_of_table(self, table: int, row: list[np.ndarray], assignment: Assignment) -> np.ndarray:
        """Where the tuples of `row` are rows of the table."""
        columns = self._relation.tables[table].columns
        for position, column in enumerate(columns):
            tensor = self._relation.tensors[column]
            if tensor.column == Column.PROGRESSION:
                # The entry names its row, so the other columns are compared there.
                inside = np.asarray((row[position] >= tensor.lo) & (row[position] <= tensor.hi), dtype=bool)
                if len(columns) > 1:
                    at = np.where(inside, row[position] - tensor.lo, 0).astype(np.int64)
                    for other in range(len(columns)):
                        if other != position:
                            inside &= np.asarray(assignment.array(columns[other])[at] == row[other], dtype=bool)
                return inside
        rows = self._rows.get(table)
        if rows is None:
            rows = set(zip(*(assignment.array(column).tolist() for column in columns), strict=True))
            if self._own.issuperset(columns):
                self._rows[table] = rows
        flat = zip(*(entries.ravel().tolist() for entries in row), strict=True)
        return np.fromiter((entry in rows for entry in flat), dtype=bool).reshape(row[0].shape)
