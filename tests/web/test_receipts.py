"""Receipts and keys: what holds, holds in node too; what was changed is refused there by the same name."""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.web.conftest import CONTEXT, Proved
from tests.web.node import Node, by_python

from zkseal import pipeline
from zkseal.files import kinds
from zkseal.files.container import MAGIC, read_sections
from zkseal.proving import SegmentedVerifyingKey, VerifyingKey
from zkseal.receipts import DevTeeEvidence, Receipt, SegmentedEvidence, Side, TeeEvidence, ZkEvidence, cbor

pytestmark = pytest.mark.native

MUTATIONS = 300


def receipt_of(data: bytes) -> Receipt:
    if data.startswith(MAGIC):
        data = bytes(read_sections("r.zkr", memoryview(data), kinds.RECEIPT)["receipt"])
    return Receipt.from_cbor(data)


def described(data: bytes) -> dict[str, Any]:
    receipt = receipt_of(data)
    tags = [evidence.TYPE for evidence in receipt.evidence]
    return {
        "digest": hashlib.sha256(receipt.to_cbor()).hexdigest(),
        "statement": receipt.statement.digest.hex(),
        "evidence": tags,
    }


def read_segmented_key(data: bytes) -> SegmentedVerifyingKey:
    data = bytes(read_sections("k.zkv", memoryview(data), kinds.SEGMENTED_VERIFYING_KEY)["verifying key"])
    key = SegmentedVerifyingKey.decode(data)
    pipeline.Interface.of(key.relation)
    return key


def read_key(data: bytes) -> VerifyingKey:
    if data.startswith(MAGIC):
        data = bytes(read_sections("k.zkv", memoryview(data), kinds.VERIFYING_KEY)["verifying key"])
    key = VerifyingKey(data)
    pipeline.Interface.of(key.relation)
    return key


def verified(receipt: Receipt, key: VerifyingKey | SegmentedVerifyingKey, **options: Any) -> dict[str, Any]:
    proved = pipeline.verify(receipt, key, context=CONTEXT, **options)
    return {
        "model": proved.model_id.hex(),
        "inputs": shown(proved.inputs),
        "outputs": shown(proved.outputs),
    }


def shown(arrays: Any) -> dict[str, Any]:
    return {
        name: {"shape": list(array.shape), "bits": [struct.pack(">d", number).hex() for number in array.ravel()]}
        for name, array in arrays.items()
    }


def test_a_receipt_shows_the_numbers_that_python_shows(node: Node, proved: Proved) -> None:
    found = node.ask("verify", receipt=proved.receipt_file, key=proved.key_file, context=CONTEXT)
    assert found == verified(proved.receipt, proved.key)
    assert found["outputs"]["y"]["shape"] == [1, 2]


def test_a_key_is_read_as_python_reads_it(node: Node, proved: Proved) -> None:
    expected = {
        "model": proved.key.model_id.hex(),
        "origin": proved.key.origin,
        "insecure": False,
        "opening": proved.key.scheme.opening,
        "segments": 1,
    }
    assert node.ask("key", data=proved.key_file) == expected
    assert node.ask("key", data=proved.key.data) == expected


FALSE: dict[str, Callable[[Receipt], Receipt]] = {
    "another output": lambda r: replace(r, statement=replace(r.statement, output=moved(r.statement.output, 1))),
    "an output out of its bounds": lambda r: replace(
        r, statement=replace(r.statement, output=moved(r.statement.output, 1 << 40))
    ),
    "no output": lambda r: replace(r, statement=replace(r.statement, output=Side())),
    "an output among the inputs": lambda r: replace(
        r, statement=replace(r.statement, input=replace(r.statement.input, values=r.statement.output.values))
    ),
    "no commitment": lambda r: replace(r, statement=replace(r.statement, input=Side())),
    "a commitment that is none": lambda r: replace(r, statement=replace(r.statement, input=Side({}, (b"\xff" * 32,)))),
    "another context": lambda r: replace(r, statement=replace(r.statement, context=b"another")),
    "another model": lambda r: replace(r, statement=replace(r.statement, model_id=bytes(32))),
    "no proof": lambda r: replace(r, evidence=(TeeEvidence(b"answer", b"attestation"),)),
    "two proofs": lambda r: replace(r, evidence=r.evidence * 2),
    "a proof and an answer": lambda r: replace(r, evidence=(*r.evidence, DevTeeEvidence(b"answer", b"attestation"))),
    "a proof that is cut": lambda r: with_proof(r, r.proof[:-1]),
    "a proof of zeros": lambda r: with_proof(r, bytes(len(r.proof))),
    "a changed scalar": lambda r: with_proof(r, r.proof[:-1] + bytes([r.proof[-1] ^ 1])),
    "another setup": lambda r: replace(r, evidence=(ZkEvidence(r.proof, bytes(32)),)),
}


