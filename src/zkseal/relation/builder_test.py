from __future__ import annotations

import numpy as np
import pytest

from zkseal.errors import InvalidRelation
from zkseal.relation import Column, RelationBuilder, Scope
from zkseal.relation.types import Tensor


@pytest.mark.parametrize(("lo", "hi"), [(-128, 128), (0, 2), (-1, 1), (5, 4)])
def test_model_tensors_need_a_power_of_two_span(lo: int, hi: int) -> None:
    with pytest.raises(InvalidRelation, match="Widen the bounds"):
        RelationBuilder().tensor("w", (2,), Column.MODEL, lo, hi)


def test_the_remedy_for_a_span_is_a_span_that_works() -> None:
    with pytest.raises(InvalidRelation, match=r"to \[-100, 155\]"):
        RelationBuilder().tensor("w", (2,), Column.MODEL, -100, 100)
    assert RelationBuilder().tensor("w", (2,), Column.MODEL, -100, 155).hi == 155


def test_names_of_tensors_are_unique() -> None:
    b = RelationBuilder()
    b.tensor("x", (2,), Column.INPUT, 0, 1)
    with pytest.raises(InvalidRelation, match="declared twice"):
        b.tensor("x", (2,), Column.INPUT, 0, 1)


def test_tensors_need_bounds() -> None:
    with pytest.raises(InvalidRelation, match="no bounds"):
        RelationBuilder().tensor("x", (2,), Column.INPUT)


def test_contents_give_bounds_and_are_kept_read_only() -> None:
    b = RelationBuilder()
    source = np.array([[3, -2]], dtype=np.int8)
    x = b.tensor("x", (1, 2), Column.TABLE, contents=source)
    b.zero([], x[0, 0] - 3)
    relation = b.finish()
    source[0, 0] = 9
    assert (x.lo, x.hi) == (-2, 3)
    assert relation.fixed["x"].tolist() == [[3, -2]]
    assert not relation.fixed["x"].flags.writeable
    relation.check({})


@pytest.mark.parametrize(
    ("column", "contents", "reason"),
    [
        (Column.INPUT, np.array([1, 2]), "only tensors of Column.TABLE"),
        (Column.TABLE, np.array([1, 2, 3]), "shape"),
        (Column.TABLE, np.array([1.0, 2.0]), "not an integer type"),
        (Column.TABLE, np.array([1, 200]), "exceed its bounds"),
    ],
)
def test_contents_that_do_not_fit_are_refused(column: Column, contents: np.ndarray, reason: str) -> None:
    with pytest.raises(InvalidRelation, match=reason):
        RelationBuilder().tensor("x", (2,), column, 0, 100, contents=contents)


def test_columns_of_consecutive_integers_become_progressions() -> None:
    b = RelationBuilder()
    table = b.table("t", [np.arange(-2, 3), np.arange(5) ** 2, range(7, 12)])
    assert [ref.column for ref in table.columns] == [Column.PROGRESSION, Column.TABLE, Column.PROGRESSION]
    assert table.columns[0].tensor == Tensor(Column.PROGRESSION, (5,), -2, 2)


def test_progressions_are_shared() -> None:
    b = RelationBuilder()
    first, second = b.table("a", [range(4), np.arange(4) ** 2]), b.table("b", [range(4), np.arange(4) ** 3])
    assert first.columns[0] is second.columns[0] is b.progression(4)


def test_tables_are_cached_by_name_and_by_contents() -> None:
    b = RelationBuilder()
    squares = np.arange(4) ** 2
    first = b.table("a", [range(4), squares])
    assert b.table("a", [range(4), squares]) is first
    assert b.table("b", [np.arange(4), squares.astype(np.int16)]) is first
    with pytest.raises(InvalidRelation, match="different contents"):
        b.table("a", [range(4), squares + 1])


@pytest.mark.parametrize("column", [range(0, 8, 2), range(0), np.zeros((2, 2), dtype=int), np.array([0.5])])
def test_columns_that_are_no_columns_are_refused(column: range | np.ndarray) -> None:
    with pytest.raises(InvalidRelation, match="column of table 't'"):
        RelationBuilder().table("t", [column])


