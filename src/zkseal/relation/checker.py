"""The naive checker: says which constraint does not hold, where, and which graph node it came from.

`NaiveChecker` follows the definitions of chapter 2 with plain loops over Python integers and shares no code with the
evaluator, so each tests the other. `fast_checker` says the same with the evaluator, for relations of a real size.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import product
from math import prod

import numpy as np

from zkseal.errors import UnsatisfiedConstraint, ValueOutOfBounds
from zkseal.relation.operands import Assignment
from zkseal.relation.relation import Relation, Values
from zkseal.relation.types import Access, AffineMap, AxisMap, Column, Expression, GatherMap, Term

__all__ = ["NaiveChecker", "check", "require_in_bounds", "unsatisfied"]


def check(relation: Relation, values: Values, *, fast: bool = False, sampled: int | None = None) -> None:
    """See `Relation.check`."""
    if fast:
        from zkseal.relation.fast_checker import FastChecker

        FastChecker(relation).check(values)
        return
    assignment = Assignment(relation, values)
    require_in_bounds(relation, assignment, range(len(relation.tensors)))
    naive_checker = NaiveChecker(relation, assignment)
    for kind, index in relation.order:
        naive_checker.check(kind, index, sampled)


def unsatisfied(relation: Relation, kind: str, constraint: int, index: tuple[int, ...]) -> UnsatisfiedConstraint:
    """The error for a constraint that does not hold at `index`."""
    names, origins = (
        (relation.names.zeros, relation.origins.zeros)
        if kind == "zero"
        else (relation.names.lookups, relation.origins.lookups)
    )
    name, node = names[constraint], origins[constraint]
    of_node = f" of node '{node}'" if node else ""
    return UnsatisfiedConstraint(
        f"Constraint '{name}'{of_node} does not hold at index {list(index)}: the assignment is not what the program "
        "computes. Make the witness again from the inputs.",
        constraint=name,
        index=index,
        node=node,
    )


def require_in_bounds(relation: Relation, assignment: Assignment, tensors: Iterable[int]) -> None:
    """Raises `ValueOutOfBounds` at the first value of these tensors that is outside of its bounds."""
    for number in tensors:
        tensor = relation.tensors[number]
        if tensor.column == Column.PROGRESSION:
            continue
        array = assignment.array(number)
        # The extremes are remembered for the evaluator, and tell nearly always; where they do not, there is an error.
        least, most = assignment.extremes(number)
        if least < tensor.lo or most > tensor.hi:
            outside = np.argwhere((array < tensor.lo) | (array > tensor.hi))
            name, index = relation.names.tensors[number], tuple(int(k) for k in outside[0])
            origin = relation.origins.tensors[number]
            raise ValueOutOfBounds(
                f"The value of tensor '{name}' at index {list(index)} is outside its bounds [{tensor.lo}, {tensor.hi}]"
                f"{f' (node {origin!r})' if origin else ''}. Widen the bounds or correct the value.",
                tensor=name,
                index=index,
                lo=tensor.lo,
                hi=tensor.hi,
                node=origin,
            )


class NaiveChecker:
    """Definitions of chapter 2, one index at a time."""

    def __init__(self, relation: Relation, assignment: Assignment) -> None:
        self._relation = relation
        self._entries = [assignment.array(index).ravel().tolist() for index in range(len(relation.tensors))]
        self._rows: dict[int, set[tuple[int, ...]]] = {}

    def check(self, kind: str, number: int, sampled: int | None = None) -> None:
        """Raises `UnsatisfiedConstraint` at the first index (of all, or of `sampled` ones) where it does not hold."""
        constraint = self._relation.zeros[number] if kind == "zero" else self._relation.lookups[number]
        for index in self._indices(constraint.loops, sampled):
            at = dict(zip(constraint.loops, index, strict=True))
            if not self._holds(kind, number, at):
                raise unsatisfied(self._relation, kind, number, index)

    def _holds(self, kind: str, number: int, at: dict[int, int]) -> bool:
        if kind == "zero":
            return self._scaled(self._relation.zeros[number].expression, at)[0] == 0
        lookup = self._relation.lookups[number]
        row = []
        for expression in lookup.expressions:
            scaled, shift = self._scaled(expression, at)
            if scaled % (1 << shift):
                return False
            row.append(scaled >> shift)
        return tuple(row) in self._table_rows(lookup.table)

    def _table_rows(self, table: int) -> set[tuple[int, ...]]:
        if table not in self._rows:
            columns = [self._entries[column] for column in self._relation.tables[table].columns]
            self._rows[table] = set(zip(*columns, strict=True))
        return self._rows[table]

    def _indices(self, loops: Iterable[int], sampled: int | None) -> Iterator[tuple[int, ...]]:
        sizes = [self._relation.loops[loop] for loop in loops]
        if sampled is None or sampled >= prod(sizes):
            yield from product(*(range(size) for size in sizes))
            return
        generator = random.Random(0)  # noqa: S311 - a reproducible sample, not a secret
        for _ in range(sampled):
            yield tuple(generator.randrange(size) for size in sizes)

    def _scaled(self, expression: Expression, at: dict[int, int]) -> tuple[int, int]:
        """(2^S * expression, S) at one index of the outer loops, S the largest shift."""
        shift = max((term.shift for term in expression), default=0)
        return sum((term.num << (shift - term.shift)) * self._term(term, at) for term in expression), shift

    def _term(self, term: Term, at: dict[int, int]) -> int:
        total = 0
        for index in product(*(range(self._relation.loops[loop]) for loop in term.sums)):
            where = {**at, **dict(zip(term.sums, index, strict=True))}
            value = 1
            for access in term.accesses:
                value *= self._access(access, where)
            total += value
        return total

    def _access(self, access: Access, where: dict[int, int]) -> int:
        position = 0
        for axis_map, size in zip(access.maps, self._relation.tensors[access.tensor].shape, strict=True):
            index = self._index(axis_map, where)
            if not 0 <= index < size:
                return 0
            position = position * size + index
        return int(self._entries[access.tensor][position])

    def _index(self, axis_map: AxisMap, where: dict[int, int]) -> int:
        if isinstance(axis_map, AffineMap):
            return axis_map.offset + sum(stride * where[loop] for stride, loop in axis_map.terms)
        if isinstance(axis_map, GatherMap):
            return self._relation.lists[axis_map.list_index][where[axis_map.loop]]
        return int(self._entries[axis_map.tensor][where[axis_map.loop]])
