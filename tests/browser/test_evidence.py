"""Answers of enclaves: what the page says of sandboxes, of production hardware, and of a vendor's own evidence."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.appraisal.mini import MEASUREMENT as SANDBOX
from tests.appraisal.mini import NONCE, MiniEnclave
from tests.broker.vendors import MEASUREMENT, SnpVendor
from tests.browser.site import DIST, Site
from tests.browser.test_accessibility import faults, photograph
from tests.browser.verifier_page import VerifierPage
from tests.browser.watched import Watched
from tests.browser.world import CONTEXT, Files
from tests.tee.rows import ROWS, evidence_of

import zkseal
from zkseal.files import load_proving_key, load_receipt, save_receipt
from zkseal.receipts import TeeEvidence
from zkseal.tee import Assurance, AttestationBundle
from zkseal.tee.roots import pinned_roots
from zkseal.zoo import MODELS

pytestmark = [pytest.mark.native, pytest.mark.slow]

POLICY = {
    "extends": "production",
    "references": {"snp.measurement": [MEASUREMENT.hex()]},
    "snp": {"min_tcb": {"milan": {"snp": 8}}},
}
VENDORS_OWN = next(row for row in ROWS if row["evidence"] == "amd/milan-ms/report.bin" and row["result"] == "valid")


class Answers:
    """Receipts of production enclaves: `snp.zkr`, with a proof `snp-both.zkr`, with a vendor's own report `own.zkr`."""

    def __init__(self, files: Files, vendor: SnpVendor) -> None:
        proving_key = load_proving_key(files.folder / "model.zkp")
        row = MODELS["mlp_credit"]().held_out[:1]
        answer = zkseal.answer(proving_key, row, context=CONTEXT)
        proof = zkseal.prove(proving_key, row, context=CONTEXT, opening=answer.opening).receipt
        enclave = MiniEnclave.start(proving_key, ceiling=Assurance.HARDWARE)
        lists = (vendor.clean_list,)
        bundle = AttestationBundle(enclave.runtime, vendor.evidence(enclave.runtime, lists=lists))
        alone = enclave.production_receipt(answer, bundle)
        own = enclave.production_receipt(answer, AttestationBundle(enclave.runtime, evidence_of(VENDORS_OWN)))
        self.folder = files.folder
        for name, receipt in (("snp", alone), ("snp-both", alone.with_proof(proof)), ("own", own)):
            assert isinstance(receipt.attested, TeeEvidence)
            save_receipt(self.folder / f"{name}.zkr", receipt)

    def receipt(self, name: str) -> Path:
        return self.folder / f"{name}.zkr"


@pytest.fixture(scope="module")
def vendor() -> SnpVendor:
    return SnpVendor(int(time.time()))


@pytest.fixture(scope="module")
def answers(files: Files, vendor: SnpVendor) -> Answers:
    return Answers(files, vendor)


@pytest.fixture
def trusting(site: Site, vendor: SnpVendor, watched: Callable[..., Watched]) -> VerifierPage:
    """The page as it were if the test's vendor were among the pinned ones: nothing else of it differs."""
    [worker] = (DIST / "assets").glob("worker-*.js")
    program, pinned = worker.read_bytes(), pinned_roots()
    for old, new in (
        (pinned.amd[0], vendor.roots.amd[0]),
        (pinned.amd_authorities[0], vendor.roots.amd_authorities[0]),
    ):
        assert program.count(b64encode(old)) == 1
        program = program.replace(b64encode(old), b64encode(new))
    path = f"/assets/{worker.name}"
    site.answers[path] = program
    return VerifierPage(watched(site.url).page)


def as_of_the_answer(verifier: VerifierPage) -> None:
    """The enclaves of these tests answer at a time of their own, which is not now."""
    verifier.page.locator("#policy-box summary").click()
    field = verifier.page.get_by_label("Hardware evidence is appraised as of")
    field.select_option(label="The time that the answer names")


