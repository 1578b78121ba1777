from __future__ import annotations

import numpy as np

from zkseal.relation import Column, RelationBuilder, cost_by_origin


def test_cost_counts_leaves_commitments_and_merged_products() -> None:
    b = RelationBuilder()
    i, o = b.loop(10, "i"), b.loop(3, "o")
    x = b.tensor("x", (10,), Column.INPUT, -8, 7)
    w = b.tensor("w", (3, 10), Column.MODEL, -8, 7)
    y = b.tensor("y", (3,), Column.OUTPUT, -8, 7)
    product = b.sum([i], x[i] * w[o, i])
    table = b.table("square", [range(16), np.arange(16) ** 2])
    b.lookup(table, [o], [product, product - y[o]])
    b.zero([o], product * 3 - y[o] + 2)
    b.zero([i], w[0, i] - 1, once=True)
    b.lookup(b.table("sixteen", [range(-8, 8)]), [i], [w[0, i]], once=True)
    cost = b.finish().cost
    assert cost.lookups == 3
    assert cost.table_rows == 32
    assert dict(cost.committed) == {
        Column.MODEL: 30,
        Column.TABLE: 16,
        Column.INPUT: 10,
        Column.OUTPUT: 3,
        Column.WITNESS: 32,
    }
    # The lookup's two equal products are one, the zero's is another: its kind of constraint differs.
    assert (cost.product_terms, cost.product_slots) == (2, 20)
    assert cost.limb_bits == 0


def test_tables_without_lookups_cost_nothing() -> None:
    b = RelationBuilder()
    x = b.tensor("x", (1,), Column.WITNESS, 0, 1)
    b.table("unused", [range(16)])
    b.zero([], x[0])
    cost = b.finish().cost
    assert (cost.lookups, cost.table_rows, cost.committed[Column.WITNESS]) == (0, 0, 1)


def test_elementwise_products_share_all_their_loops() -> None:
    b = RelationBuilder()
    i, j = b.loop(4, "i"), b.loop(5, "j")
    x, y = (b.tensor(name, (4, 5), Column.WITNESS, 0, 1) for name in "xy")
    b.zero([i, j], x[i, j] * y[i, j])
    cost = b.finish().cost
    assert (cost.product_terms, cost.product_slots) == (1, 20)


def test_shares_of_origins_add_up() -> None:
    b = RelationBuilder()
    i = b.loop(4, "i")
    x, y = (b.tensor(name, (4,), Column.WITNESS, 0, 15, origin=origin) for name, origin in (("x", "a"), ("y", "b")))
    w = b.tensor("w", (4,), Column.MODEL, 0, 15)
    b.range([i], x[i], bits=4, origin="a")
    b.range([i], y[i], bits=4, origin="b")
    b.lookup(b.table("odd", [np.arange(8) * 2 + 1]), [i], [y[i]], origin="b")
    b.zero([i], x[i] * w[i] - y[i], origin="b")
    relation = b.finish()
    shares, cost = cost_by_origin(relation), relation.cost
    assert list(shares) == ["a", "b", ""]
    assert [sum(share.lookups.values()) for share in shares.values()] == [4, 8, 0]
    assert [share.product_slots for share in shares.values()] == [0, 4, 0]
    assert shares[""].committed == {Column.MODEL: 4, Column.TABLE: 8}
    assert sum(sum(share.lookups.values()) for share in shares.values()) == cost.lookups
    committed = sum(sum(share.committed.values()) for share in shares.values())
    assert committed + cost.table_rows == sum(cost.committed.values())
    assert cost_by_origin(type(relation).decode(relation.encode())).keys() == {""}
