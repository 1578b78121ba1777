"""Evidence in segments: one encoding, counts that fit, every other refused with a named error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkseal.errors import DecodeError, InvalidEncoding, StatementMismatch, UnknownVersion, WrongLength
from zkseal.receipts import Receipt, SegmentedEvidence, Side, Statement, ZkEvidence, cbor
from zkseal.receipts.segments import MAX_SEGMENTS

STATEMENT = Statement(bytes(32), Side(), Side(), b"")
POINT = b"\x11" * 32

boundaries = st.lists(st.binary(min_size=32, max_size=32), max_size=3).map(tuple)
counts = st.integers(2, 6)


@st.composite
def evidence(draw: st.DrawFn) -> SegmentedEvidence:
    count = draw(counts)
    between = draw(st.lists(boundaries, min_size=count - 1, max_size=count - 1))
    proofs = draw(st.lists(st.binary(max_size=40), min_size=count, max_size=count))
    return SegmentedEvidence(tuple(between), tuple(proofs))


@given(evidence())
@settings(max_examples=50, deadline=None)
def test_a_receipt_in_segments_has_one_encoding(own: SegmentedEvidence) -> None:
    receipt = Receipt(STATEMENT, (own,))
    assert Receipt.from_cbor(receipt.to_cbor()) == receipt
    assert receipt.segmented == receipt.proof_evidence == own
    assert own.proof_bytes == sum(map(len, own.proofs)) + 32 * sum(map(len, own.boundaries))


def test_every_changed_bit_is_refused_or_makes_another_receipt() -> None:
    receipt = Receipt(STATEMENT, (SegmentedEvidence(((POINT,), ()), (b"a", b"bc", b"")),))
    data = receipt.to_cbor()
    for offset in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[offset] ^= 1 << bit
            try:
                decoded = Receipt.from_cbor(bytes(changed))
            except DecodeError:
                continue
            assert decoded != receipt
            assert decoded.to_cbor() == bytes(changed)


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], type[DecodeError]]] = {
    "another version": (lambda e: e.update(version=2), UnknownVersion),
    "a version that is true": (lambda e: e.update(version=True), DecodeError),
    "one proof": (lambda e: e.update(proofs=[b""], boundaries=[]), InvalidEncoding),
    "no proof": (lambda e: e.update(proofs=[], boundaries=[]), InvalidEncoding),
    "too many proofs": (
        lambda e: e.update(proofs=[b""] * (MAX_SEGMENTS + 1), boundaries=[[]] * MAX_SEGMENTS),
        InvalidEncoding,
    ),
    "a boundary too many": (lambda e: e.update(boundaries=[[], []]), WrongLength),
    "a boundary missing": (lambda e: e.update(boundaries=[]), WrongLength),
    "a short commitment": (lambda e: e.update(boundaries=[[POINT[1:]]]), WrongLength),
    "a commitment that is text": (lambda e: e.update(boundaries=[["a" * 32]]), InvalidEncoding),
    "a boundary that is no list": (lambda e: e.update(boundaries=[POINT]), InvalidEncoding),
    "a proof that is a list": (lambda e: e.update(proofs=[[b"a"], b"b"]), InvalidEncoding),
    "an unknown entry": (lambda e: e.update(setup=bytes(32)), InvalidEncoding),
    "a missing entry": (lambda e: e.pop("boundaries"), InvalidEncoding),
}


@pytest.mark.parametrize("name", CHANGES)
def test_evidence_of_another_form_is_refused(name: str) -> None:
    change, error = CHANGES[name]
    value = cbor.loads(Receipt(STATEMENT, (SegmentedEvidence(((POINT,),), (b"a", b"b")),)).to_cbor(), max_bytes=1 << 20)
    change(value["evidence"][0])
    with pytest.raises(error):
        Receipt.from_cbor(cbor.dumps(value))


def test_a_receipt_has_one_proof_in_one_piece_or_in_segments() -> None:
    whole, parts = ZkEvidence(b"proof"), SegmentedEvidence(((),), (b"a", b"b"))
    assert Receipt(STATEMENT, (parts,)).proved
    with pytest.raises(StatementMismatch):
        _ = Receipt(STATEMENT, (whole, parts)).proof_evidence
    with pytest.raises(StatementMismatch):
        _ = Receipt(STATEMENT, (parts,)).zk
    with pytest.raises(StatementMismatch):
        _ = Receipt(STATEMENT, (whole,)).segmented
