"""Which step of a program uses which tensor, and what each step costs: all that the choice of cuts knows.

A *cut* p, 0 < p < steps, lies before step p. A tensor crosses it if constraints of steps on both sides access it.
Private inputs count as used at the beginning, private outputs at the end: the first segment commits to all inputs,
the last one to all outputs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
import numpy.typing as npt

from zkseal.lowering import Program
from zkseal.proving.cost import COSTS
from zkseal.relation import Column, Relation
from zkseal.relation.types import Access, Expression, Lookup, PublicGatherMap, Scope, Zero

__all__ = ["Uses", "constraint", "tensors_of"]

PER_PROOF = frozenset({Column.INPUT, Column.OUTPUT, Column.WITNESS})
"""Columns that are committed for each proof: what crosses a cut stands in a boundary."""

Costs = npt.NDArray[np.float64]


def constraint(relation: Relation, place: tuple[str, int]) -> Lookup | Zero:
    """The constraint at a place of `Relation.order`."""
    kind, index = place
    return relation.lookups[index] if kind == "lookup" else relation.zeros[index]


def expressions_of(part: Lookup | Zero) -> tuple[Expression, ...]:
    """Its expressions: one, or one for each column of the table."""
    return part.expressions if isinstance(part, Lookup) else (part.expression,)


def accesses_of(part: Lookup | Zero) -> Iterator[Access]:
    """Every access of a constraint."""
    for expression in expressions_of(part):
        for term in expression:
            yield from term.accesses


def tensors_of(relation: Relation, part: Lookup | Zero) -> set[int]:
    """Indices of the tensors that a constraint reads, columns of its table and tensors of indices among them."""
    found = set(relation.tables[part.table].columns) if isinstance(part, Lookup) else set()
    for access in accesses_of(part):
        found.add(access.tensor)
        found.update(axis.tensor for axis in access.maps if isinstance(axis, PublicGatherMap))
    return found


@dataclass(frozen=True)
class Uses:
    """First and last step that uses each tensor, by index; tensors that no constraint reads are not in it."""

    relation: Relation
    starts: tuple[int, ...]
    spans: dict[int, tuple[int, int]]

    @staticmethod
    def of(program: Program, relation: Relation) -> Uses:
        """Of a program as `lower` made it; `relation` is its relation, annotated."""
        steps = len(program.steps)
        spans: dict[int, tuple[int, int]] = {}
        for place, entry in enumerate(relation.order):
            step = _step_at(program.starts, place)
            for index in tensors_of(relation, constraint(relation, entry)):
                first, last = spans.get(index, (step, step))
                spans[index] = (min(first, step), max(last, step))
        for index, tensor in enumerate(relation.tensors):
            if tensor.column == Column.INPUT:
                spans[index] = (0, spans.get(index, (0, 0))[1])
            elif tensor.column == Column.OUTPUT:
                spans[index] = (spans.get(index, (steps - 1, steps - 1))[0], steps - 1)
        return Uses(relation, program.starts, spans)

    @property
    def steps(self) -> int:
        """How many steps the program has."""
        return len(self.starts) - 1

    def crossing(self, cut: int) -> list[int]:
        """Tensors of a boundary at this cut, in order of declaration; none before the first step and after the last."""
        return [
            index
            for index, (first, last) in sorted(self.spans.items())
            if first < cut <= last and self.relation.tensors[index].column in PER_PROOF
        ]

    @cached_property
    def cuts(self) -> list[int]:
        """Where the program can be cut, ascending: constraints on both sides, and no private weight read on both."""
        blocked: set[int] = set()
        for index, (first, last) in self.spans.items():
            if self.relation.tensors[index].column == Column.MODEL:
                blocked.update(range(first + 1, last + 1))
        orders = [constraint(self.relation, entry).scope == Scope.EVERY_PROOF for entry in self.relation.order]
        proved = np.concatenate([[0], np.cumsum(orders)])
        found: list[int] = []
        least = proved[self.starts[0]]
        for cut in range(1, self.steps):
            if cut not in blocked and least < proved[self.starts[cut]] < proved[-1]:
                found.append(cut)
                least = proved[self.starts[cut]]
        return found

    @property
    def shared_weights(self) -> list[str]:
        """Private weights that several steps read, which no cut may part."""
        return [
            self.relation.names.tensors[index]
            for index, (first, last) in sorted(self.spans.items())
            if first < last and self.relation.tensors[index].column == Column.MODEL
        ]

    @cached_property
    def costs(self) -> Costs:
        """Predicted nanoseconds of one core for each step, without the tables that segments share."""
        relation, costs = self.relation, np.zeros(self.steps)
        for place, entry in enumerate(relation.order):
            part = constraint(relation, entry)
            step = _step_at(self.starts, place)
            costs[step] += COSTS.constraint_ns + COSTS.slot_ns * _slots(relation, part)
            if isinstance(part, Lookup):
                costs[step] += COSTS.leaf_ns * prod(relation.loops[loop] for loop in part.loops)
        for index, (first, _) in self.spans.items():
            tensor = relation.tensors[index]
            if tensor.column in PER_PROOF:
                costs[first] += COSTS.commit_ns_per_value * tensor.size
            elif tensor.column in (Column.MODEL, Column.TABLE):
                costs[first] += COSTS.fold_ns_per_value * tensor.size
        return costs

    @cached_property
    def crossing_costs(self) -> Costs:
        """Predicted nanoseconds of committing to what crosses each cut 0 .. steps, once."""
        sizes = np.zeros(self.steps + 2)
        for index, (first, last) in self.spans.items():
            tensor = self.relation.tensors[index]
            if tensor.column in PER_PROOF:
                sizes[first + 1] += tensor.size
                sizes[last + 1] -= tensor.size
        return COSTS.commit_ns_per_value * np.cumsum(sizes)[:-1]


def _step_at(starts: tuple[int, ...], place: int) -> int:
    """The step whose constraints hold this place; the first one also holds those of the inputs."""
    return max(bisect_right(starts, place) - 1, 0)


def _slots(relation: Relation, part: Lookup | Zero) -> int:
    """Values of the shared loops of the products of a constraint."""
    products = [term.accesses for expression in expressions_of(part) for term in expression if len(term.accesses) == 2]
    return sum(prod(relation.loops[loop] for loop in set(left.loops) & set(right.loops)) for left, right in products)
