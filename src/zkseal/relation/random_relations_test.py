"""Random valid relations with assignments, for the property tests of this package."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from zkseal.relation import Affine, Column, Expr, Index, Loop, Relation, RelationBuilder, TensorRef

__all__ = ["RandomRelation", "random_relations"]


@dataclass(frozen=True)
class RandomRelation:
    """A relation, its values within bounds (constraints need not hold), and the builder's parts."""

    relation: Relation
    values: dict[str, np.ndarray]


class _Drawer:
    """Draws accesses and expressions from the loops and tensors of one builder."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.b = RelationBuilder()
        self.loops = [self.b.loop(draw(st.integers(1, 4))) for _ in range(4)]
        self.magnitude = draw(st.sampled_from([1, 100, 2**20, 2**31]))
        self.public = [self.b.tensor(f"p{k}", (loop.size,), Column.PUBLIC, 0, 0) for k, loop in enumerate(self.loops)]
        self.tensors = [self._tensor(k) for k in range(3)]

    def _tensor(self, number: int) -> TensorRef:
        shape = self.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
        columns = st.sampled_from([Column.MODEL, Column.INPUT, Column.OUTPUT, Column.WITNESS])
        column = self.draw(columns)
        if column == Column.MODEL:
            return self.b.tensor(
                f"x{number}", shape, column, -(1 << self.magnitude.bit_length()), (1 << self.magnitude.bit_length()) - 1
            )
        return self.b.tensor(f"x{number}", shape, column, -self.magnitude, self.magnitude)

    def index(self, size: int, unused: list[Loop]) -> Index:
        """An index of an axis of `size` entries; takes the loops that it reads out of `unused`."""
        kind = self.draw(st.sampled_from(["constant", "affine", "affine", "gather", "public"]))
        if kind == "constant" or not unused:
            return self.draw(st.integers(-1, size))
        if kind == "affine":
            index: int | Affine = self.draw(st.integers(-2, 2))
            for _ in range(self.draw(st.integers(1, min(2, len(unused))))):
                stride = self.draw(st.sampled_from([1, 1, 2, -1, 7, -3]))
                index = index + stride * unused.pop(self.draw(st.integers(0, len(unused) - 1)))
            return index
        loop = unused.pop(self.draw(st.integers(0, len(unused) - 1)))
        if kind == "public":
            return self.b.gather_public(self.public[loop.index], loop)
        entries = st.lists(st.integers(-1, size - 1), min_size=loop.size, max_size=loop.size)
        return self.b.gather(self.draw(entries), loop)

    def access(self) -> Expr:
        tensor = self.draw(st.sampled_from(self.tensors))
        unused = list(self.draw(st.permutations(self.loops)))
        return tensor[tuple(self.index(size, unused) for size in tensor.shape)]

    def expression(self) -> tuple[Expr, list[Loop]]:
        """An expression and outer loops for it."""
        outer = self.draw(st.lists(st.sampled_from(self.loops), unique=True, max_size=3))
        summed = [loop for loop in self.loops if loop not in outer]
        total = Expr.constant(self.draw(st.integers(-5, 5)))
        for _ in range(self.draw(st.integers(1, 3))):
            factor = self.draw(st.integers(-3, 3))
            term = self.access() * (self.access() if self.draw(st.booleans()) else 1)
            total = total + term.sum(summed) * factor
        return total >> self.draw(st.sampled_from([0, 0, 3])), outer


@st.composite
def random_relations(draw: st.DrawFn) -> RandomRelation:
    """Small relations that use every kind of map, up to two accesses a term, lookups, zeros and ranges."""
    drawer = _Drawer(draw)
    b = drawer.b
    table = b.table("square", [range(-3, 5), np.arange(-3, 5) ** 2])
    for _ in range(draw(st.integers(1, 2))):
        expression, outer = drawer.expression()
        b.zero(outer, expression, origin="zeros")
        expression, outer = drawer.expression()
        b.lookup(table, outer, [expression, 4])
        expression, outer = drawer.expression()
        b.range(outer, expression, lo=-5, bits=draw(st.integers(0, 20)), origin="ranges")
    relation = b.finish(draw(st.binary(max_size=5)))
    generator = np.random.default_rng(draw(st.integers(0, 1000)))
    values = {}
    for name, tensor in zip(relation.names.tensors, relation.tensors, strict=True):
        if tensor.column not in (Column.PROGRESSION, Column.TABLE):
            values[name] = generator.integers(tensor.lo, tensor.hi, tensor.shape, dtype=np.int64, endpoint=True)
    return RandomRelation(relation, values)


@given(random_relations())
def test_random_relations_use_products_and_gathers_within_the_rules(case: RandomRelation) -> None:
    case.relation.validate()
    assert case.relation.zeros or case.relation.lookups
