"""Whole receipts under each mode: what is accepted, and what is refused by which check, as in Python."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest
from tests.appraisal.conftest import Keys
from tests.appraisal.mini import CONTEXT, MEASUREMENT, NONCE, NOW, MiniEnclave
from tests.broker.vendors import MEASUREMENT as SNP_MEASUREMENT
from tests.broker.vendors import SnpVendor
from tests.tee.web.node import ROOT, Node, json_form

from zkseal.appraisal import appraise, load_policy, parse_policy
from zkseal.appraisal.policy import shipped_policies
from zkseal.errors import ZksealError
from zkseal.pipeline import Answer
from zkseal.receipts import DevTeeEvidence, Receipt, TeeEvidence
from zkseal.tee import Assurance, AttestationBundle

pytestmark = [pytest.mark.native, pytest.mark.slow]

TABLE = f"""[attestation]
extends = "development"
[attestation.references]
"sandbox.measurement" = ["{MEASUREMENT.hex()}"]
"""

SNP_TABLE = f"""[attestation]
extends = "production"
[attestation.references]
"snp.measurement" = ["{SNP_MEASUREMENT.hex()}"]
[attestation.snp.min_tcb.milan]
snp = 8
"""


def policy_text(mode: str, lines: str = 'allow_not_checked = ["tee.age"]') -> str:
    deadline = "proof_deadline_s = 3600\n" if mode == "tee_then_zk" else ""
    return f'name = "test"\nmode = "{mode}"\n{deadline}{"" if mode == "zk" else lines + chr(10) + TABLE}'


def same(node: Node, receipt: Receipt, text: str, keys: Keys, **changes: Any) -> str:
    """Asserts that both find the same, and returns what that is: a type, or the check that failed."""
    given = {"now": NOW, "verifying_key": keys[1], "context": CONTEXT, "nonce": NONCE} | changes
    try:
        found = appraise(receipt, parse_policy(text), **given)
        expected: dict[str, Any] = {"kind": type(found).__name__, "result": json_form(found.to_json())}
    except ZksealError as error:
        checks = json_form(error.fields["checks"])
        shown = {"code": error.code, "message": error.message, "check": error.fields["check"]}
        expected = {"error": shown, "checks": checks}
    key = given.pop("verifying_key")
    got = node.ask("receipt", tomllib.loads(text), receipt.to_cbor(), **given, key=None if key is None else key.data)
    if "error" in expected and not expected["error"]["check"].startswith("tee."):
        # Sentences about proofs and keys are of each package.
        for part in (got, expected):
            part["error"].pop("message")
            part["checks"] = [{**check, "detail": ""} for check in part["checks"]]
    words = got.pop("words", None)
    assert got == expected
    if words is not None:
        leaves_nothing_out(words, got["result"])
    return str(got.get("kind") or got["error"]["check"])


def leaves_nothing_out(words: dict[str, Any], result: dict[str, Any]) -> None:
    """Every check that was not made is told; nothing of development is among what is shown."""
    codes = {name: [fact["code"] for fact in facts] for name, facts in words.items()}
    answer = [] if result["answer"] is None else result["checks"]
    attestation = [] if result["attestation"] is None else result["attestation"]["checks"]
    told = {check["name"] for check in (*answer, *attestation) if check["outcome"] == "not_checked"}
    assert told - {"deadline", "zk.proof"} <= set(codes["unchecked"])
    assert ("zk.proof" in codes["unchecked"]) == ("proof" not in result["assurance"])
    if result["development"]:
        assert codes["development"]
        assert set(codes["shown"]) <= {"zk.proof"}
    else:
        assert not codes["development"]
        assert ("tee.signature" in codes["shown"]) == (result["answer"] is not None)


@pytest.fixture(scope="module")
def attested(enclave: MiniEnclave, answer: Answer) -> Receipt:
    return enclave.receipt(answer)


@pytest.fixture(scope="module")
def both(attested: Receipt, proved: Receipt) -> Receipt:
    return attested.with_proof(proved)


def test_each_mode_takes_its_evidence_and_refuses_half_of_it(
    node: Node, attested: Receipt, both: Receipt, proved: Receipt, keys: Keys
) -> None:
    assert same(node, proved, policy_text("zk"), keys, nonce=None) == "Appraisal"
    assert same(node, attested, policy_text("tee"), keys) == "DevAppraisal"
    assert same(node, both, policy_text("tee_and_zk"), keys) == "DevAppraisal"
    assert same(node, attested, policy_text("tee_and_zk"), keys) == "zk.proof"
    assert same(node, proved, policy_text("tee_and_zk"), keys) == "tee.attestation"
    assert same(node, attested, policy_text("tee_then_zk"), keys) == "DevAppraisal"
    assert same(node, both, policy_text("tee_then_zk"), keys, now=NOW + 10**6) == "DevAppraisal"
    assert same(node, attested, policy_text("tee_then_zk"), keys, now=NOW + 3591) == "deadline"
    assert same(node, both, policy_text("zk_in_tee"), keys) == "tee.proof-digest"


def test_a_proof_that_the_enclave_made(
    node: Node, enclave: MiniEnclave, answer: Answer, proved: Receipt, keys: Keys
) -> None:
    receipt = enclave.receipt(answer, proved.proof).with_proof(proved)
    assert same(node, receipt, policy_text("zk_in_tee"), keys) == "DevAppraisal"
    other = enclave.receipt(answer, b"another proof").with_proof(proved)
    assert same(node, other, policy_text("zk_in_tee"), keys) == "tee.proof-digest"
    assert same(node, other, policy_text("tee_and_zk"), keys) == "tee.proof-digest"
    assert same(node, enclave.receipt(answer, proved.proof), policy_text("tee"), keys) == "DevAppraisal"


def test_lies_of_an_enclave(node: Node, enclave: MiniEnclave, answer: Answer, keys: Keys) -> None:
    lies: dict[str, dict[str, Any]] = {
        "tee.statement": {"statement_digest": b"\1" * 32},
        "tee.runtime": {"boot_epoch": b"\1" * 16},
        "tee.age": {"issued_at": NOW + 61},
    }
    for check, lie in lies.items():
        assert same(node, enclave.receipt(answer, **lie), policy_text("tee"), keys) == check
    elsewhere = MiniEnclave.start(keys[0], zk_model_commitment=b"\1" * 32)
    assert same(node, elsewhere.receipt(answer), policy_text("tee"), keys) == "tee.model-commitment"
    forged = replace(enclave, signing_key=elsewhere.signing_key).receipt(answer)
    assert same(node, forged, policy_text("tee"), keys) == "tee.signature"
    old = policy_text("tee", "max_age_s = 60")
    assert same(node, enclave.receipt(answer), old, keys) == "DevAppraisal"
    assert same(node, enclave.receipt(answer), old, keys, now=NOW + 51) == "tee.age"


def test_development_is_never_production(
    node: Node, enclave: MiniEnclave, answer: Answer, attested: Receipt, both: Receipt, proved: Receipt, keys: Keys
) -> None:
    relabelled = enclave.production_receipt(answer, enclave.bundle)
    assert same(node, relabelled, policy_text("tee"), keys) == "tee.kind"
    evidence = attested.attested
    assert isinstance(evidence, DevTeeEvidence)
    moved = Receipt(attested.statement, (TeeEvidence(evidence.answer, evidence.attestation),))
    assert same(node, moved, policy_text("tee"), keys) == "tee.kind"
    table = '[attestation]\nextends = "production"\n'
    for mode in ("tee", "tee_and_zk", "zk_in_tee"):
        assert same(node, both, policy_text(mode).replace(TABLE, table), keys) == "platform"
    loose = policy_text("zk") + "allow_insecure_setup = true\n"
    assert same(node, proved, loose, keys, nonce=None) == "DevAppraisal"


def test_context_model_and_challenge(node: Node, attested: Receipt, both: Receipt, keys: Keys) -> None:
    text = policy_text("tee")
    assert same(node, attested, text, keys, context=b"visit 13") == "context"
    assert same(node, attested, text, keys, nonce=b"\x08" * 32) == "challenge"
    assert same(node, attested, text, keys, verifying_key=None) == "model"
    assert same(node, both, policy_text("tee_and_zk"), keys, verifying_key=None) == "zk.proof"
    listed = text.replace("mode =", f'models = ["{keys[1].model_id.hex()}"]\nmode =')
    assert same(node, both, listed, keys, verifying_key=None) == "DevAppraisal"
    assert same(node, attested, listed.replace(keys[1].model_id.hex(), "00" * 32), keys) == "model"
    assert same(node, attested, policy_text("tee", ""), keys) == "tee.age"


def test_answers_of_production_hardware(node: Node, answer: Answer, proved: Receipt, keys: Keys) -> None:
    snp = SnpVendor(NOW)
    enclave = MiniEnclave.start(keys[0], ceiling=Assurance.HARDWARE)
    bundle = AttestationBundle(enclave.runtime, snp.evidence(enclave.runtime))
    receipt = enclave.production_receipt(answer, bundle)
    assert same(node, receipt, policy_text("tee").replace(TABLE, SNP_TABLE), keys, roots=snp.roots) == "Appraisal"
    whole = receipt.with_proof(proved)
    assert same(node, whole, policy_text("tee_and_zk").replace(TABLE, SNP_TABLE), keys, roots=snp.roots) == "Appraisal"
    assert same(node, whole, policy_text("tee_and_zk").replace(TABLE, SNP_TABLE), keys) == "chain"
    assert same(node, receipt, policy_text("tee"), keys, roots=snp.roots) == "DevAppraisal"


def test_a_bad_proof_is_refused_where_none_is_asked_for(
    node: Node, attested: Receipt, proved: Receipt, keys: Keys
) -> None:
    broken = bytearray(proved.proof)
    broken[-1] ^= 1
    bad = Receipt(proved.statement, (replace(proved.zk, proof=bytes(broken)),))
    assert same(node, attested.with_proof(bad), policy_text("tee"), keys) == "zk.proof"


def test_changed_bits_of_answers_get_the_same_code(node: Node, attested: Receipt, keys: Keys) -> None:
    evidence = attested.attested
    assert isinstance(evidence, DevTeeEvidence)
    text = policy_text("tee")
    for offset in range(len(evidence.answer)):
        changed = bytearray(evidence.answer)
        changed[offset] ^= 1 << (offset % 8)
        receipt = Receipt(attested.statement, (replace(evidence, answer=bytes(changed)),))
        with pytest.raises(ZksealError) as caught:
            appraise(receipt, parse_policy(text), now=NOW, verifying_key=keys[1], context=CONTEXT, nonce=NONCE)
        given = {"now": NOW, "key": keys[1].data, "context": CONTEXT, "nonce": NONCE}
        found = node.ask("receipt", tomllib.loads(text), receipt.to_cbor(), **given)
        assert found["error"]["code"] == caught.value.code, offset


def test_shipped_receipt_policies_have_equal_digests(node: Node) -> None:
    for name in shipped_policies():
        text = (ROOT / "src" / "zkseal" / "appraisal" / "policies" / f"{name}.toml").read_text()
        assert node.ask("receipt-policy", tomllib.loads(text))["result"] == load_policy(name).policy_id
