"""Receipts: one encoding, every other refused with a named error."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkseal.errors import DecodeError, InvalidEncoding, StatementMismatch, UnknownVersion, WrongLength
from zkseal.receipts import (
    AnswerClaims,
    DevTeeEvidence,
    Receipt,
    Side,
    Statement,
    TeeEvidence,
    ZkEvidence,
    cbor,
    sign_answer,
)

values = st.dictionaries(st.integers(0, 2**32 - 1), st.binary(min_size=1, max_size=4).map(lambda b: b * 8), max_size=3)
sides = st.builds(Side, values, st.lists(st.binary(min_size=32, max_size=32), max_size=3).map(tuple))
statements = st.builds(Statement, st.binary(min_size=32, max_size=32), sides, sides, st.binary(max_size=80))
setups = st.one_of(st.none(), st.binary(min_size=32, max_size=32))
evidence = st.builds(ZkEvidence, st.binary(max_size=200), setups).map(lambda zk: (zk,))
receipts = st.builds(Receipt, statements, evidence)


def example() -> Receipt:
    statement = Statement(
        model_id=bytes(range(32)),
        input=Side(commitments=(b"\x11" * 32, b"\x22" * 32)),
        output=Side.of({3: np.array([[1, -2], [3, 2**40]])}),
        context=b"clinic 7, visit 12",
    )
    return Receipt(statement, (ZkEvidence(b"proof bytes"),))


@given(receipts)
@settings(max_examples=100, deadline=None)
def test_receipt_round_trip(receipt: Receipt) -> None:
    assert Receipt.from_cbor(receipt.to_cbor()) == receipt


def test_every_changed_byte_is_refused_or_makes_another_receipt() -> None:
    receipt = example()
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


def test_every_cut_and_any_tail_is_refused() -> None:
    data = example().to_cbor()
    for length in range(len(data)):
        with pytest.raises(WrongLength):
            Receipt.from_cbor(data[:length])
    with pytest.raises(WrongLength):
        Receipt.from_cbor(data + b"\x00")


def edited(edit: Callable[[Any], None]) -> bytes:
    value = cbor.loads(example().to_cbor(), max_bytes=1 << 16)
    edit(value)
    return cbor.dumps(value)


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        (lambda v: v.update(extra=1), InvalidEncoding),
        (lambda v: v.pop("evidence"), InvalidEncoding),
        (lambda v: v.update(receipt=2), UnknownVersion),
        (lambda v: v.update(receipt=True), UnknownVersion | InvalidEncoding),
        (lambda v: v.update(evidence=[]), InvalidEncoding),
        (lambda v: v.update(evidence={}), InvalidEncoding),
        (lambda v: v.update(evidence=[1]), InvalidEncoding),
        (lambda v: v.update(evidence=v["evidence"] * 17), InvalidEncoding),
        (lambda v: v["evidence"][0].update(type="oath"), UnknownVersion),
        (lambda v: v["evidence"][0].update(type=1), InvalidEncoding),
        (lambda v: v["evidence"][0].update(version=3), UnknownVersion),
        (lambda v: v["evidence"][0].update(version=2), InvalidEncoding),
        (lambda v: v["evidence"][0].update(setup=bytes(32)), InvalidEncoding),
        (lambda v: v["evidence"][0].update(version=True), InvalidEncoding),
        (lambda v: v["evidence"][0].update(version=2, setup=bytes(31)), WrongLength),
        (lambda v: v["evidence"][0].update(version=2, setup="text"), InvalidEncoding),
        (lambda v: v["evidence"][0].update(more=b""), InvalidEncoding),
        (lambda v: v["evidence"][0].update(proof="text"), InvalidEncoding),
        (lambda v: v.update(statement=[]), InvalidEncoding),
        (lambda v: v["statement"].update(version=9), UnknownVersion),
        (lambda v: v["statement"].update(version=None), InvalidEncoding),
        (lambda v: v["statement"].update(model=b"short"), WrongLength),
        (lambda v: v["statement"].update(context="text"), InvalidEncoding),
        (lambda v: v["statement"].update(context=bytes(65537)), WrongLength),
        (lambda v: v["statement"].pop("input"), InvalidEncoding),
        (lambda v: v["statement"]["input"].update(commitments=[b"short"]), WrongLength),
        (lambda v: v["statement"]["input"].update(commitments=b""), InvalidEncoding),
        (lambda v: v["statement"]["output"].update(values=[[3, b"1234567"]]), WrongLength),
        (lambda v: v["statement"]["output"].update(values=[[3, b""]]), WrongLength),
        (lambda v: v["statement"]["output"].update(values=[[-1, bytes(8)]]), InvalidEncoding),
        (lambda v: v["statement"]["output"].update(values=[[True, bytes(8)]]), InvalidEncoding),
        (lambda v: v["statement"]["output"].update(values=[[3]]), InvalidEncoding),
        (lambda v: v["statement"]["output"].update(values=[[3, bytes(8)], [3, bytes(8)]]), InvalidEncoding),
        (lambda v: v["statement"]["output"].update(values=[[4, bytes(8)], [3, bytes(8)]]), InvalidEncoding),
    ],
)
def test_from_cbor_refuses(edit: Callable[[Any], None], error: type[DecodeError]) -> None:
    with pytest.raises(DecodeError) as caught:
        Receipt.from_cbor(edited(edit))
    assert isinstance(caught.value, error)


def test_arrays_give_back_the_integers() -> None:
    assert example().statement.output.arrays()[3].tolist() == [1, -2, 3, 2**40]


def test_proof_needs_exactly_one_proof() -> None:
    receipt = Receipt(example().statement, (ZkEvidence(b"a"), ZkEvidence(b"b")))
    with pytest.raises(StatementMismatch):
        _ = receipt.proof
    assert example().proof == b"proof bytes"


def test_json_view() -> None:
    view = example().to_json()
    assert view["statement"]["output"]["values"] == {"3": [1, -2, 3, 2**40]}
    assert view["statement"]["input"]["commitments"] == ["11" * 32, "22" * 32]
    assert view["evidence"] == [{"type": "zk", "version": 1, "proof": b"proof bytes".hex()}]


def test_the_encoding_is_pinned() -> None:
    """A receipt is extended, never replaced: these bytes stay what they are."""
    digest = hashlib.sha256(example().to_cbor()).hexdigest()
    assert digest == "eb4c3d49a4a9c399b7130ae73bb501ebb6c92096d7b950c2874d1769d7ac6c1b"
    with_setup = Receipt(example().statement, (ZkEvidence(b"proof bytes", bytes(range(32))),))
    digest = hashlib.sha256(with_setup.to_cbor()).hexdigest()
    assert digest == "f1736ffac93d1878101d5c5cae7679460a1707b355b4d5345e2c9d5df3f5f2e9"


def test_evidence_says_which_setup_it_rests_on() -> None:
    evidence = ZkEvidence(b"proof bytes", b"\x07" * 32)
    decoded = Receipt.from_cbor(Receipt(example().statement, (evidence,)).to_cbor())
    assert decoded.zk == evidence
    assert decoded.to_json()["evidence"] == [
        {"type": "zk", "version": 2, "proof": b"proof bytes".hex(), "setup": "07" * 32}
    ]
    assert example().zk.setup_digest is None


def test_a_side_of_more_tensors_than_a_relation_has_is_refused_at_once() -> None:
    side = Side(dict.fromkeys(range((1 << 16) + 1), bytes(8)))
    crowded = Receipt(Statement(bytes(32), side, Side()), (ZkEvidence(b""),))
    with pytest.raises(InvalidEncoding, match="more public tensors"):
        Receipt.from_cbor(crowded.to_cbor())


ANSWER = sign_answer(
    AnswerClaims(bytes(32), bytes(32), bytes(32), bytes(16), 0, bytes(32), 1_800_000_000),
    lambda _: bytes(64),
    development=False,
)
DEV_ANSWER = sign_answer(
    AnswerClaims(bytes(32), bytes(32), bytes(32), bytes(16), 0, bytes(32), 1_800_000_000),
    lambda _: bytes(64),
    development=True,
)


@pytest.mark.parametrize(
    "attested", [TeeEvidence(ANSWER, b"bundle"), DevTeeEvidence(DEV_ANSWER, b"bundle")], ids=["tee", "tee-dev"]
)
def test_signed_answers_stand_beside_proofs(attested: TeeEvidence | DevTeeEvidence) -> None:
    proved = example()
    receipt = Receipt(proved.statement, (attested,))
    assert Receipt.from_cbor(receipt.to_cbor()) == receipt
    assert (receipt.attested, receipt.proved) == (attested, False)
    with pytest.raises(StatementMismatch):
        _ = receipt.proof
    both = receipt.with_proof(proved)
    assert Receipt.from_cbor(both.to_cbor()) == both
    assert (both.attested, both.proof) == (attested, b"proof bytes")
    view = both.to_json()["evidence"][0]
    assert (view["type"], view["development"]) == (attested.TYPE, attested.DEVELOPMENT)
    with pytest.raises(StatementMismatch):
        both.with_proof(proved)
    with pytest.raises(StatementMismatch):
        receipt.with_proof(replace(proved, statement=replace(proved.statement, context=b"another")))
    with pytest.raises(StatementMismatch):
        _ = replace(both, evidence=(attested, attested)).attested


def test_development_answers_have_a_tag_of_their_own() -> None:
    """What is relabelled cannot be read: the content type of the message is signed."""
    receipt = Receipt(example().statement, (DevTeeEvidence(DEV_ANSWER, b"bundle"),))
    value = cbor.loads(receipt.to_cbor(), max_bytes=1 << 20)
    value["evidence"][0]["type"] = "tee"
    relabelled = Receipt.from_cbor(cbor.dumps(value)).attested
    assert isinstance(relabelled, TeeEvidence)
    with pytest.raises(DecodeError):
        _ = relabelled.signed


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"version": 2}, UnknownVersion),
        ({"version": True}, DecodeError),
        ({"answer": "text"}, InvalidEncoding),
        ({"attestation": None}, InvalidEncoding),
        ({"more": 1}, InvalidEncoding),
    ],
)
def test_other_signed_answers_are_refused(change: dict[str, Any], error: type[DecodeError]) -> None:
    value = cbor.loads(Receipt(example().statement, (TeeEvidence(ANSWER, b"b"),)).to_cbor(), max_bytes=1 << 20)
    value["evidence"][0] |= change
    with pytest.raises(error):
        Receipt.from_cbor(cbor.dumps(value))
