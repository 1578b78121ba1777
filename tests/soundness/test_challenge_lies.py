"""Every challenge is needed: a prover that knows it beforehand proves something false, and no other prover does."""

from __future__ import annotations

import pytest

from .challenge_lies import LIES
from .native import reference_verdict, verdict
from .protocol_provers import ProtocolLie, lookups
from .slow_runs import FALSE, run, unequal
from .test_transcript_inventory import attempt, helper_attempt

pytestmark = pytest.mark.native

NO_LIE = {"ipa w"}
"""w keeps the value apart from the vector for the extractor of chapter 7; no attack is known on the rest without it."""


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.defence)
def test_lie(lie: ProtocolLie, monkeypatch: pytest.MonkeyPatch) -> None:
    made = lie.attempt()
    assert verdict(made) == lie.error
    assert reference_verdict(lie.without(monkeypatch, made)) == "accepted"


def test_every_challenge_of_a_proof_has_a_lie() -> None:
    logs = (made().extra["log"] for made in (attempt, helper_attempt))
    drawn = {label for log in logs for kind, label, _ in log if kind == "challenge"}
    assert {lie.defence.removeprefix("challenge ") for lie in LIES} == drawn - NO_LIE


def test_what_the_lies_are_about() -> None:
    """True statements pass without masks, false ones without a correction do not."""
    assert verdict(run(unequal((0, 0), (0, 0)))) == "accepted"
    assert verdict(run(lookups(2, 4))) == "accepted"
    assert verdict(run(unequal(*FALSE))) == "LinearClaimRejected"
    assert verdict(run(lookups(2, 9))) == "LinearClaimRejected"
