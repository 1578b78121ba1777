"""Values of a relation: evaluation at single indices, multiplicities, limbs of the model relation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from zkseal_reference.claims import Part
from zkseal_reference.field import P
from zkseal_reference.layout import Layout
from zkseal_reference.model_relation import derive_model_relation, limb_width, range_bits
from zkseal_reference.relation import (
    Access,
    Affine,
    Column,
    Expression,
    Gather,
    Map,
    Relation,
)

from .hooks import Values


class Evaluator:
    """Evaluates accesses and expressions at single indices."""

    def __init__(self, layout: Layout, values: Mapping[int, Sequence[int]]) -> None:
        self.layout, self.relation, self.values = layout, layout.relation, values

    def entry(self, tensor: int, position: int) -> int:
        if self.layout.tensors[tensor].column == Column.PROGRESSION:
            return self.layout.tensors[tensor].lo + position
        return self.values[tensor][position]

    def index(self, axis_map: Map, at: Mapping[int, int]) -> int:
        if isinstance(axis_map, Affine):
            return axis_map.offset + sum(stride * at[loop] for stride, loop in axis_map.strides)
        if isinstance(axis_map, Gather):
            return self.relation.lists[axis_map.list][at[axis_map.loop]]
        return self.values[axis_map.tensor][at[axis_map.loop]]

    def access(self, access: Access, at: Mapping[int, int]) -> int:
        position = 0
        for axis_map, size in zip(access.maps, self.layout.tensors[access.tensor].axes, strict=True):
            index = self.index(axis_map, at)
            if not 0 <= index < size:
                return 0
            position = position * size + index
        return self.entry(access.tensor, position)

    def indices(self, loops: Sequence[int]) -> Iterator[dict[int, int]]:
        for index in product(*(range(self.relation.loops[loop]) for loop in loops)):
            yield dict(zip(loops, index, strict=True))

    def expression(self, expression: Expression, at: Mapping[int, int]) -> int:
        total = 0
        for term in expression:
            inner = 0
            for sums in self.indices(term.sum_loops):
                factor = 1
                for access in term.accesses:
                    factor *= self.access(access, {**at, **sums})
                inner += factor
            total += term.num * inner * pow(2, -term.shift, P)
        return total % P

    def part(self, part: Part) -> int:
        total = 0
        for indices in product(*(axis.items() for axis in part.axes)):
            position, weight = 0, part.coefficient
            for (index, factor), size in zip(indices, self.layout.tensors[part.tensor].axes, strict=True):
                position = position * size + index
                weight = weight * factor % P
            total += weight * self.entry(part.tensor, position)
        return total % P


def add_multiplicities(layout: Layout, values: Values, lenient: bool) -> None:
    """m_t: how often each table row is used; of equal rows the first. A lying prover has to be lenient."""
    if not layout.has_lookups:
        return
    evaluator = Evaluator(layout, values)
    for t, table in enumerate(layout.relation.tables):
        length = layout.tensors[table.columns[0]].axes[0]
        rows: dict[tuple[int, ...], int] = {}
        for i in range(length):
            rows.setdefault(tuple(evaluator.entry(column, i) % P for column in table.columns), i)
        counts = [0] * length
        for lookup in layout.relation.scope0_lookups:
            if lookup.table == t:
                for at in evaluator.indices(lookup.loops):
                    found = rows.get(tuple(evaluator.expression(e, at) for e in lookup.expressions))
                    if found is not None:
                        counts[found] += 1
                    elif not lenient:
                        raise ValueError(f"a looked-up tuple is not in table {t} at {at}")
        values[layout.multiplicity(t)] = counts


def derive_model_values(relation: Relation, values: Values) -> Values:
    """The tensors of the model relation: the model tensors and their limbs."""
    derived = derive_model_relation(relation)
    assert derived is not None
    model = [relation.tensors[index] for index in relation.model_tensors]
    width = limb_width(model)
    result = {new: list(values[old]) for new, old in enumerate(relation.model_tensors)}
    limb = next((i for i, tensor in enumerate(derived.tensors) if tensor.column == Column.WITNESS), 0)
    for index, tensor in enumerate(model):
        for t in range(max(1, -(-range_bits(tensor) // width)) - 1):
            result[limb] = [(x - tensor.lo) >> (width * t) & ((1 << width) - 1) for x in result[index]]
            limb += 1
    return result