def moved(side: Side, by: int) -> Side:
    return Side.of({index: array + np.int64(by) for index, array in side.arrays().items()}, side.commitments)


def with_proof(receipt: Receipt, proof: bytes) -> Receipt:
    return replace(receipt, evidence=(replace(receipt.zk, proof=proof),))


@pytest.mark.parametrize("name", FALSE)
def test_a_false_receipt_is_refused_for_the_same_reason(node: Node, proved: Proved, name: str) -> None:
    receipt = FALSE[name](proved.receipt)
    expected = by_python(lambda: verified(receipt, proved.key))
    assert node.ask("verify", receipt=receipt.to_cbor(), key=proved.key_file, context=CONTEXT) == expected
    # An answer beside the proof is for an appraisal: the proof holds without it.
    assert isinstance(expected, dict) == (name == "a proof and an answer")


@pytest.mark.parametrize("which", ["receipt", "key"])
def test_changed_files_have_the_same_verdict(node: Node, proved: Proved, which: str) -> None:
    """Bytes replaced, left out, put in and repeated, in files and in what they hold."""
    chance = random.Random(which)
    names = set()
    file, bare = (
        (proved.receipt_file, proved.receipt.to_cbor()) if which == "receipt" else (proved.key_file, proved.key.data)
    )
    for turn in range(MUTATIONS):
        data = changed(chance, bare if turn % 3 else file)
        if which == "receipt":
            expected = by_python(lambda data=data: verified(receipt_of(data), proved.key))
            found = node.ask("verify", receipt=data, key=proved.key_file, context=CONTEXT)
        else:
            expected = by_python(lambda data=data: read_key(data).model_id.hex())
            answer = node.ask("key", data=data)
            found = answer if isinstance(answer, str) else answer["model"]
        assert found == expected, data.hex()
        names.add(expected if isinstance(expected, str) and expected.startswith("rejected") else "accepted")
    assert len(names) >= 6


def changed(chance: random.Random, data: bytes) -> bytes:
    at, length = chance.randrange(len(data)), chance.choice((1, 1, 1, 4, 32))
    return chance.choice(
        (
            data[:at] + chance.randbytes(length) + data[at + length :],
            data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :],
            data[:at] + data[at + length :],
            data[:at] + chance.randbytes(length) + data[at:],
            data[:at] + data[at : at + length] * 2 + data[at + length :],
            data[:at],
        )
    )


# Models in segments


def test_a_receipt_in_segments_shows_the_numbers_that_python_shows(node: Node, segmented: Proved) -> None:
    for key in (segmented.key_file, segmented.key.data):
        found = node.ask("verify", receipt=segmented.receipt_file, key=key, context=CONTEXT)
        assert found == verified(segmented.receipt, segmented.key)


MANY = 200_000
"""Commitments, the first of which is refused: more than V8 takes as arguments of a call."""

JOINTS: dict[str, Callable[[SegmentedEvidence], Any]] = {
    "a boundary without end": lambda e: replace(e, boundaries=((b"\xff" * 32,) * MANY,)),
    "proofs in another order": lambda e: replace(e, proofs=e.proofs[::-1]),
    "another boundary": lambda e: replace(
        e, boundaries=tuple(boundary[::-1] + boundary[:1] for boundary in e.boundaries)
    ),
    "no boundary": lambda e: replace(e, boundaries=((),)),
    "three segments": lambda e: replace(e, boundaries=e.boundaries * 2, proofs=(*e.proofs, b"proof")),
    "a proof of zeros": lambda e: replace(e, proofs=(e.proofs[0], bytes(len(e.proofs[1])))),
    "in one piece": lambda e: ZkEvidence(e.proofs[0]),
}


@pytest.mark.parametrize("name", JOINTS)
def test_false_joints_are_refused_for_the_same_reason(node: Node, segmented: Proved, name: str) -> None:
    receipt = replace(segmented.receipt, evidence=(JOINTS[name](segmented.receipt.segmented),))
    expected = by_python(lambda: verified(receipt, segmented.key))
    assert isinstance(expected, str)
    assert node.ask("verify", receipt=receipt.to_cbor(), key=segmented.key_file, context=CONTEXT) == expected