def own_policy(verifier: VerifierPage, nonce: bytes | None = NONCE) -> None:
    as_of_the_answer(verifier)
    own_policy_text(verifier, nonce)


def own_policy_text(verifier: VerifierPage, nonce: bytes | None = NONCE) -> None:
    page = verifier.page
    page.get_by_label("Policy", exact=True).select_option(label="Your own, for hardware evidence")
    page.get_by_label("Your policy, as JSON").fill(json.dumps(POLICY))
    page.get_by_label("Challenge that you gave to the enclave").fill("" if nonce is None else nonce.hex())


def test_a_sandbox_is_rejected_in_production(verifier: VerifierPage, files: Files) -> None:
    assert verifier.verify(files.receipt("sandbox"), files.key("ipa")) == "Rejected"
    assert verifier.result()["error"]["code"] == "PolicyDenied"
    expect(verifier.verdict()).to_contain_text("development enclave")


def test_a_sandbox_is_shown_as_development_and_hangs_on_nothing(verifier: VerifierPage, files: Files) -> None:
    verifier.policy("Development")
    assert verifier.verify(files.receipt("sandbox"), files.key("ipa")) == "DEVELOPMENT ONLY"
    found = verifier.result()
    assert (found["verdict"], found["proof"]) == ("development", None)
    outcomes = {check["name"]: check["outcome"] for check in found["attestation"]["checks"]}
    assert {outcomes[name] for name in ("tee.signature", "tee.statement", "tee.runtime")} == {"pass"}
    assert outcomes["reference-values"] == "not_checked"
    assert "reference-values" in verifier.codes("What was not checked")
    picture = verifier.page.get_by_role("img", name="that hangs on nothing")
    expect(picture).to_be_visible()
    # No link has the colour that links of production have.
    assert verifier.page.locator(".chain").get_attribute("class") == "chain development"


def test_the_code_in_a_sandbox_is_compared(verifier: VerifierPage, files: Files) -> None:
    verifier.policy("Development")
    for value, word in ((SANDBOX.hex(), "DEVELOPMENT ONLY"), ("00" * 32, "Rejected")):
        verifier.page.get_by_label("Code that you expect inside of the hardware").fill(f"sandbox.measurement = {value}")
        assert verifier.verify(files.receipt("sandbox"), files.key("ipa")) == word
    assert verifier.result()["error"]["code"] == "MeasurementMismatch"


def test_a_proof_stands_beside_a_sandbox_that_counts_for_nothing(verifier: VerifierPage, files: Files) -> None:
    assert verifier.verify(files.receipt("both"), files.key("ipa")) == "Proved"
    assert "attestation" in verifier.codes("What was not checked")
    verifier.policy("Development")
    assert verifier.word() == "DEVELOPMENT ONLY"
    verifier.page.get_by_label("Evidence that you ask for").select_option(label="Both, of the same statement")
    verifier.policy("Production")
    assert verifier.word() == "Rejected"


def test_production_hardware_with_code_that_is_named_is_attested(
    trusting: VerifierPage, answers: Answers, files: Files
) -> None:
    own_policy(trusting)
    assert trusting.verify(answers.receipt("snp"), files.key("ipa")) == "Attested"
    found = trusting.result()
    assert (found["attestation"]["platform"], found["attestation"]["assurance"]) == ("snp", "hardware")
    assert {port["name"]: port["values"] is not None for port in found["outputs"]} == dict.fromkeys(files.output, True)
    chain = [(link["title"], link["outcome"]) for link in found["attestation"]["chain"]]
    assert chain[0] == ("Root, pinned in this release", "pass")
    assert {outcome for _, outcome in chain} == {"pass"}
    picture = trusting.page.get_by_role("img", name="Chain of 8 links")
    expect(picture).to_contain_text("ARK-Test")
    photograph(trusting.page, "verifier-attested", "light")
    assert faults(trusting.page) == []


