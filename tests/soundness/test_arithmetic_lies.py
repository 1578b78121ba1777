"""Lies about operators that leave a remainder, as in `test_operator_lies`."""

from __future__ import annotations

import pytest

from .arithmetic_lies import LIES
from .native import verdict
from .operator_lies import OperatorLie
from .programs import by_index, program
from .test_operator_lies import broken, setting

pytestmark = pytest.mark.native


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: f"{lie.program}: {lie.what}")
def test_lie(lie: OperatorLie) -> None:
    relation, forged = program(lie.program).relation, lie.values()
    assert broken(relation, forged) == {lie.defence}
    values = by_index(relation, forged)
    assert verdict(setting(lie.program).prove(values)) == "LinearClaimRejected"
    assert verdict(setting(lie.program, lie.defence).prove(values)) == "accepted"
