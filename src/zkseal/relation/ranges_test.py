"""Ranges: the choice of the limb width, the limbs, and what happens at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkseal.errors import UnsatisfiedConstraint
from zkseal.relation import Column, Relation, RelationBuilder
from zkseal.relation.ranges import (
    MAX_LIMB_BITS,
    MIN_LIMB_BITS,
    RangeShape,
    choose_limb_bits,
    limb_widths,
    range_cost,
)


@given(st.integers(0, 62), st.integers(MIN_LIMB_BITS, MAX_LIMB_BITS))
def test_limbs_cover_exactly_the_bits(bits: int, limb_bits: int) -> None:
    widths = limb_widths(bits, limb_bits)
    assert sum(widths) == bits
    assert all(width == limb_bits for width in widths[:-1])
    assert widths[-1] <= limb_bits
    assert len(widths) == max(1, -(-bits // limb_bits))


def test_few_narrow_ranges_do_not_pay_for_a_large_table() -> None:
    assert choose_limb_bits([RangeShape(16, 4)], set()) == 4


def test_many_wide_ranges_pay_for_one_lookup_each() -> None:
    assert choose_limb_bits([RangeShape(16, 1_000_000)], set()) == 16


def test_an_explicit_table_is_used_rather_than_a_new_one() -> None:
    shapes = [RangeShape(12, 400)]
    assert choose_limb_bits(shapes, set()) == 6
    assert choose_limb_bits(shapes, {12}) == 12


def test_range_cost_counts_lookups_rows_limbs_and_multiplicities() -> None:
    """10 values of 12 bits in limbs of 8: 20 lookups, 10 committed bytes, tables of 2^8 and 2^4 rows, 20 used."""
    assert range_cost([RangeShape(12, 10)], 8, set()) == pytest.approx(20 + 272 + 0.8 * 10 + 0.8 * 20)


@given(st.lists(st.builds(RangeShape, st.integers(1, 40), st.integers(1, 10**6)), min_size=1, max_size=5))
def test_the_chosen_width_is_the_cheapest(shapes: list[RangeShape]) -> None:
    chosen = choose_limb_bits(shapes, set())
    costs = {w: range_cost(shapes, w, set()) for w in range(MIN_LIMB_BITS, MAX_LIMB_BITS + 1)}
    assert costs[chosen] == min(costs.values())
    assert all(costs[w] > costs[chosen] for w in range(MIN_LIMB_BITS, chosen))


def ranged(bits: int, lo: int = 0, shift: int = 0) -> Relation:
    b = RelationBuilder()
    i = b.loop(3, "i")
    x = b.tensor("x", (3,), Column.WITNESS, -(1 << 61), 1 << 61)
    b.range([i], x[i] >> shift, lo=lo, bits=bits, origin="node")
    return b.finish()


@given(st.integers(0, 45), st.integers(-(2**30), 2**30), st.data())
@settings(max_examples=60, deadline=None)
def test_values_in_range_pass_and_their_limbs_recompose(bits: int, lo: int, data: st.DataObject) -> None:
    relation = ranged(bits, lo)
    inside = data.draw(st.integers(lo, lo + (1 << bits) - 1))
    x = np.array([lo, inside, lo + (1 << bits) - 1])
    values = relation.complete({"x": x})
    relation.check(values)
    relation.check(values, fast=True)
    assert set(values) == {"x", *(relation.names.tensors[t] for part in relation.derived for t in part.limbs)}
    for part in relation.derived:
        top = relation.evaluate(relation.lookups[part.lookup], values)[0]
        limbs = [values[relation.names.tensors[t]].astype(np.int64) for t in part.limbs] + [top]
        assert sum(limb << (part.limb_bits * t) for t, limb in enumerate(limbs)).tolist() == (x - lo).tolist()


@pytest.mark.parametrize("bits", [0, 1, 4, 5, 8, 9, 16, 17, 33])
@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("side", [-1, 1])
def test_values_just_outside_are_named(bits: int, fast: bool, side: int) -> None:
    lo = -1000
    relation = ranged(bits, lo)
    outside = lo - 1 if side < 0 else lo + (1 << bits)
    values = relation.complete({"x": np.array([lo, lo, outside])})
    with pytest.raises(UnsatisfiedConstraint) as caught:
        relation.check(values, fast=fast)
    assert (caught.value.index, caught.value.node) == ((2,), "node")
    assert caught.value.constraint.startswith("node/range_0")


@pytest.mark.parametrize("bits", [3, 20])
@pytest.mark.parametrize("fast", [False, True])
def test_a_remainder_of_an_exact_division_is_out_of_range(bits: int, fast: bool) -> None:
    relation = ranged(bits, shift=2)
    relation.check(relation.complete({"x": np.array([4, 8, 0])}), fast=fast)
    with pytest.raises(UnsatisfiedConstraint) as caught:
        relation.check(relation.complete({"x": np.array([4, 9, 0])}), fast=fast)
    assert caught.value.index == (1,)


def test_a_range_without_loops_has_limbs_of_one_entry() -> None:
    b = RelationBuilder()
    x = b.tensor("x", (1,), Column.WITNESS, 0, 1 << 20)
    b.range([], x[0], bits=20)
    relation = b.finish()
    values = relation.complete({"x": np.array([999_999])})
    relation.check(values)
    assert {values[name].shape for name in values} == {(1,)}


def test_equal_ranges_are_constrained_once_by_the_narrower() -> None:
    b = RelationBuilder()
    i = b.loop(3, "i")
    x = b.tensor("x", (3,), Column.WITNESS, 0, 100)
    b.range([i], x[i], bits=4)
    b.range([i], x[i], bits=3)
    b.range([i], x[i] + 5, lo=5, bits=4)
    relation = b.finish()
    assert len(relation.lookups) == 1
    relation.check({"x": np.array([0, 1, 7])})
    with pytest.raises(UnsatisfiedConstraint):
        relation.check({"x": np.array([0, 1, 8])})


def test_ranges_of_one_width_share_a_table_with_an_explicit_one() -> None:
    b = RelationBuilder()
    i = b.loop(3, "i")
    x = b.tensor("x", (3,), Column.WITNESS, 0, 100)
    b.lookup(b.table("mine", [range(16)]), [i], [x[i]])
    b.range([i], x[i] + 1, bits=4)
    b.range([i], x[i] + 2, bits=4)
    relation = b.finish()
    assert [relation.names.tables, {lookup.table for lookup in relation.lookups}] == [("mine",), {0}]