def test_proof_and_hardware_together_are_both_said(trusting: VerifierPage, answers: Answers, files: Files) -> None:
    own_policy(trusting)
    trusting.page.get_by_label("Evidence that you ask for").select_option(label="Both, of the same statement")
    assert trusting.verify(answers.receipt("snp-both"), files.key("ipa")) == "Proved and attested"


def test_hardware_whose_code_nobody_named_is_not_attested(
    trusting: VerifierPage, answers: Answers, files: Files
) -> None:
    as_of_the_answer(trusting)
    assert trusting.verify(answers.receipt("snp"), files.key("ipa")) == "Rejected"
    assert trusting.result()["error"]["code"] == "PolicyDenied"
    trusting.policy("Look at hardware evidence only")
    assert trusting.word() == "Authentic, code unchecked"
    assert {"reference-values", "time-of-appraisal"} <= set(trusting.codes("What was not checked"))


def test_a_proof_stands_where_its_hardware_is_not_asked_for_and_lacks_something(
    trusting: VerifierPage, answers: Answers, files: Files
) -> None:
    as_of_the_answer(trusting)
    assert trusting.verify(answers.receipt("snp-both"), files.key("ipa")) == "Proved"
    assert "attestation" in trusting.codes("What was not checked")
    evidence = trusting.page.get_by_role("region", name="By which evidence")
    expect(evidence).to_contain_text("not counted")
    trusting.page.get_by_label("Evidence that you ask for").select_option(label="Both, of the same statement")
    trusting.again()
    assert trusting.word() == "Rejected"
    expect(trusting.verdict()).to_contain_text("Say what you accept under “Evidence and policy”")


def test_an_answer_that_is_wrong_is_rejected_beside_a_proof_that_holds(
    trusting: VerifierPage, answers: Answers, files: Files
) -> None:
    as_of_the_answer(trusting)
    receipt = load_receipt(answers.receipt("snp-both"))
    answer = receipt.evidence[0]
    assert isinstance(answer, TeeEvidence)
    changed = replace(answer, answer=answer.answer[:-1] + bytes([answer.answer[-1] ^ 1]))
    save_receipt(answers.receipt("changed"), replace(receipt, evidence=(changed, receipt.zk)))
    own_policy_text(trusting)
    assert trusting.verify(answers.receipt("changed"), files.key("ipa")) == "Rejected"
    assert trusting.result()["error"]["code"] == "SignatureRejected"


def test_another_challenge_is_refused(trusting: VerifierPage, answers: Answers, files: Files) -> None:
    own_policy(trusting, b"\x01" * 32)
    assert trusting.verify(answers.receipt("snp"), files.key("ipa")) == "Rejected"
    assert trusting.result()["error"]["code"] == "NonceMismatch"


def test_a_root_that_is_not_pinned_is_refused(verifier: VerifierPage, answers: Answers, files: Files) -> None:
    own_policy(verifier)
    assert verifier.verify(answers.receipt("snp"), files.key("ipa")) == "Rejected"
    found = verifier.result()
    assert found["error"]["code"] == "UntrustedRoot"
    assert found["attestation"]["chain"][0]["outcome"] == "fail"


def test_a_vendors_own_report_is_genuine_and_not_of_this_enclave(
    verifier: VerifierPage, answers: Answers, files: Files
) -> None:
    """AMD's report of another machine: root and signature hold, but it is bound to other keys than the enclave's."""
    verifier.policy("Look at hardware evidence only")
    assert verifier.verify(answers.receipt("own"), files.key("ipa")) == "Rejected"
    found = verifier.result()
    outcomes = {check["name"]: check["outcome"] for check in found["attestation"]["checks"]}
    assert (outcomes["chain"], outcomes["signature"], outcomes["nonce"]) == ("pass", "pass", "fail")
    assert found["error"]["code"] == "NonceMismatch"
