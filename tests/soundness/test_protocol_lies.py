"""Lies about the protocol: rejected by both verifiers, accepted when the one check that defends is taken out."""

from __future__ import annotations

import pytest
from tests.conformance import slow_prover as slow

from zkseal_reference import verifier
from zkseal_reference.relation import Column

from .helper_lies import TWO
from .native import Lies, reference_verdict, verdict
from .protocol_lies import LIES, false_witness
from .protocol_provers import ProtocolLie, by_slow_prover, labelled, layout_of, lookups, rust

pytestmark = pytest.mark.native


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.what)
def test_lie(lie: ProtocolLie, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = lie.attempt()
    assert verdict(attempt) == lie.error
    undefended = lie.without(monkeypatch, attempt)
    assert reference_verdict(undefended) == "accepted"


@pytest.mark.parametrize(("lanes", "tau"), [(None, None), (2, None), (1, 77)])
def test_masks_and_blindings_decide_nothing(lanes: int | None, tau: int | None) -> None:
    """They hide, they prove nothing: all zero, a true statement passes and a false one does not."""
    for sketch, expected in (
        (labelled(), "accepted"),
        (lookups(1, 2, 4), "accepted"),
        (lookups(1, 2, 9), "LinearClaimRejected"),
    ):
        assert verdict(rust(sketch, Lies(naked=True), lanes=lanes, tau=tau)) == expected


def test_a_false_witness_is_rejected() -> None:
    assert verdict(false_witness()) == "LinearClaimRejected"


def test_garbage_in_padding_positions_is_harmless() -> None:
    """Nothing forces zeros there, and nothing reads them."""
    sketch = lookups(1, 2, 4)  # three values in a block of four
    address = layout_of(sketch).addresses[sketch.index("x")].base + 3
    assert verdict(rust(sketch, Lies(padding=[(address, 77)]))) == "accepted"
    layout = layout_of(sketch, slow.Scheme(2))
    address = layout.addresses[sketch.index("x")].base + 3
    assert verdict(rust(sketch, Lies(padding=[(address, 77)]), lanes=2)) == "accepted"


def test_garbage_behind_the_helper_column_is_harmless() -> None:
    """The longest lane has 10 entries, its row of commitments 128."""

    def rows(layout: verifier.Layout, column: Column, dense: dict[int, list[int]]) -> None:
        if column == Column.HELPER:
            (length,) = layout.tensors[layout.helper].axes
            (row,) = dense.values()
            row[length:] = [77] * (len(row) - length)

    assert verdict(by_slow_prover(lookups(2, 4), hooks=slow.Hooks(rows=rows), scheme=TWO)) == "accepted"
