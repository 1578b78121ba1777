"""Receipts under policies: each kind of evidence where it is enough, and refused where it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.appraisal.conftest import Keys
from tests.appraisal.mini import CONTEXT, NONCE, NOW, MiniEnclave, policy_of

from zkseal.appraisal import Appraisal, DevAppraisal, Mode, ReceiptPolicy, appraise, load_policy
from zkseal.errors import (
    AppraisalError,
    Expired,
    InvalidEncoding,
    MeasurementMismatch,
    NonceMismatch,
    PolicyDenied,
    ProofRejected,
    SignatureRejected,
    StatementMismatch,
    WrongContext,
    WrongInput,
    WrongModel,
    ZksealError,
)
from zkseal.pipeline import Answer
from zkseal.receipts import DevTeeEvidence, Receipt, TeeEvidence
from zkseal.tee import Assurance, AttestationBundle

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def attested(enclave: MiniEnclave, answer: Answer) -> Receipt:
    return enclave.receipt(answer)


@pytest.fixture(scope="module")
def both(attested: Receipt, proved: Receipt) -> Receipt:
    return attested.with_proof(proved)


def outcomes(found: Appraisal | DevAppraisal) -> dict[str, str]:
    return {check.name: str(check.outcome) for check in found.checks}


def under(mode: str, receipt: Receipt, keys: Keys, **changes: Any) -> Appraisal | DevAppraisal:
    arguments = {"now": NOW, "verifying_key": keys[1], "context": CONTEXT, "nonce": NONCE} | changes
    lines = {"proof_deadline_s": "3600"} if mode == "tee_then_zk" else {}
    return appraise(receipt, policy_of(mode, **lines), **arguments)


def failed(
    mode: str, receipt: Receipt, keys: Keys, error: type[ZksealError], check: str, **changes: Any
) -> ZksealError:
    with pytest.raises(error) as caught:
        under(mode, receipt, keys, **changes)
    assert caught.value.fields["check"] == check
    return caught.value


def test_a_proof_alone(proved: Receipt, keys: Keys) -> None:
    found = under("zk", proved, keys, nonce=None)
    assert isinstance(found, Appraisal)
    assert (found.assurance, found.proved, found.development) == ("proof", True, False)
    assert outcomes(found)["tee.signature"] == "not_checked"
    assert list(found.outputs) == ["y"]


def test_an_answer_alone(attested: Receipt, keys: Keys, answer: Answer) -> None:
    found = under("tee", attested, keys)
    assert isinstance(found, DevAppraisal)
    assert not isinstance(found, Appraisal)
    assert (found.assurance, found.proved) == ("sandbox", False)
    assert outcomes(found)["zk.proof"] == "not_checked"
    assert found.outputs["y"].tolist() == answer.outputs["y"].tolist()
    view = found.to_json()
    assert view["development"] is True
    assert view["profile"].endswith("-dev")
    assert view["attestation"]["submods"]["sandbox"]["ear_status"] == "contraindicated"


def test_both_are_accepted_and_each_half_alone_is_refused(
    both: Receipt, attested: Receipt, proved: Receipt, keys: Keys
) -> None:
    found = under("tee_and_zk", both, keys)
    assert found.assurance == "sandbox+proof"
    assert outcomes(found)["tee.model-commitment"] == "pass"
    failed("tee_and_zk", attested, keys, PolicyDenied, "zk.proof")
    failed("tee_and_zk", proved, keys, PolicyDenied, "tee.attestation")


def test_the_answer_now_and_the_proof_within_the_deadline(both: Receipt, attested: Receipt, keys: Keys) -> None:
    pending = under("tee_then_zk", attested, keys)
    assert pending.pending_until == NOW - 10 + 3600
    assert under("tee_then_zk", both, keys).pending_until is None
    failed("tee_then_zk", attested, keys, Expired, "deadline", now=NOW + 3591)
    assert under("tee_then_zk", both, keys, now=NOW + 10**6).proved


def test_a_proof_that_the_enclave_made(enclave: MiniEnclave, answer: Answer, proved: Receipt, keys: Keys) -> None:
    receipt = enclave.receipt(answer, proved.proof).with_proof(proved)
    assert outcomes(under("zk_in_tee", receipt, keys))["tee.proof-digest"] == "pass"
    failed("zk_in_tee", enclave.receipt(answer).with_proof(proved), keys, PolicyDenied, "tee.proof-digest")
    other = enclave.receipt(answer, b"another proof").with_proof(proved)
    failed("zk_in_tee", other, keys, SignatureRejected, "tee.proof-digest")
    failed("tee_and_zk", other, keys, SignatureRejected, "tee.proof-digest")
    failed("zk_in_tee", enclave.receipt(answer, proved.proof), keys, PolicyDenied, "zk.proof")


def test_production_policies_refuse_development(both: Receipt, keys: Keys) -> None:
    for name in ("tee", "tee-and-zk", "tee-then-zk", "zk-in-tee"):
        with pytest.raises(AppraisalError) as caught:
            appraise(both, load_policy(name), now=NOW, verifying_key=keys[1], context=CONTEXT, nonce=NONCE)
        assert caught.value.fields["check"] in ("issuer", "reference-values", "platform", "assurance")
    assert isinstance(appraise(both, load_policy("zk"), now=NOW, verifying_key=keys[1], context=CONTEXT), Appraisal)


def test_a_development_answer_is_not_read_as_another(
    enclave: MiniEnclave, answer: Answer, attested: Receipt, keys: Keys
) -> None:
    """A production answer of a development enclave, and a development answer under the production tag."""
    failed("tee", enclave.production_receipt(answer, enclave.bundle), keys, PolicyDenied, "tee.kind")
    evidence = attested.attested
    assert isinstance(evidence, DevTeeEvidence)
    relabelled = Receipt(attested.statement, (TeeEvidence(evidence.answer, evidence.attestation),))
    failed("tee", relabelled, keys, PolicyDenied, "tee.kind")


def test_a_bad_proof_is_refused_where_none_is_asked_for(attested: Receipt, proved: Receipt, keys: Keys) -> None:
    broken = bytearray(proved.proof)
    broken[-1] ^= 1
    bad = Receipt(proved.statement, (replace(proved.zk, proof=bytes(broken)),))
    failed("tee", attested.with_proof(bad), keys, ProofRejected, "zk.proof")


def test_answers_of_other_statements_starts_and_models_are_refused(
    enclave: MiniEnclave, answer: Answer, keys: Keys
) -> None:
    lie = enclave.receipt
    failed("tee", lie(answer, statement_digest=b"\1" * 32), keys, StatementMismatch, "tee.statement")
    failed("tee", lie(answer, runtime_digest=b"\1" * 32), keys, SignatureRejected, "tee.runtime")
    failed("tee", lie(answer, boot_epoch=b"\1" * 16), keys, SignatureRejected, "tee.runtime")
    elsewhere = MiniEnclave.start(keys[0], zk_model_commitment=b"\1" * 32)
    failed("tee", elsewhere.receipt(answer), keys, WrongModel, "tee.model-commitment")


def test_a_signature_of_another_key_is_refused(enclave: MiniEnclave, answer: Answer, keys: Keys) -> None:
    other = MiniEnclave.start(keys[0])
    forged = replace(enclave, signing_key=other.signing_key).receipt(answer)
    failed("tee", forged, keys, SignatureRejected, "tee.signature")
    swapped = replace(enclave, bundle=other.bundle).receipt(answer)
    failed("tee", swapped, keys, SignatureRejected, "tee.signature")


def test_every_changed_bit_of_an_answer_is_refused(attested: Receipt, keys: Keys) -> None:
    evidence = attested.attested
    assert isinstance(evidence, DevTeeEvidence)
    for offset in range(len(evidence.answer)):
        changed = bytearray(evidence.answer)
        changed[offset] ^= 1 << (offset % 8)
        receipt = Receipt(attested.statement, (replace(evidence, answer=bytes(changed)),))
        with pytest.raises(ZksealError):
            under("tee", receipt, keys)


def test_age_and_clock(enclave: MiniEnclave, attested: Receipt, answer: Answer, keys: Keys) -> None:
    policy = policy_of("tee", max_age_s="60")
    arguments: dict[str, Any] = {"verifying_key": keys[1], "context": CONTEXT, "nonce": NONCE}
    assert appraise(attested, policy, now=NOW, **arguments).claims is not None
    with pytest.raises(Expired):
        appraise(attested, policy, now=NOW + 51, **arguments)
    failed("tee", enclave.receipt(answer, issued_at=NOW + 61), keys, Expired, "tee.age")


def test_context_model_challenge_and_code(attested: Receipt, keys: Keys) -> None:
    failed("tee", attested, keys, WrongContext, "context", context=b"visit 13")
    failed("tee", attested, keys, NonceMismatch, "challenge", nonce=b"\x08" * 32)
    arguments: dict[str, Any] = {"now": NOW, "context": CONTEXT, "nonce": NONCE}
    listed = policy_of("tee", models=f'["{keys[1].model_id.hex()}"]')
    assert outcomes(appraise(attested, listed, **arguments))["model"] == "pass"
    with pytest.raises(PolicyDenied):
        appraise(attested, policy_of("tee", models=f'["{"00" * 32}"]'), **arguments)
    policy = policy_of("tee")
    assert policy.attestation is not None
    other = replace(policy.attestation, references={"sandbox.measurement": ("00" * 32,)})
    with pytest.raises(MeasurementMismatch):
        appraise(attested, replace(policy, attestation=other), **arguments)


def test_a_key_of_another_model_is_refused(attested: Receipt, keys: Keys, samples: Any) -> None:
    from zkseal import pipeline
    from zkseal.conftest import tiny_graph

    other = pipeline.setup(pipeline.compile(tiny_graph(2.0), samples))[1]
    failed("tee", attested, keys, WrongModel, "model", verifying_key=other)


def test_proofs_need_a_key(both: Receipt, attested: Receipt, keys: Keys) -> None:
    failed("zk", both, keys, WrongInput, "zk.proof", verifying_key=None)
    failed("tee_then_zk", both, keys, WrongInput, "zk.proof", verifying_key=None)
    arguments: dict[str, Any] = {"now": NOW, "context": CONTEXT, "nonce": NONCE}
    policy = policy_of("tee", allow_not_checked='["model", "tee.age"]')
    found = appraise(attested, policy, **arguments)
    assert (dict(found.outputs), outcomes(found)["model"]) == ({}, "not_checked")
    assert outcomes(appraise(both, policy, **arguments))["zk.proof"] == "not_checked"


def test_what_a_mode_asks_for_is_not_left_out_silently(attested: Receipt, both: Receipt, keys: Keys) -> None:
    """Without a key nor a list of models nobody said which model; without an age an answer of years ago is as good."""
    failed("tee", attested, keys, PolicyDenied, "model", verifying_key=None)
    arguments: dict[str, Any] = {"now": NOW, "verifying_key": keys[1], "context": CONTEXT, "nonce": NONCE}
    for mode, receipt in (("tee", attested), ("tee_and_zk", both)):
        with pytest.raises(PolicyDenied) as caught:
            appraise(receipt, replace(policy_of(mode), allow_not_checked=()), **arguments)
        assert caught.value.fields["check"] == "tee.age"


def test_a_policy_that_was_not_parsed_keeps_its_rules(attested: Receipt, keys: Keys) -> None:
    for mode in (Mode.TEE, Mode.TEE_AND_ZK, Mode.ZK_IN_TEE):
        with pytest.raises(InvalidEncoding):
            ReceiptPolicy("mine", mode)
    policy = policy_of("tee")
    object.__setattr__(policy, "attestation", None)
    with pytest.raises(PolicyDenied) as caught:
        appraise(attested, policy, now=NOW, verifying_key=keys[1], context=CONTEXT)
    assert caught.value.fields["check"] == "tee.attestation"


def test_no_result_under_a_development_policy_is_for_production(proved: Receipt, keys: Keys) -> None:
    """Also where all that it found is sound: a policy that asks for less finds less."""
    loose = policy_of("zk", allow_insecure_setup="true")
    found = appraise(proved, loose, now=NOW, verifying_key=keys[1], context=CONTEXT)
    assert isinstance(found, DevAppraisal)
    assert found.to_json()["profile"].endswith("-dev")
    with pytest.raises(PolicyDenied):
        Appraisal(**vars(found))


def test_a_refusal_tells_all_checks(attested: Receipt, keys: Keys) -> None:
    error = failed("tee_and_zk", attested, keys, PolicyDenied, "zk.proof")
    told = {check["name"]: check["outcome"] for check in error.fields["checks"]}
    assert (told["context"], told["zk.proof"], told["tee.signature"]) == ("pass", "fail", "not_checked")


def test_results_keep_to_their_type(attested: Receipt, proved: Receipt, keys: Keys) -> None:
    with pytest.raises(PolicyDenied):
        Appraisal(**vars(under("tee", attested, keys)))
    with pytest.raises(PolicyDenied):
        DevAppraisal(**vars(under("zk", proved, keys, nonce=None)))


def test_a_ceiling_above_the_root_makes_no_production_answer(keys: Keys, answer: Answer) -> None:
    boasting = MiniEnclave.start(keys[0], ceiling=Assurance.HARDWARE)
    assert isinstance(boasting.bundle, AttestationBundle)
    failed("tee", boasting.production_receipt(answer, boasting.bundle), keys, PolicyDenied, "tee.kind")
