"""Every entry that a prover commits is shown to be an integer; see `integrality`."""

from __future__ import annotations

import pytest

from .integrality import Integrality
from .programs import PROGRAMS, program
from .test_operator_lies import without

ARGUED = {
    "round": {"y"},  # y = 2 h + b for a ranged h and a bit b
    "saturate": {"y/above", "y/below"},  # y is at one end at most, so one of them is 0; their sum is ranged
}
"""Values that the arguments do not reach, with those that do."""


@pytest.mark.parametrize("name", PROGRAMS)
def test_all_entries_are_integers(name: str) -> None:
    assert set(Integrality(program(name).relation).unknown()) == ARGUED.get(name, set())


def test_a_hint_without_a_range_is_found() -> None:
    """The gaps between floats, whose remainders alone leave fractions; what they show is open with them."""
    open_values = Integrality(without(program("dynamic").relation, "n0/range_16/top")).unknown()
    assert {"y/gap", "y/sigma"} <= set(open_values)
