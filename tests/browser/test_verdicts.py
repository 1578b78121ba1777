"""What the page says of receipts: by which evidence, for which model, what is hidden, what was not checked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect
from tests.browser.verifier_page import VerifierPage
from tests.browser.world import CONTEXT, SEGMENTS, Files

pytestmark = [pytest.mark.native, pytest.mark.slow]


@pytest.mark.parametrize(("name", "setup"), [("ipa", "none is needed"), ("kzg", "the Aztec Ignition ceremony")])
def test_a_proof_is_proved_and_says_what_it_rests_on(
    verifier: VerifierPage, files: Files, name: str, setup: str
) -> None:
    assert verifier.verify(files.receipt(name), files.key(name)) == "Proved"
    evidence = verifier.page.get_by_role("region", name="By which evidence")
    expect(evidence).to_contain_text("Zero-knowledge proof")
    expect(evidence).to_contain_text(setup)
    assert verifier.announced().startswith("Proved. ")


def test_a_model_in_segments_is_proved_and_its_segments_are_counted(verifier: VerifierPage, files: Files) -> None:
    assert verifier.verify(files.receipt("segmented"), files.key("segmented")) == "Proved"
    evidence = verifier.page.get_by_role("region", name="By which evidence")
    expect(evidence).to_contain_text("Zero-knowledge proof in segments")
    assert verifier.result()["proof"]["segments"] == SEGMENTS


def test_public_outputs_are_the_numbers_that_python_proves(verifier: VerifierPage, files: Files) -> None:
    verifier.verify(files.receipt("ipa"), files.key("ipa"))
    found = verifier.result()
    shown = {port["name"]: np.asarray([float(value) for value in port["values"]]) for port in found["outputs"]}
    assert {name: array.tolist() for name, array in shown.items()} == {
        name: array.reshape(-1).tolist() for name, array in files.output.items()
    }
    assert (found["verdict"], found["receipt"]["model"]) == ("proved", files.models["ipa"])
    assert bytes.fromhex(found["receipt"]["context"]) == CONTEXT


def test_hidden_and_unchecked_things_are_named(verifier: VerifierPage, files: Files) -> None:
    verifier.verify(files.receipt("ipa"), files.key("ipa"))
    assert {"inputs", "weights", "intermediate"} <= set(verifier.codes("What stays hidden"))
    assert {"model", "context", "data", "time"} <= set(verifier.codes("What was not checked"))
    expect(verifier.page.get_by_role("region", name="Inputs")).to_contain_text("hidden")


def test_what_is_compared_is_no_longer_unchecked(verifier: VerifierPage, files: Files) -> None:
    page = verifier.page
    page.get_by_label("Model id that you trust").fill("0x" + files.models["ipa"].upper())
    page.get_by_label("Context: what the receipt has to be for").select_option(label="Text")
    page.get_by_label("Context, exactly").fill(CONTEXT.decode())
    assert verifier.verify(files.receipt("ipa"), files.key("ipa")) == "Proved"
    assert not {"model", "context"} & set(verifier.codes("What was not checked"))


def test_a_setup_of_no_ceremony_is_rejected_and_never_looks_proved(verifier: VerifierPage, files: Files) -> None:
    assert verifier.verify(files.receipt("insecure"), files.key("insecure")) == "Rejected"
    assert verifier.result()["error"]["code"] == "InsecureSetup"
    verifier.policy("Development")
    assert verifier.word() == "DEVELOPMENT ONLY"
    expect(verifier.page.get_by_role("region", name="What it says, and does not prove")).to_be_visible()
    expect(verifier.page.get_by_role("region", name="What is proved")).to_have_count(0)
    development = look(verifier)
    verifier.choose_key(files.key("ipa"))
    verifier.choose_receipt(files.receipt("ipa"))
    assert verifier.word() == "Proved"
    proved = look(verifier)
    # Word, colour, border and picture all differ.
    assert all(mine != other for mine, other in zip(development, proved, strict=True))


def look(verifier: VerifierPage) -> tuple[str, ...]:
    card = verifier.verdict()
    style = card.evaluate(
        "e => { const s = getComputedStyle(e); return [s.borderTopStyle, s.borderTopColor, s.backgroundImage] }"
    )
    picture = card.locator("path").first.get_attribute("d") or ""
    return (verifier.word(), picture, *style)


def test_a_receipt_without_its_key_is_not_verified(verifier: VerifierPage, files: Files) -> None:
    assert verifier.verify(files.receipt("ipa"), None) == "Not verified"
    assert "proof" in verifier.codes("What was not checked")
    expect(verifier.page.get_by_role("region", name="What the receipt says of itself")).to_be_visible()


def test_the_key_of_another_model_is_named_as_such(verifier: VerifierPage, files: Files) -> None:
    assert verifier.verify(files.receipt("ipa"), files.key("other")) == "Rejected"
    error = verifier.result()["error"]
    assert (error["code"], error["details"]["expected"]) == ("WrongModel", files.models["other"])


@pytest.mark.parametrize(
    ("label", "typed", "error"),
    [
        ("Text", "visit 13", "WrongContext"),
        ("Hexadecimal", "0x" + CONTEXT.hex(), None),
        ("Hexadecimal", "76", "WrongContext"),
    ],
)
def test_the_context_is_compared(
    verifier: VerifierPage, files: Files, label: str, typed: str, error: str | None
) -> None:
    page = verifier.page
    verifier.verify(files.receipt("ipa"), files.key("ipa"))
    page.get_by_label("Context: what the receipt has to be for").select_option(label=label)
    page.locator("#context-value").fill(typed)
    expect(page.get_by_text("You changed what you expect.")).to_be_visible()
    verifier.again()
    found = verifier.result()["error"]
    assert (found and found["code"]) == error


def test_a_context_can_be_a_file(verifier: VerifierPage, files: Files, tmp_path: Path) -> None:
    (tmp_path / "context.bin").write_bytes(CONTEXT)
    page = verifier.page
    page.get_by_label("Context: what the receipt has to be for").select_option(label="File")
    page.get_by_label("Choose the context").set_input_files(tmp_path / "context.bin")
    expect(page.locator("#context-state")).to_contain_text("8 bytes")
    assert verifier.verify(files.receipt("ipa"), files.key("ipa")) == "Proved"
    assert "context" not in verifier.codes("What was not checked")


def test_what_is_typed_wrongly_is_said_beside_its_field(verifier: VerifierPage, files: Files) -> None:
    verifier.verify(files.receipt("ipa"), files.key("ipa"))
    field = verifier.page.get_by_label("Model id that you trust")
    for typed, words in (("abc", "not hexadecimal"), ("ab12", "this one has 4")):
        field.fill(typed)
        verifier.page.get_by_role("button", name="Verify", exact=True).click()
        expect(verifier.page.locator("#expected-model-error")).to_contain_text(words)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_be_focused()


def test_another_model_than_the_trusted_one_is_rejected(verifier: VerifierPage, files: Files) -> None:
    verifier.page.get_by_label("Model id that you trust").fill(files.models["other"])
    assert verifier.verify(files.receipt("ipa"), files.key("ipa")) == "Rejected"
    assert verifier.result()["error"]["details"] == {"expected": files.models["other"], "got": files.models["ipa"]}


def test_evidence_that_is_asked_for_has_to_be_there(verifier: VerifierPage, files: Files) -> None:
    verifier.page.locator("#policy-box summary").click()
    for asked, word in (("Both, of the same statement", "Rejected"), ("A zero-knowledge proof", "Proved")):
        verifier.page.get_by_label("Evidence that you ask for").select_option(label=asked)
        assert verifier.verify(files.receipt("ipa"), files.key("ipa")) == word


def test_the_result_can_be_copied(verifier: VerifierPage, files: Files) -> None:
    verifier.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    verifier.verify(files.receipt("ipa"), files.key("ipa"))
    verifier.page.get_by_text("This result as JSON").click()
    verifier.page.get_by_role("button", name="Copy the result").click()
    expect(verifier.page.get_by_role("button", name="Copy the result: Copied")).to_be_visible()
    copied = json.loads(verifier.page.evaluate("navigator.clipboard.readText()"))
    assert copied == verifier.result()
