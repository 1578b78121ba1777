"""The relation of one segment: its share of the constraints, over its share of the tensors.

What crosses is in the column input of the segment behind a cut and in the column output of the one before it, declared
first and in the order of the whole relation, so that both columns lie alike (docs/protocol/10-segments.md). A tensor
that enters a segment and leaves it is there twice, tied entry by entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from zkseal.relation import Column, Relation
from zkseal.relation.relation import DerivedRange, Names, Origins
from zkseal.relation.types import (
    Access,
    AffineMap,
    AxisMap,
    Expression,
    GatherMap,
    Lookup,
    PublicGatherMap,
    Scope,
    Table,
    Tensor,
    Term,
    Zero,
    map_loops,
)
from zkseal.segments.uses import accesses_of, constraint, expressions_of, tensors_of

__all__ = ["Share", "relation_of"]


@dataclass(frozen=True)
class Share:
    """What of a whole relation one segment shows.

    Attributes:
        places: its part of `Relation.order`.
        incoming, outgoing: tensors of the whole, ascending, that its columns input and output hold.
        public: public tensors of the whole that it declares though no constraint of it reads them.
    """

    places: range
    incoming: Sequence[int]
    outgoing: Sequence[int]
    public: Sequence[int] = ()


@dataclass
class _Numbers:
    """New numbers of tensors, loops, lists and tables by their old ones."""

    tensors: dict[int, int] = field(default_factory=dict)
    loops: dict[int, int] = field(default_factory=dict)
    lists: dict[int, int] = field(default_factory=dict)
    tables: dict[int, int] = field(default_factory=dict)

    def access(self, access: Access) -> Access:
        return Access(self.tensors[access.tensor], tuple(self._map(axis) for axis in access.maps))

    def _map(self, axis: AxisMap) -> AxisMap:
        if isinstance(axis, AffineMap):
            return AffineMap(tuple((stride, self.loops[loop]) for stride, loop in axis.terms), axis.offset)
        if isinstance(axis, GatherMap):
            return GatherMap(self.loops[axis.loop], self.lists[axis.list_index])
        return PublicGatherMap(self.loops[axis.loop], self.tensors[axis.tensor])

    def loops_of(self, loops: Iterable[int]) -> tuple[int, ...]:
        return tuple(self.loops[loop] for loop in loops)

    def expression(self, expression: Expression) -> Expression:
        return tuple(
            Term(term.num, term.shift, self.loops_of(term.sums), tuple(map(self.access, term.accesses)))
            for term in expression
        )


def passed_name(name: str) -> str:
    """The name of the copy that leaves a segment of a tensor that also enters it."""
    return f"{name} (passed on)"


def relation_of(whole: Relation, share: Share, annotation: bytes) -> Relation:
    """The relation of a segment. Its tensors keep their names; a copy that is passed on has `passed_name`.

    Raises:
        InvalidRelation: there is no such relation (chapter 2); splits that `choose_cuts` makes have one.
    """
    order = [whole.order[place] for place in share.places]
    parts = [constraint(whole, entry) for entry in order]
    numbers = _Numbers()
    tensors, names, origins = _tensors(whole, share, parts, numbers)
    used_loops = {loop for part in parts for loop in _loops_of(part)}
    numbers.loops = _ascending(used_loops)
    gathers = (axis for part in parts for access in accesses_of(part) for axis in access.maps)
    numbers.lists = _ascending({axis.list_index for axis in gathers if isinstance(axis, GatherMap)})
    numbers.tables = _ascending({part.table for part in parts if isinstance(part, Lookup)})
    kept_lookups = [index for kind, index in order if kind == "lookup"]
    kept_zeros = [index for kind, index in order if kind == "zero"]
    lookups = _ascending_in_order(kept_lookups)
    zeros = _ascending_in_order(kept_zeros)
    passed = _passed_on(whole, share, numbers, len(tensors))
    loops = [whole.loops[loop] for loop in numbers.loops]
    loop_names = [whole.names.loops[loop] for loop in numbers.loops]
    ties = [_tie(source, copy, tensors[copy], loops, loop_names) for source, copy in passed]
    tie_names = [f"{names[source]}/passed on" for source, _ in passed]
    relation = Relation(
        annotation=annotation,
        tensors=tuple(tensors),
        loops=tuple(loops),
        lists=tuple(whole.lists[index] for index in numbers.lists),
        tables=tuple(_table(whole.tables[index], numbers) for index in numbers.tables),
        lookups=tuple(_lookup(whole.lookups[index], numbers) for index in kept_lookups),
        zeros=(*(_zero(whole.zeros[index], numbers) for index in kept_zeros), *ties),
        names=Names(
            tensors=tuple(names),
            loops=tuple(loop_names),
            tables=tuple(whole.names.tables[index] for index in numbers.tables),
            lookups=tuple(whole.names.lookups[index] for index in kept_lookups),
            zeros=(*(whole.names.zeros[index] for index in kept_zeros), *tie_names),
        ),
        origins=Origins(
            tensors=tuple(origins),
            lookups=tuple(whole.origins.lookups[index] for index in kept_lookups),
            zeros=(*(whole.origins.zeros[index] for index in kept_zeros), *("passed on" for _ in ties)),
        ),
        fixed={name: whole.fixed[name] for name in names if name in whole.fixed},
        derived=tuple(
            DerivedRange(lookups[part.lookup], tuple(numbers.tensors[limb] for limb in part.limbs), part.limb_bits)
            for part in whole.derived
            if part.lookup in lookups
        ),
        order=(
            *((kind, (lookups if kind == "lookup" else zeros)[index]) for kind, index in order),
            *(("zero", len(kept_zeros) + k) for k in range(len(ties))),
        ),
        limb_bits=whole.limb_bits,
    )
    relation.validate()
    return relation


def _tensors(
    whole: Relation, share: Share, parts: Sequence[Lookup | Zero], numbers: _Numbers
) -> tuple[list[Tensor], list[str], list[str]]:
    """Tensors, names and origins: the boundary behind, the boundary before, and what else is read, in this order."""
    tensors: list[Tensor] = []
    names: list[str] = []
    origins: list[str] = []

    def declare(index: int, column: Column, name: str) -> int:
        tensors.append(replace(whole.tensors[index], column=column))
        names.append(name)
        origins.append(whole.origins.tensors[index])
        return len(tensors) - 1

    for index in share.incoming:
        numbers.tensors[index] = declare(index, Column.INPUT, whole.names.tensors[index])
    for index in share.outgoing:
        name = whole.names.tensors[index]
        passes = index in numbers.tensors
        number = declare(index, Column.OUTPUT, passed_name(name) if passes else name)
        numbers.tensors.setdefault(index, number)
    read = set(share.public).union(*(tensors_of(whole, part) for part in parts))
    for index in sorted(read - numbers.tensors.keys()):
        numbers.tensors[index] = declare(index, whole.tensors[index].column, whole.names.tensors[index])
    return tensors, names, origins


def _passed_on(whole: Relation, share: Share, numbers: _Numbers, count: int) -> list[tuple[int, int]]:
    """New numbers of the tensors that enter and leave: of the one that enters and of its copy that leaves."""
    entering = set(share.incoming)
    first = len(share.incoming)
    return [(numbers.tensors[index], first + k) for k, index in enumerate(share.outgoing) if index in entering]


def _tie(source: int, copy: int, tensor: Tensor, loops: list[int], loop_names: list[str]) -> Zero:
    """source - copy = 0 at every index; adds its loops."""
    maps: list[AxisMap] = []
    outer: list[int] = []
    for axis, size in enumerate(tensor.shape):
        if size == 1:
            maps.append(AffineMap((), 0))
            continue
        outer.append(len(loops))
        maps.append(AffineMap(((1, len(loops)),), 0))
        loops.append(size)
        loop_names.append(f"passed_{copy}_{axis}")
    terms = tuple(Term(num, 0, (), (Access(index, tuple(maps)),)) for num, index in ((1, source), (-1, copy)))
    return Zero(Scope.EVERY_PROOF, tuple(outer), terms)


def _loops_of(part: Lookup | Zero) -> set[int]:
    found = set(part.loops)
    for expression in expressions_of(part):
        for term in expression:
            found.update(term.sums)
            found.update(loop for access in term.accesses for axis in access.maps for loop in map_loops(axis))
    return found


def _table(table: Table, numbers: _Numbers) -> Table:
    return Table(table.id, tuple(numbers.tensors[column] for column in table.columns))


def _lookup(lookup: Lookup, numbers: _Numbers) -> Lookup:
    expressions = tuple(numbers.expression(expression) for expression in lookup.expressions)
    return Lookup(lookup.scope, numbers.tables[lookup.table], numbers.loops_of(lookup.loops), expressions)


def _zero(zero: Zero, numbers: _Numbers) -> Zero:
    return Zero(zero.scope, numbers.loops_of(zero.loops), numbers.expression(zero.expression))


def _ascending(indices: Iterable[int]) -> dict[int, int]:
    return {index: number for number, index in enumerate(sorted(indices))}


def _ascending_in_order(indices: Sequence[int]) -> dict[int, int]:
    return {index: number for number, index in enumerate(indices)}