def test_keys_of_the_other_form_are_refused_for_the_same_reason(node: Node, segmented: Proved, proved: Proved) -> None:
    for receipt, key in ((segmented.receipt, proved.key), (proved.receipt, segmented.key)):
        ours = replace(receipt, statement=replace(receipt.statement, model_id=key.model_id))
        expected = by_python(lambda ours=ours, key=key: verified(ours, key))
        assert expected == "rejected StatementMismatch"
        assert node.ask("verify", receipt=ours.to_cbor(), key=key.data, context=CONTEXT) == expected


def test_changed_keys_in_segments_have_the_same_verdict(node: Node, segmented: Proved) -> None:
    chance, names = random.Random(7), set()
    for _ in range(MUTATIONS // 2):
        data = resealed(changed(chance, segmented.key.data), segmented.key_file)
        expected = by_python(lambda data=data: read_segmented_key(data).model_id.hex())
        answer = node.ask("key", data=data)
        assert (answer if isinstance(answer, str) else answer["model"]) == expected, data.hex()
        names.add(expected)
    assert len(names) >= 4


def resealed(key: bytes, file: bytes) -> bytes:
    """The file with another key and right digests."""
    head = file[:40] + struct.pack(">Q", len(key)) + hashlib.sha256(key).digest()
    return (head + hashlib.sha256(head).digest()).ljust(128, b"\0") + key


# Setups


def test_a_key_of_an_unpublished_ceremony_is_refused_unless_it_is_asked_for(node: Node, insecure: Proved) -> None:
    asked = {"receipt": insecure.receipt_file, "key": insecure.key_file, "context": CONTEXT}
    assert node.ask("verify", **asked) == "rejected InsecureSetup"
    assert node.ask("verify", insecure=True, **asked) == verified(insecure.receipt, insecure.key, insecure_srs=True)
    assert node.ask("key", data=insecure.key_file)["insecure"]


# Encodings

SPOILED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another version": lambda r: r.update(receipt=2),
    "a version that is true": lambda r: r.update(receipt=True),
    "a version that is false": lambda r: r.update(receipt=False),
    "a version that is text": lambda r: r.update(receipt="1"),
    "more": lambda r: r.update(more=1),
    "no evidence": lambda r: r.update(evidence=[]),
    "much evidence": lambda r: r.update(evidence=r["evidence"] * 17),
    "evidence of another kind": lambda r: r["evidence"][0].update(type="zk2"),
    "evidence of another version": lambda r: r["evidence"][0].update(version=3),
    "evidence without a version": lambda r: r["evidence"][0].pop("version"),
    "evidence that is text": lambda r: r.update(evidence=["zk"]),
    "a statement of another version": lambda r: r["statement"].update(version=2),
    "a model of 31 bytes": lambda r: r["statement"].update(model=bytes(31)),
    "a long context": lambda r: r["statement"].update(context=bytes((1 << 16) + 1)),
    "values twice": lambda r: r["statement"]["output"].update(values=r["statement"]["output"]["values"] * 2),
    "values of 7 bytes": lambda r: r["statement"]["output"].update(values=[[1, bytes(7)]]),
    "no values": lambda r: r["statement"]["output"].update(values=[[1, b""]]),
    "values of a negative tensor": lambda r: r["statement"]["output"].update(values=[[-1, bytes(8)]]),
    "values of a tensor beyond": lambda r: r["statement"]["output"].update(values=[[1 << 32, bytes(8)]]),
    "values of a tensor far beyond": lambda r: r["statement"]["output"].update(values=[[1 << 63, bytes(8)]]),
    "a commitment of 31 bytes": lambda r: r["statement"]["input"].update(commitments=[bytes(31)]),
    "a setup of 31 bytes": lambda r: r["evidence"][0].update(version=2, setup=bytes(31)),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_receipt_is_refused_for_the_same_reason(node: Node, proved: Proved, name: str) -> None:
    value = cbor.loads(proved.receipt.to_cbor(), max_bytes=1 << 20)
    SPOILED[name](value)
    data = cbor.dumps(value)
    expected = by_python(lambda: described(data))
    assert isinstance(expected, str)
    assert node.ask("receipt", data=data) == expected


def test_a_file_and_what_it_holds_are_one_receipt(node: Node, proved: Proved) -> None:
    found = node.ask("receipt", data=proved.receipt_file)
    assert found == node.ask("receipt", data=proved.receipt.to_cbor()) == described(proved.receipt_file)


def test_files_of_another_kind_are_refused(node: Node, proved: Proved) -> None:
    assert node.ask("receipt", data=proved.key_file) == "rejected WrongFileKind"
    assert node.ask("key", data=proved.receipt_file) == "rejected WrongFileKind"
