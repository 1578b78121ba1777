"""Receipts that were changed: each part of each kind of evidence, and what the page says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.browser.verifier_page import VerifierPage
from tests.browser.world import Files

from zkseal.files import load_receipt, save_receipt
from zkseal.receipts import DevTeeEvidence, Receipt, ZkEvidence
from zkseal.receipts.statement import Side

pytestmark = [pytest.mark.native, pytest.mark.slow]

Change = tuple[str, Receipt]


def flipped(data: bytes, at: int) -> bytes:
    """The bytes with one bit changed."""
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def changed_sides(side: Side, name: str) -> Iterator[tuple[str, Side]]:
    for index, data in side.values.items():
        yield f"{name} value {index}", Side({**side.values, index: flipped(data, len(data) - 1)}, side.commitments)
    for index, commitment in enumerate(side.commitments):
        commitments = (*side.commitments[:index], flipped(commitment, 31), *side.commitments[index + 1 :])
        yield f"{name} commitment {index}", Side(side.values, commitments)


def changed_statements(receipt: Receipt) -> Iterator[Change]:
    statement = receipt.statement
    for what, side in changed_sides(statement.input, "input"):
        yield what, replace(receipt, statement=replace(statement, input=side))
    for what, side in changed_sides(statement.output, "output"):
        yield what, replace(receipt, statement=replace(statement, output=side))
    yield "context", replace(receipt, statement=replace(statement, context=b"visit 13"))
    yield "model", replace(receipt, statement=replace(statement, model_id=flipped(statement.model_id, 0)))


def changed_proofs(receipt: Receipt) -> Iterator[Change]:
    """A bit in each eighth of the proof, the proof cut by a byte, its setup named otherwise."""
    proof, digest = receipt.zk.proof, receipt.zk.setup_digest
    for at in range(0, len(proof), len(proof) // 8):
        yield f"proof byte {at}", replace(receipt, evidence=(ZkEvidence(flipped(proof, at), digest),))
    yield "proof without its end", replace(receipt, evidence=(ZkEvidence(proof[:-1], digest),))
    other = bytes(32) if digest is None else flipped(digest, 0)
    yield "setup", replace(receipt, evidence=(ZkEvidence(proof, other),))


def changed_answers(receipt: Receipt) -> Iterator[Change]:
    attested = receipt.attested
    assert isinstance(attested, DevTeeEvidence)
    for part in ("answer", "attestation"):
        data: bytes = getattr(attested, part)
        for at in (len(data) // 3, 2 * len(data) // 3, len(data) - 1):
            yield f"{part} byte {at}", replace(receipt, evidence=(replace(attested, **{part: flipped(data, at)}),))


def changed_segments(receipt: Receipt) -> Iterator[Change]:
    """Each proof, each commitment between two, and two proofs that changed places."""
    own = receipt.segmented
    for index, proof in enumerate(own.proofs):
        proofs = [*own.proofs[:index], flipped(proof, len(proof) // 2), *own.proofs[index + 1 :]]
        yield f"proof {index}", replace(receipt, evidence=(replace(own, proofs=tuple(proofs)),))
    for at, boundary in enumerate(own.boundaries):
        commitments = (flipped(boundary[0], 31), *boundary[1:])
        boundaries = (*own.boundaries[:at], commitments, *own.boundaries[at + 1 :])
        yield f"boundary {at}", replace(receipt, evidence=(replace(own, boundaries=boundaries),))
    yield "order", replace(receipt, evidence=(replace(own, proofs=own.proofs[::-1]),))


CASES: dict[str, Callable[[Receipt], Iterator[Change]]] = {
    "ipa": lambda receipt: iter([*changed_statements(receipt), *changed_proofs(receipt)]),
    "kzg": lambda receipt: iter([*changed_statements(receipt), *changed_proofs(receipt)]),
    "segmented": lambda receipt: iter([*changed_statements(receipt), *changed_segments(receipt)]),
    "sandbox": lambda receipt: iter([*changed_statements(receipt), *changed_answers(receipt)]),
}


@pytest.mark.parametrize("name", CASES)
def test_every_changed_part_is_rejected_with_a_code_and_a_remedy(
    verifier: VerifierPage, files: Files, tmp_path: Path, name: str
) -> None:
    key = "ipa" if name == "sandbox" else name
    verifier.choose_key(files.key(key))
    receipt = load_receipt(files.receipt(name))
    page = verifier.page
    # What was asked for is compared, so that a changed context is caught where nothing but a signature covers it.
    if name == "sandbox":
        verifier.policy("Development")
    path, accepted, shown = tmp_path / "changed.zkr", [], 0
    assert verifier.verify(files.receipt(name), None) == ("DEVELOPMENT ONLY" if name == "sandbox" else "Proved")
    for what, changed in CASES[name](receipt):
        save_receipt(path, changed)
        verifier.choose_receipt(path)
        if verifier.word() not in {"Rejected", "Cannot be verified"}:
            accepted.append(what)
            continue
        expect(verifier.verdict().locator(".remedy")).not_to_be_empty()
        expect(page.get_by_role("region", name="The statement")).to_have_count(0)
        shown += 1
    assert accepted == []
    assert shown >= 9


def test_a_damaged_file_is_no_receipt(verifier: VerifierPage, files: Files, tmp_path: Path) -> None:
    data = files.receipt("ipa").read_bytes()
    verifier.choose_key(files.key("ipa"))
    path = tmp_path / "damaged.zkr"
    for changed, words in (
        (flipped(data, len(data) // 2), "does not match its digest"),
        (data[:-100], "The file ends after"),
        (data + b"\x00", "bytes after its end"),
    ):
        path.write_bytes(changed)
        verifier.choose_receipt(path)
        assert verifier.page.locator("#receipt-state [data-state=failed]").count() == 1
        expect(verifier.page.locator("#receipt-state")).to_contain_text(words)


def test_a_changed_key_is_no_key(verifier: VerifierPage, files: Files, tmp_path: Path) -> None:
    verifier.choose_receipt(files.receipt("ipa"))
    path = tmp_path / "changed.zkv"
    path.write_bytes(flipped(files.key("ipa").read_bytes(), 5000))
    verifier.choose_key(path)
    assert verifier.word() == "Cannot be verified"
    expect(verifier.page.locator("#key-state")).to_contain_text("The file was damaged or changed")


def test_a_result_does_not_outlive_what_it_was_about(verifier: VerifierPage, files: Files, tmp_path: Path) -> None:
    assert verifier.verify(files.receipt("ipa"), files.key("ipa")) == "Proved"
    path = tmp_path / "text.zkr"
    path.write_text("no receipt")
    verifier.choose_receipt(path)
    expect(verifier.page.get_by_role("heading", name="Proved", exact=True)).to_have_count(0)
    expect(verifier.page.get_by_role("button", name="Verify", exact=True)).to_be_disabled()
