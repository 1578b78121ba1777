from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from zkseal.errors import InvalidRelation
from zkseal.relation import Column, Relation, RelationBuilder
from zkseal.relation.random_relations_test import RandomRelation, random_relations


@given(random_relations())
@settings(max_examples=30, deadline=None)
def test_restore_inverts_encode_and_sidecar(case: RandomRelation) -> None:
    relation = case.relation
    extra = json.loads(json.dumps(relation.sidecar()))
    restored = Relation.restore(relation.encode(), extra, relation.fixed)
    assert restored == relation
    for part in ("names", "origins", "derived", "order", "limb_bits"):
        assert getattr(restored, part) == getattr(relation, part)
    assert restored.pretty() == relation.pretty()


def test_a_restored_relation_completes_and_checks_like_the_first() -> None:
    b = RelationBuilder()
    i = b.loop(3, "i")
    x = b.tensor("x", (3,), Column.WITNESS, 0, 1 << 20)
    b.range([i], x[i] * x[i], bits=40, origin="node")
    relation = b.finish()
    restored = Relation.restore(relation.encode(), relation.sidecar(), relation.fixed)
    values = {"x": np.array([3, 0, (1 << 20) - 1])}
    completed = restored.complete(values)
    restored.check(completed)
    for name, expected in relation.complete(values).items():
        assert np.array_equal(completed[name], expected)


def small() -> Relation:
    b = RelationBuilder()
    x = b.tensor("x", (1,), Column.WITNESS, 0, 1 << 20)
    b.tensor("y", (1,), Column.WITNESS, 0, 1)
    b.range([], x[0], bits=20)
    return b.finish()


def drop(extra: dict[str, Any]) -> None:
    del extra["names"]["loops"]


def shorten(extra: dict[str, Any]) -> None:
    extra["origins"]["tensors"].pop()


def repeat_a_name(extra: dict[str, Any]) -> None:
    extra["names"]["tensors"][1] = "x"


def reorder_beyond(extra: dict[str, Any]) -> None:
    extra["order"][0] = ["zero", 0]


def derive_from_nothing(extra: dict[str, Any]) -> None:
    extra["derived"][0][0] = 99


def derive_nothing(extra: dict[str, Any]) -> None:
    extra["derived"][0][1] = [99]


def no_number(extra: dict[str, Any]) -> None:
    extra["limb_bits"] = "many"


@pytest.mark.parametrize(
    "damage", [drop, shorten, repeat_a_name, reorder_beyond, derive_from_nothing, derive_nothing, no_number]
)
def test_a_damaged_sidecar_is_refused(damage: Callable[[dict[str, Any]], None]) -> None:
    relation = small()
    extra = relation.sidecar()
    damage(extra)
    with pytest.raises(InvalidRelation, match="sidecar"):
        Relation.restore(relation.encode(), extra, {})
