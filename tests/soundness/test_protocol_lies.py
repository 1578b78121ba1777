"""Lies about the protocol: rejected by both verifiers, accepted when the one check that defends is taken out."""

from __future__ import annotations

import pytest

from .native import Lies, reference_verdict, verdict
from .protocol_lies import LIES, false_witness
from .protocol_provers import ProtocolLie, labelled, layout_of, lookups, rust

pytestmark = pytest.mark.native


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.what)
def test_lie(lie: ProtocolLie, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = lie.attempt()
    assert verdict(attempt) == lie.error
    undefended = lie.without(monkeypatch, attempt)
    assert reference_verdict(undefended) == "accepted"


def test_masks_and_blindings_decide_nothing() -> None:
    """They hide, they prove nothing: all zero, a true statement passes and a false one does not."""
    assert verdict(rust(labelled(), Lies(naked=True))) == "accepted"
    assert verdict(rust(lookups(1, 2, 4), Lies(naked=True))) == "accepted"
    assert verdict(rust(lookups(1, 2, 9), Lies(naked=True))) == "LinearClaimRejected"
    assert verdict(false_witness()) == "LinearClaimRejected"


def test_garbage_in_padding_positions_is_harmless() -> None:
    """Nothing forces zeros there, and nothing reads them."""
    sketch = lookups(1, 2, 4)  # three values in a block of four
    address = layout_of(sketch).addresses[sketch.index("x")].base + 3
    assert verdict(rust(sketch, Lies(padding=[(address, 77)]))) == "accepted"
