"""What an appraiser takes over from another one's file, and what not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zkseal.chain.attested_keys import KeyAttestation
from zkseal.chain.signed_attestations import SignedAttestation
from zkseal.errors import NotForChain

CHAIN, NOW = 1, 1_800_000_000
REGISTRY = "0x1111111111111111111111111111111111111111"
OURS = KeyAttestation(
    key="0x2222222222222222222222222222222222222222",
    model_id=7,
    model_digest=b"m" * 32,
    measurement=b"i" * 32,
    ear_digest=b"e" * 32,
    assurance=4,
    valid_until=NOW + 3600,
    deadline=NOW + 86_400,
)


def agreed(theirs: KeyAttestation) -> KeyAttestation:
    return SignedAttestation(CHAIN, REGISTRY, theirs, ()).agreed(OURS, CHAIN, REGISTRY)


def test_earlier_dates_and_the_digest_of_the_result_are_taken_over() -> None:
    for theirs in (OURS, replace(OURS, ear_digest=b"x" * 32, valid_until=NOW + 60, deadline=NOW + 60)):
        assert agreed(theirs) == theirs


@pytest.mark.parametrize("name", ["valid_until", "deadline"])
@pytest.mark.parametrize("beyond_s", [1, 10 * 365 * 86_400])
def test_dates_beyond_ones_own_limits_are_not_signed(name: str, beyond_s: int) -> None:
    with pytest.raises(NotForChain) as caught:
        agreed(replace(OURS, **{name: getattr(OURS, name) + beyond_s}))
    assert caught.value.reason == name


@pytest.mark.parametrize("change", [{"model_id": 8}, {"measurement": b"o" * 32}, {"assurance": 3}])
def test_all_else_has_to_agree(change: dict[str, int | bytes]) -> None:
    with pytest.raises(NotForChain) as caught:
        agreed(replace(OURS, **change))  # type: ignore[arg-type]
    assert caught.value.reason == "attestations differ"
