"""The evaluator against the naive checker's definitions, and at the limits of its number types."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings

from zkseal.errors import UnsatisfiedConstraint, ValueOutOfBounds, WrongInput
from zkseal.relation import Column, Expr, Loop, Relation, RelationBuilder, TensorRef, evaluation
from zkseal.relation.checker import NaiveChecker
from zkseal.relation.evaluation import Evaluator
from zkseal.relation.operands import Assignment
from zkseal.relation.random_relations_test import RandomRelation, random_relations
from zkseal.relation.types import Expression


def assert_equal_to_naive(relation: Relation, values: dict[str, np.ndarray]) -> None:
    evaluator, naive = Evaluator(relation, values), NaiveChecker(relation, Assignment(relation, values))
    expressions: list[tuple[tuple[int, ...], Expression]] = [(z.loops, z.expression) for z in relation.zeros]
    expressions += [(lookup.loops, e) for lookup in relation.lookups for e in lookup.expressions]
    for loops, expression in expressions:
        fast, shift = evaluator.scaled(expression, loops)
        assert fast.shape == tuple(relation.loops[loop] for loop in loops)
        for index in product(*(range(relation.loops[loop]) for loop in loops)):
            expected = naive._scaled(expression, dict(zip(loops, index, strict=True)))
            assert (int(fast[index]), shift) == expected


@given(random_relations())
@settings(max_examples=150, deadline=None)
def test_evaluate_equals_the_definition(case: RandomRelation) -> None:
    assert_equal_to_naive(case.relation, case.values)


@given(random_relations())
@settings(max_examples=50, deadline=None)
def test_evaluate_in_parts_equals_the_definition(case: RandomRelation) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "_OPERAND_LIMIT", 2)
        assert_equal_to_naive(case.relation, case.values)


def matvec(n: int, column: Column = Column.WITNESS) -> tuple[RelationBuilder, Loop, Expr]:
    b = RelationBuilder()
    i, o = b.loop(n, "i"), b.loop(n, "o")
    x = b.tensor("x", (n,), column, -(1 << 62), 1 << 62)
    w = b.tensor("w", (n, n), column, -(1 << 62), 1 << 62)
    return b, o, b.sum([i], x[i] * w[o, i])


def finished(b: RelationBuilder, tensor: TensorRef) -> Relation:
    """The relation of `b` with a constraint that it needs and no test looks at."""
    b.zero([], tensor[(0,) * len(tensor.shape)])
    return b.finish()


@pytest.mark.parametrize("bits", [3, 25, 26, 27, 29, 30, 31, 40])
def test_products_are_exact_in_float_int_and_object_arithmetic(bits: int) -> None:
    """With 7 summands, 25 bits stay below 2^53, 29 below 2^62, and 30 need Python integers."""
    b, o, expression = matvec(7)
    relation = finished(b, b.tensor("other", (1,), Column.WITNESS, 0, 0))
    generator = np.random.default_rng(bits)
    high = (1 << bits) - 1
    x = generator.integers(high - 3, high, 7, endpoint=True)
    w = generator.integers(high - 3, high, (7, 7), endpoint=True)
    result = relation.evaluate(expression, {"x": x, "w": w}, loops=[o])
    expected = [sum(int(a) * int(c) for a, c in zip(x, row, strict=True)) for row in w]
    assert result.tolist() == expected


def test_sums_of_one_access_are_exact_beyond_int64() -> None:
    b = RelationBuilder()
    i = b.loop(9)
    x = b.tensor("x", (9,), Column.WITNESS, 0, 1 << 62)
    relation = finished(b, x)
    result = relation.evaluate(b.sum([i], x[i]), {"x": np.full(9, 1 << 62)})
    assert result.item() == 9 << 62


def test_a_coefficient_beyond_int64_is_exact_on_zeros_too() -> None:
    b = RelationBuilder()
    i = b.loop(2)
    x = b.tensor("x", (2,), Column.WITNESS, 0, 3)
    relation = finished(b, x)
    assert relation.evaluate(x[i] * (1 << 70), {"x": np.array([0, 0])}).tolist() == [0, 0]
    assert relation.evaluate(x[i] * (1 << 70), {"x": np.array([0, 3])}).tolist() == [0, 3 << 70]


def test_values_outside_declared_bounds_are_evaluated_exactly() -> None:
    b = RelationBuilder()
    i = b.loop(2)
    x = b.tensor("x", (2,), Column.WITNESS, 0, 1)
    relation = finished(b, x)
    big = (1 << 52) + 1
    assert relation.evaluate(b.sum([i], x[i] * x[i]), {"x": np.array([big, 1])}).item() == big * big + 1


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint64, object])
def test_every_integer_dtype_is_accepted(dtype: type) -> None:
    b = RelationBuilder()
    i = b.loop(3)
    x = b.tensor("x", (3,), Column.WITNESS, 0, 100)
    relation = finished(b, x)
    assert relation.evaluate(x[i] * x[i] - 3, {"x": np.array([1, 2, 100], dtype=dtype)}).tolist() == [-2, 1, 9997]


def test_convolution_equals_windows_computed_by_hand() -> None:
    b = RelationBuilder()
    o, c, kh, kw, h, w = (b.loop(n) for n in (4, 3, 3, 2, 5, 4))
    image = b.tensor("image", (3, 9, 8), Column.INPUT, -100, 100)
    kernel = b.tensor("kernel", (4, 3, 3, 2), Column.WITNESS, -100, 100)
    expression = b.sum([c, kh, kw], image[c, 2 * h + kh - 1, 2 * w + 3 * kw - 2] * kernel[o, c, kh, kw])
    relation = finished(b, image)
    generator = np.random.default_rng(0)
    values = {"image": generator.integers(-100, 100, (3, 9, 8)), "kernel": generator.integers(-100, 100, (4, 3, 3, 2))}
    result = relation.evaluate(expression, values, loops=[o, h, w])
    padded = np.pad(values["image"], ((0, 0), (1, 3), (2, 3)))
    for at_o, at_h, at_w in product(range(4), range(5), range(4)):
        window = padded[:, 2 * at_h : 2 * at_h + 3, 2 * at_w : 2 * at_w + 6 : 3]
        assert result[at_o, at_h, at_w] == (window * values["kernel"][at_o]).sum()


def test_result_follows_the_order_of_the_loops_that_are_asked_for() -> None:
    b = RelationBuilder()
    i, j = b.loop(2), b.loop(3)
    x = b.tensor("x", (2, 3), Column.INPUT, 0, 9)
    relation = finished(b, x)
    values = {"x": np.arange(6).reshape(2, 3)}
    assert relation.evaluate(x[i, j], values).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert relation.evaluate(x[i, j], values, loops=[j, i]).tolist() == [[0, 3], [1, 4], [2, 5]]
    assert relation.evaluate(x[i, 0], values, loops=[j, i]).tolist() == [[0, 3]] * 3


def test_evaluate_a_lookup_stacks_its_expressions() -> None:
    b = RelationBuilder()
    i = b.loop(2)
    x = b.tensor("x", (2,), Column.INPUT, 0, 9)
    b.lookup(b.table("t", [range(9), np.arange(9) ** 2]), [i], [x[i], x[i] * x[i]])
    relation = b.finish()
    assert relation.evaluate(relation.lookups[0], {"x": np.array([2, 3])}).tolist() == [[2, 3], [4, 9]]


def test_evaluate_refuses_a_division_with_remainder() -> None:
    b = RelationBuilder()
    i = b.loop(3)
    x = b.tensor("x", (3,), Column.INPUT, 0, 9)
    relation = finished(b, x)
    assert relation.evaluate(x[i] >> 1, {"x": np.array([2, 4, 8])}).tolist() == [1, 2, 4]
    with pytest.raises(UnsatisfiedConstraint) as caught:
        relation.evaluate(x[i] >> 1, {"x": np.array([2, 5, 8])})
    assert caught.value.index == (1,)


def test_evaluate_refuses_a_public_index_beyond_its_axis() -> None:
    b = RelationBuilder()
    t, j = b.loop(2), b.loop(3)
    tokens = b.tensor("tokens", (2,), Column.PUBLIC, 0, 100)
    table = b.tensor("embedding", (5, 3), Column.MODEL, -8, 7)
    expression = table[b.gather_public(tokens, t), j]
    relation = finished(b, b.tensor("other", (1,), Column.WITNESS, 0, 0))
    weights = np.arange(15).reshape(5, 3)
    good = relation.evaluate(expression, {"tokens": np.array([4, 0]), "embedding": weights})
    assert good.tolist() == [[12, 13, 14], [0, 1, 2]]
    with pytest.raises(ValueOutOfBounds) as caught:
        relation.evaluate(expression, {"tokens": np.array([4, 5]), "embedding": weights})
    assert (caught.value.tensor, caught.value.index, caught.value.hi) == ("tokens", (1,), 4)


@pytest.mark.parametrize(
    "value", [np.array([1, 2]), np.array([1.0, 2.0, 3.0]), np.array([1, 2.5, 3], dtype=object), None]
)
def test_evaluate_refuses_missing_and_misshapen_values(value: np.ndarray | None) -> None:
    b = RelationBuilder()
    x = b.tensor("x", (3,), Column.INPUT, 0, 9)
    relation = finished(b, x)
    with pytest.raises(WrongInput) as caught:
        relation.evaluate(x[0], {} if value is None else {"x": value})
    assert caught.value.name == "x"


def test_parts_that_fit_int64_add_up_beyond_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by hypothesis: every part of a product was below 2^62, their sum was not."""
    monkeypatch.setattr(evaluation, "_OPERAND_LIMIT", 1)
    b = RelationBuilder()
    i = b.loop(4, "i")
    x = b.tensor("x", (4,), Column.WITNESS, 0, 1 << 31)
    relation = finished(b, x)
    value = (1 << 31) - 1
    assert relation.evaluate(b.sum([i], x[i] * x[i]), {"x": np.full(4, value)}).item() == 4 * value * value


def test_products_of_single_entries_are_exact_beyond_int64() -> None:
    b = RelationBuilder()
    x = b.tensor("x", (1,), Column.WITNESS, 0, 1 << 62)
    relation = finished(b, x)
    assert relation.evaluate(x[0] * x[0] * 3, {"x": np.array([1 << 62])}).item() == 3 << 124
