from __future__ import annotations

import pytest

from zkseal.errors import InvalidRelation
from zkseal.relation import Affine, Column, Expr, Loop, RelationBuilder, TensorRef
from zkseal.relation.types import AffineMap, Term

Parts = tuple[RelationBuilder, Loop, Loop, TensorRef, TensorRef]


@pytest.fixture
def parts() -> Parts:
    b = RelationBuilder()
    i, j = b.loop(3, "i"), b.loop(5, "j")
    x = b.tensor("x", (3,), Column.INPUT, -8, 7)
    w = b.tensor("w", (5, 3), Column.MODEL, -8, 7)
    return b, i, j, x, w


def coefficients(expression: Expr) -> list[tuple[int, int]]:
    return [(term.num, term.shift) for term in expression.terms]


def test_affine_indices_merge_loops_and_drop_zero_strides(parts: Parts) -> None:
    _, i, j, _, _ = parts
    assert 2 * i + j * 3 - 1 + i == Affine(((i, 3), (j, 3)), -1)
    assert 7 - i == Affine(((i, -1),), 7)
    assert i + j - i == Affine(((j, 1),), 0)
    assert -(i - 2) == Affine(((i, -1),), 2)


def test_affine_terms_of_an_access_do_not_depend_on_the_order_of_writing(parts: Parts) -> None:
    _, i, j, x, _ = parts
    assert x[2 * i + j] == x[j + 2 * i]
    assert x[2 * i + j - 1].terms[0].accesses[0].maps == (AffineMap(((2, 0), (1, 1)), -1),)


def test_equal_terms_merge_and_cancel(parts: Parts) -> None:
    _, i, _, x, _ = parts
    assert coefficients(x[i] * 3 + x[i] - x[i] * 2) == [(2, 0)]
    assert (x[i] - x[i]).terms == ()
    assert x[i] * 0 == Expr()


def test_constants_fold(parts: Parts) -> None:
    _, i, _, x, _ = parts
    assert (3 + x[i] + 2**4 - 1).terms == (*x[i].terms, Term(18, 0, (), ()))
    assert (5 - Expr.constant(5)).terms == ()


def test_division_keeps_coefficients_in_lowest_terms(parts: Parts) -> None:
    _, i, _, x, _ = parts
    assert coefficients((x[i] * 6 + 1) >> 2) == [(3, 1), (1, 2)]
    assert coefficients((x[i] * 8) >> 2) == [(2, 0)]
    assert ((x[i] >> 1) + (x[i] >> 1)) == x[i]
    assert coefficients((x[i] >> 2) * 3 + (x[i] >> 3)) == [(7, 3)]


def test_product_distributes_over_sums(parts: Parts) -> None:
    _, i, j, x, w = parts
    product = (x[i] + 2) * (w[j, i] - 3)
    assert product == x[i] * w[j, i] - x[i] * 3 + w[j, i] * 2 - 6


def test_product_does_not_depend_on_the_order_of_factors(parts: Parts) -> None:
    _, i, j, x, w = parts
    assert x[i] * w[j, i] == w[j, i] * x[i]


def test_product_carries_sum_loops_along(parts: Parts) -> None:
    b, i, j, x, w = parts
    k = b.loop(3, "k")
    product = b.sum([i], x[i]) * b.sum([k], w[j, k])
    assert [term.sums for term in product.terms] == [(i.index, k.index)]
    assert product.free_loops == (j.index,)


def test_product_of_three_accesses_is_refused(parts: Parts) -> None:
    _, i, _, x, _ = parts
    with pytest.raises(InvalidRelation, match="at most 2"):
        x[i] * x[i] * x[i]


def test_product_of_two_sums_over_one_loop_is_refused(parts: Parts) -> None:
    b, i, _, x, _ = parts
    with pytest.raises(InvalidRelation, match="another loop"):
        b.sum([i], x[i]) * b.sum([i], x[i])


@pytest.mark.parametrize("swap", [False, True])
def test_product_that_captures_a_free_loop_is_refused(parts: Parts, swap: bool) -> None:
    b, i, j, x, w = parts
    left, right = b.sum([i], x[i]), w[j, i]
    with pytest.raises(InvalidRelation, match="same loop"):
        right * left if swap else left * right


def test_sum_over_a_loop_twice_is_refused(parts: Parts) -> None:
    b, i, _, x, _ = parts
    with pytest.raises(InvalidRelation, match="summed twice"):
        b.sum([i], b.sum([i], x[i]))


def test_sum_over_an_unread_loop_multiplies_by_its_size(parts: Parts) -> None:
    b, i, j, x, _ = parts
    assert b.sum([j], x[i] + 2) == x[i] * 5 + 10


def test_sum_loops_ascend_whatever_the_order_of_summing(parts: Parts) -> None:
    b, i, j, _, w = parts
    assert b.sum([j, i], w[j, i]) == b.sum([i], b.sum([j], w[j, i]))
    assert b.sum([j, i], w[j, i]).terms[0].sums == (i.index, j.index)


def test_access_with_one_loop_twice_is_refused(parts: Parts) -> None:
    _, i, _, _, w = parts
    with pytest.raises(InvalidRelation, match="loop twice"):
        w[i, i]


def test_access_with_the_wrong_number_of_indices_is_refused(parts: Parts) -> None:
    _, i, _, _, w = parts
    with pytest.raises(InvalidRelation, match="2 axes"):
        w[i]


def test_access_with_a_foreign_loop_is_refused(parts: Parts) -> None:
    _, _, _, x, _ = parts
    with pytest.raises(InvalidRelation, match="another builder"):
        x[RelationBuilder().loop(3)]


def test_access_with_a_gather_beyond_the_axis_is_refused(parts: Parts) -> None:
    b, i, _, x, _ = parts
    with pytest.raises(InvalidRelation, match="index 3 of axis 0"):
        x[b.gather([0, 3, -1], i)]


def test_negative_division_is_refused(parts: Parts) -> None:
    _, i, _, x, _ = parts
    with pytest.raises(InvalidRelation, match="negative power"):
        x[i] >> -1