def test_gather_lists_are_shared_and_checked() -> None:
    b = RelationBuilder()
    i, j = b.loop(2, "i"), b.loop(2, "j")
    assert b.gather([1, 0], i).list_index == b.gather(np.array([1, 0]), j).list_index
    with pytest.raises(InvalidRelation, match="3 entries"):
        b.gather([1, 0, 1], i)
    with pytest.raises(InvalidRelation, match="entry -2"):
        b.gather([1, -2], i)


def test_gather_public_needs_a_public_tensor_as_long_as_the_loop() -> None:
    b = RelationBuilder()
    i = b.loop(2, "i")
    for column, size in ((Column.INPUT, 2), (Column.PUBLIC, 3)):
        with pytest.raises(InvalidRelation, match="public tensor of shape"):
            b.gather_public(b.tensor(f"t{size}", (size,), column, 0, 1), i)


def test_loops_have_at_least_one_value() -> None:
    with pytest.raises(InvalidRelation, match="size 0"):
        RelationBuilder().loop(0)


def test_constraints_that_read_a_loop_they_do_not_have_are_refused() -> None:
    b = RelationBuilder()
    i = b.loop(2, "i")
    x = b.tensor("x", (2,), Column.INPUT, 0, 1)
    with pytest.raises(InvalidRelation, match="reads loop 'i'"):
        b.zero([], x[i], origin="node")
    with pytest.raises(InvalidRelation, match="another builder"):
        b.zero([RelationBuilder().loop(2)], x[0])


def test_lookups_need_as_many_expressions_as_columns() -> None:
    b = RelationBuilder()
    with pytest.raises(InvalidRelation, match="1 expressions"):
        b.lookup(b.table("t", [range(2), np.array([5, 3])]), [], [1])


@pytest.mark.parametrize("bits", [-1, 63])
def test_ranges_beyond_62_bits_are_refused(bits: int) -> None:
    b = RelationBuilder()
    x = b.tensor("x", (1,), Column.INPUT, 0, 1)
    with pytest.raises(InvalidRelation, match="0 to 62"):
        b.range([], x[0], bits=bits)


def test_once_gives_scope_1() -> None:
    b = RelationBuilder()
    i = b.loop(2, "i")
    w = b.tensor("w", (2,), Column.MODEL, 0, 1)
    b.zero([], b.sum([i], w[i]) - 1, once=True)
    b.lookup(b.table("bit", [range(2)]), [i], [w[i]], once=True)
    b.zero([], w[0] - 1)
    relation = b.finish()
    assert [zero.scope for zero in relation.zeros] == [Scope.MODEL_PROOF, Scope.EVERY_PROOF]
    assert [lookup.scope for lookup in relation.lookups] == [Scope.MODEL_PROOF]


def test_once_on_a_witness_tensor_is_refused() -> None:
    b = RelationBuilder()
    x = b.tensor("x", (1,), Column.WITNESS, 0, 1)
    b.zero([], x[0], once=True)
    b.zero([], x[0])
    with pytest.raises(InvalidRelation, match="model and progression"):
        b.finish()


def test_a_builder_finishes_once() -> None:
    b = RelationBuilder()
    x = b.tensor("x", (1,), Column.WITNESS, 0, 1)
    b.zero([], x[0])
    b.finish()
    with pytest.raises(InvalidRelation, match="new RelationBuilder"):
        b.finish()


def test_constraints_are_named_after_their_origin_or_as_asked() -> None:
    b = RelationBuilder()
    x = b.tensor("x", (1,), Column.WITNESS, 0, 1)
    b.zero([], x[0], origin="node")
    b.zero([], x[0], origin="node")
    b.zero([], x[0])
    b.zero([], x[0], origin="node", name="mine")
    relation = b.finish()
    assert relation.names.zeros == ("node/zero_0", "node/zero_1", "relation/zero_0", "mine")
    assert relation.origins.zeros == ("node", "node", "", "node")
