"""Lies about operators: one constraint is broken; rejected by both verifiers, accepted without that constraint."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from zkseal.errors import UnsatisfiedConstraint
from zkseal.relation import Relation
from zkseal.relation.checker import NaiveChecker
from zkseal.relation.operands import Assignment

from .native import Setting, verdict
from .operator_lies import LIES, OperatorLie
from .programs import PROGRAMS, Arrays, by_index, program, smallest_rows

pytestmark = pytest.mark.native


def broken(relation: Relation, values: Arrays) -> set[str]:
    """The names of all constraints that do not hold."""
    checker, found = NaiveChecker(relation, Assignment(relation, values)), set()
    for kind, number in relation.order:
        try:
            checker.check(kind, number)
        except UnsatisfiedConstraint as error:
            found.add(error.fields["constraint"])
    return found


def without(relation: Relation, name: str) -> Relation:
    """The relation without the constraint of this name."""
    names = relation.names
    assert name in (*names.lookups, *names.zeros)
    return replace(
        relation,
        lookups=tuple(c for own, c in zip(names.lookups, relation.lookups, strict=True) if own != name),
        zeros=tuple(c for own, c in zip(names.zeros, relation.zeros, strict=True) if own != name),
    )


@cache
def setting(name: str, dropped: str = "") -> Setting:
    found = program(name)
    relation = without(found.relation, dropped) if dropped else found.relation
    c = smallest_rows(found.relation.encode())
    return Setting(relation.encode(), c, by_index(found.relation, found.honest))


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_honest_prover_is_accepted(name: str) -> None:
    found = program(name)
    assert broken(found.relation, found.honest) == set()
    assert verdict(setting(name).prove(by_index(found.relation, found.honest))) == "accepted"


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: f"{lie.program}: {lie.what}")
def test_lie(lie: OperatorLie) -> None:
    relation, forged = program(lie.program).relation, lie.values()
    assert broken(relation, forged) == {lie.defence}
    values = by_index(relation, forged)
    assert verdict(setting(lie.program).prove(values)) == "LinearClaimRejected"
    assert verdict(setting(lie.program, lie.defence).prove(values)) == "accepted"
