"""Bytes of one vector per vendor changed: nothing is accepted but the bytes of uncovered.json.

Here every sixteenth byte; `make tee-flips` changes each.
"""

import json

import pytest
from tests.tee.flips import UNCOVERED, VECTORS, accepted_flips

pytestmark = [pytest.mark.native, pytest.mark.slow]

LISTED = json.loads(UNCOVERED.read_text())
STEP = 16


@pytest.mark.parametrize("vector", VECTORS)
def test_a_changed_byte_is_refused_where_signature_or_chain_covers_it(vector: str) -> None:
    listed = {offset for first, last in LISTED[vector]["uncovered"] for offset in range(first, last + 1)}
    assert set(accepted_flips(vector, STEP)) == {offset for offset in listed if offset % STEP == 0}


def test_every_uncovered_byte_has_a_reason() -> None:
    assert set(LISTED) == set(VECTORS)
    assert all(bool(entry["uncovered"]) == bool(entry["reason"]) for entry in LISTED.values())
