"""Both checkers: they accept the honest assignment and name the constraint, index and node of a broken one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkseal.errors import UnsatisfiedConstraint, ValueOutOfBounds, WrongInput, ZksealError
from zkseal.relation import Column, FastChecker, Relation, RelationBuilder
from zkseal.relation.random_relations_test import RandomRelation, random_relations

BOTH = pytest.mark.parametrize("fast", [False, True])


def two_layers() -> tuple[Relation, dict[str, np.ndarray]]:
    """A product, rescaled by 2^4 with rounding, then relu by a table; and an honest assignment."""
    b = RelationBuilder()
    i, o = b.loop(5, "i"), b.loop(3, "o")
    x = b.tensor("x", (5,), Column.INPUT, -16, 15)
    w = b.tensor("w", (3, 5), Column.MODEL, -16, 15)
    y = b.tensor("y", (3,), Column.WITNESS, -128, 127, origin="gemm")
    z = b.tensor("z", (3,), Column.OUTPUT, 0, 127, origin="relu")
    b.range([o], b.sum([i], x[i] * w[o, i]) + 2**3 - y[o] * 2**4, bits=4, origin="gemm")
    domain = np.arange(-128, 128)
    b.lookup(b.table("relu", [domain, np.maximum(domain, 0)]), [o], [y[o], z[o]], origin="relu")
    b.zero([], b.sum([o], z[o]) - b.sum([o], z[b.gather([2, 0, 1], o)]), origin="permute")
    values = {"x": np.array([3, -16, 15, 7, 0]), "w": np.arange(-8, 7).reshape(3, 5)}
    values["y"] = (values["w"] @ values["x"] + 8) >> 4
    values["z"] = np.maximum(values["y"], 0)
    relation = b.finish()
    return relation, relation.complete(values)


@BOTH
def test_check_accepts_the_honest_assignment(fast: bool) -> None:
    relation, values = two_layers()
    relation.check(values, fast=fast)


@BOTH
@pytest.mark.parametrize(
    ("tensor", "index", "difference", "constraint", "node"),
    [
        ("y", 1, 1, "gemm/range_0", "gemm"),
        ("y", 2, -1, "gemm/range_0", "gemm"),
        ("z", 0, 1, "relu/lookup_0", "relu"),
    ],
)
def test_check_names_constraint_index_and_node(
    fast: bool, tensor: str, index: int, difference: int, constraint: str, node: str
) -> None:
    relation, values = two_layers()
    values[tensor] = values[tensor].copy()
    values[tensor][index] += difference
    with pytest.raises(UnsatisfiedConstraint) as caught:
        relation.check(values, fast=fast)
    error = caught.value
    assert (error.constraint, error.index, error.node) == (constraint, (index,), node)
    assert node in str(error)
    assert constraint in str(error)


@BOTH
def test_check_reports_the_first_constraint_in_the_order_of_writing(fast: bool) -> None:
    b = RelationBuilder()
    x = b.tensor("x", (1,), Column.WITNESS, 0, 9)
    b.zero([], x[0] - 1, origin="first")
    b.lookup(b.table("t", [range(1)]), [], [x[0]], origin="second")
    b.zero([], x[0], origin="third")
    relation = b.finish()
    for value, node in ((0, "first"), (1, "second")):
        with pytest.raises(UnsatisfiedConstraint) as caught:
            relation.check({"x": np.array([value])}, fast=fast)
        assert caught.value.node == node


@BOTH
@pytest.mark.parametrize("value", [-17, 16])
def test_check_names_a_value_outside_its_bounds_before_anything_else(fast: bool, value: int) -> None:
    relation, values = two_layers()
    values["w"] = values["w"].copy()
    values["w"][2, 4] = value
    with pytest.raises(ValueOutOfBounds) as caught:
        relation.check(values, fast=fast)
    error = caught.value
    assert (error.tensor, error.index, error.lo, error.hi) == ("w", (2, 4), -16, 15)
    assert str(value) not in str(error).replace("-16, 15", "")


@BOTH
def test_check_needs_the_derived_witness(fast: bool) -> None:
    b = RelationBuilder()
    i = b.loop(3, "i")
    x = b.tensor("x", (3,), Column.WITNESS, 0, 1 << 20)
    b.range([i], x[i], bits=20)
    with pytest.raises(WrongInput, match="limb_0"):
        b.finish().check({"x": np.array([1, 2, 3])}, fast=fast)


def test_errors_never_show_a_witness_value() -> None:
    relation, values = two_layers()
    values["y"] = values["y"] + np.array([0, 113, 0])
    with pytest.raises(UnsatisfiedConstraint) as caught:
        relation.check(values)
    assert str(int(values["y"][1])) not in str(caught.value)


@BOTH
@pytest.mark.parametrize(
    ("columns", "good", "bad"),
    [
        ([range(-3, 4)], (-3,), (4,)),
        ([range(-3, 4), np.arange(7) % 3], (3, 0), (3, 1)),
        ([np.array([5, 1, 5]), np.array([7, 2, 8])], (5, 8), (5, 2)),
        ([np.array([5, 1, 9])], (9,), (0,)),
        ([range(3), range(3)], (2, 2), (2, 1)),
        ([range(3), range(10, 13)], (2, 12), (2, 11)),
    ],
)
def test_lookups_in_every_kind_of_table(
    fast: bool, columns: list[np.ndarray | range], good: tuple[int, ...], bad: tuple[int, ...]
) -> None:
    b = RelationBuilder()
    i = b.loop(2)
    tensors = [b.tensor(f"x{k}", (2,), Column.WITNESS, -100, 100) for k in range(len(columns))]
    b.lookup(b.table("t", columns), [i], [x[i] for x in tensors])
    relation = b.finish()
    relation.check({f"x{k}": np.array([value, value]) for k, value in enumerate(good)}, fast=fast)
    with pytest.raises(UnsatisfiedConstraint) as caught:
        relation.check({f"x{k}": np.array([g, v]) for k, (g, v) in enumerate(zip(good, bad, strict=True))}, fast=fast)
    assert caught.value.index == (1,)


@BOTH
def test_a_table_in_a_model_tensor_is_looked_up(fast: bool) -> None:
    b = RelationBuilder()
    w = b.tensor("w", (4,), Column.MODEL, -8, 7)
    x = b.tensor("x", (1,), Column.INPUT, -8, 7)
    b.lookup(b.table("t", [b.progression(4), w]), [], [2, x[0]])
    relation = b.finish()
    relation.check({"w": np.array([1, 2, 3, 4]), "x": np.array([3])}, fast=fast)
    with pytest.raises(UnsatisfiedConstraint):
        relation.check({"w": np.array([1, 2, 3, 4]), "x": np.array([4])}, fast=fast)


def test_sampled_check_finds_what_is_wrong_everywhere_and_may_miss_one_index() -> None:
    b = RelationBuilder()
    i = b.loop(10_000)
    x = b.tensor("x", (10_000,), Column.WITNESS, 0, 1)
    b.zero([i], x[i])
    relation = b.finish()
    with pytest.raises(UnsatisfiedConstraint):
        relation.check({"x": np.ones(10_000, dtype=np.int8)}, sampled=5)
    one = np.zeros(10_000, dtype=np.int8)
    one[17] = 1
    relation.check({"x": one}, sampled=5)
    with pytest.raises(UnsatisfiedConstraint) as caught:
        relation.check({"x": one}, sampled=10_000)
    assert caught.value.index == (17,)


def outcome(action: Callable[[], None]) -> tuple[object, ...]:
    try:
        action()
    except ZksealError as error:
        return (error.code, error.fields)
    return ()


@given(random_relations())
@settings(max_examples=100, deadline=None)
def test_naive_and_fast_checkers_give_the_same_verdict(case: RandomRelation) -> None:
    values = case.relation.complete(case.values)
    assert outcome(lambda: case.relation.check(values)) == outcome(lambda: case.relation.check(values, fast=True))


@given(random_relations(), st.data())
@settings(max_examples=100, deadline=None)
def test_tensors_that_are_held_change_no_verdict(case: RandomRelation, data: st.DataObject) -> None:
    values = case.relation.complete(case.values)
    model = {name: values.pop(name) for name in case.relation.tensors_of(Column.MODEL)}
    if data.draw(st.booleans(), label="one value is changed") and values:
        name = data.draw(st.sampled_from(sorted(values)))
        values[name] = values[name].copy()
        values[name].flat[data.draw(st.integers(0, values[name].size - 1))] += 1
    expected = outcome(lambda: case.relation.check({**values, **model}))
    checker = FastChecker(case.relation, model)
    assert outcome(lambda: checker.check(values)) == outcome(lambda: checker.check(values)) == expected


def test_a_held_weight_is_not_replaced_and_has_to_be_in_its_bounds() -> None:
    relation, values = two_layers()
    weights = {"w": values.pop("w")}
    FastChecker(relation, weights).check(values)
    with pytest.raises(UnsatisfiedConstraint):
        FastChecker(relation, {"w": weights["w"] + 1}).check({**values, **weights})
    with pytest.raises(ValueOutOfBounds) as caught:
        FastChecker(relation, {"w": weights["w"] * 3})
    assert caught.value.fields["tensor"] == "w"
