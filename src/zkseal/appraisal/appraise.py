"""`appraise`: one receipt under one policy, check by check. No clock, no network, and no flag in the result."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from zkseal import pipeline
from zkseal.appraisal.policy import Mode, ReceiptPolicy
from zkseal.appraisal.result import Appraisal, DevAppraisal
from zkseal.errors import (
    Expired,
    PolicyDenied,
    SignatureRejected,
    StatementMismatch,
    WrongContext,
    WrongInput,
    WrongModel,
    ZksealError,
)
from zkseal.pipeline import Interface, ProvedStatement
from zkseal.proving import SegmentedVerifyingKey, VerifyingKey
from zkseal.receipts import AnswerClaims, DevTeeEvidence, Receipt, TeeEvidence
from zkseal.tee import (
    AttestationBundle,
    AttestedRuntime,
    Check,
    DevAttestedRuntime,
    Outcome,
    Roots,
    appraise_bundle,
    verify_answer_signature,
)

__all__ = ["appraise"]

CHECKS = (
    "context",
    "model",
    "zk.proof",
    "tee.attestation",
    "tee.kind",
    "tee.signature",
    "tee.statement",
    "tee.runtime",
    "tee.model-commitment",
    "tee.age",
    "tee.proof-digest",
    "deadline",
)


def appraise(
    receipt: Receipt,
    policy: ReceiptPolicy,
    *,
    now: int,
    verifying_key: VerifyingKey | SegmentedVerifyingKey | None = None,
    context: bytes = b"",
    nonce: bytes | None = None,
    roots: Roots | None = None,
) -> Appraisal | DevAppraisal:
    """Appraises a receipt at the time `now` (Unix seconds) and returns what was checked.

    Evidence that is there and can be checked is checked, also where the policy does not ask for it: a receipt with a
    proof that does not hold is refused under every policy.

    Args:
        verifying_key: the model's; needed for proofs, and for numbers by name.
        context: what the receipt has to be for.
        nonce: the challenge that the enclave's attestation has to answer, if the caller set one.
        roots: trust anchors of hardware evidence, by default those that zkseal pins.

    Raises:
        AppraisalError, ProofRejected, DecodeError: the first check that failed, in its field `check`; `checks` are all.
        WrongInput: the policy asks for a proof and no verifying key was given.
    """
    work = _Appraisal(receipt, policy, now, verifying_key, context, nonce, roots)
    try:
        return work.run()
    except ZksealError as error:
        error.fields.setdefault("check", work.current)
        error.fields["checks"] = [check.to_json() for check in work.log(error)]
        raise


@dataclass
class _Appraisal:
    receipt: Receipt
    policy: ReceiptPolicy
    now: int
    verifying_key: VerifyingKey | SegmentedVerifyingKey | None
    context: bytes
    nonce: bytes | None
    roots: Roots | None
    made: dict[str, Check] = field(default_factory=dict)
    current: str = CHECKS[0]

    def run(self) -> Appraisal | DevAppraisal:
        self._check_statement()
        proved = self._check_proof()
        attested, claims = self._check_answer()
        pending_until = self._check_deadline(proved, claims)
        interface = None if self.verifying_key is None else Interface.of(self.verifying_key.relation)
        statement = self.receipt.statement
        integers = statement.input.arrays() | statement.output.arrays()
        found: dict[str, Any] = {
            "statement": statement,
            "mode": self.policy.mode,
            "policy_id": self.policy.policy_id,
            "now": self.now,
            "checks": self.log(None),
            "inputs": {} if interface is None else interface.decode(interface.inputs, integers),
            "outputs": {} if interface is None else interface.decode(interface.outputs, integers),
            "proved": proved is not None,
            "insecure": proved is not None and proved.insecure,
            "attested": attested,
            "claims": claims,
            "pending_until": pending_until,
        }
        self._require_checks()
        development = self.policy.development or found["insecure"] or isinstance(attested, DevAttestedRuntime)
        return (DevAppraisal if development else Appraisal)(**found, development=development)

    def _require_checks(self) -> None:
        """Nothing that the mode asks for stays unmade, unless the policy allows that by name."""
        for name in self.policy.mode.checks:
            self.current = name
            made = self.made.get(name)
            if made is not None and made.outcome is Outcome.PASS:
                continue
            if made is None or name not in self.policy.allow_not_checked:
                why = "not reached" if made is None else made.detail
                raise self._denied(f"the check {name} was not made ({why}), and the policy does not allow that")

    def log(self, error: ZksealError | None) -> tuple[Check, ...]:
        """All checks: those not reached are `not_checked`, the one that failed is `fail`."""
        made = dict(self.made)
        if error is not None:
            made[self.current] = Check(self.current, Outcome.FAIL, error.message)
        return tuple(made.get(name, Check(name, Outcome.NOT_CHECKED, "not reached")) for name in CHECKS)

    def _pass(self, name: str, detail: str = "") -> None:
        self.made[name] = Check(name, Outcome.PASS, detail)

    def _skip(self, names: tuple[str, ...], reason: str) -> None:
        self.made |= {name: Check(name, Outcome.NOT_CHECKED, reason) for name in names}

    def _denied(self, reason: str) -> PolicyDenied:
        return PolicyDenied(f"{reason[:1].upper()}{reason[1:]}.", check=self.current, reason=reason)

    def _check_statement(self) -> None:
        statement = self.receipt.statement
        self.current = "context"
        if statement.context != self.context:
            raise WrongContext(
                "The receipt was made for another context. Appraise it under the one that it was asked for.",
                expected=self.context.hex(),
                got=statement.context.hex(),
            )
        self._pass("context")
        self.current = "model"
        model = statement.model_id.hex()
        if self.policy.models and model not in self.policy.models:
            raise self._denied(f"the policy does not list the model {model}")
        if self.verifying_key is not None and self.verifying_key.model_id != statement.model_id:
            raise WrongModel(
                "The receipt is about another model than the verifying key.",
                expected=self.verifying_key.model_id.hex(),
                got=model,
            )
        if self.verifying_key is None and not self.policy.models:
            self._skip(("model",), "neither a verifying key nor a list of models was given")
        else:
            self._pass("model", model)

    def _check_proof(self) -> ProvedStatement | None:
        self.current = "zk.proof"
        if not self.receipt.proved:
            if self.policy.mode.needs_proof:
                raise self._denied(f"the policy asks for {self.policy.mode}, and the receipt has no proof")
            self._skip(("zk.proof",), "the receipt has no proof")
            return None
        if self.verifying_key is None:
            if self.policy.mode is not Mode.TEE:
                text = "A proof is checked with the model's verifying key. Give it."
                raise WrongInput(text, name="verifying_key", expected="a verifying key", got=None)
            self._skip(("zk.proof",), "no verifying key was given, and the policy asks for no proof")
            return None
        insecure = self.policy.allow_insecure_setup
        proved = pipeline.verify(self.receipt, self.verifying_key, context=self.context, insecure_srs=insecure)
        self._pass("zk.proof", "of no published ceremony" if proved.insecure else proved.origin or "no trusted setup")
        return proved

    def _check_answer(self) -> tuple[AttestedRuntime | DevAttestedRuntime | None, AnswerClaims | None]:
        names = tuple(name for name in CHECKS if name.startswith("tee."))
        self.current = "tee.attestation"
        evidence, attestation = self.receipt.attested, self.policy.attestation
        if evidence is None:
            if self.policy.mode.needs_answer:
                raise self._denied(f"the policy asks for {self.policy.mode}, and the receipt has no signed answer")
            self._skip(names, "the receipt has no signed answer")
            return None, None
        if attestation is None:
            if self.policy.mode.needs_answer:
                raise self._denied(f"the policy asks for {self.policy.mode}, and says nothing of attestations")
            self._skip(names, "the policy says nothing of attestations")
            return None, None
        bundle = AttestationBundle.from_cbor(evidence.attestation)
        attested = appraise_bundle(bundle, attestation, now=self.now, nonce=self.nonce, roots=self.roots)
        self._pass("tee.attestation", f"assurance {attested.result.assurance.name.lower()}")
        self.current = "tee.kind"
        if attested.result.assurance.production == isinstance(evidence, DevTeeEvidence):
            raise self._denied("the answer and its attestation are not both of production, or both of development")
        self._pass("tee.kind", evidence.TYPE)
        return attested, self._check_claims(evidence, attested)

    def _check_claims(
        self, evidence: TeeEvidence | DevTeeEvidence, attested: AttestedRuntime | DevAttestedRuntime
    ) -> AnswerClaims:
        runtime, signed, statement = attested.runtime_data, evidence.signed, self.receipt.statement
        claims = signed.claims
        self.current = "tee.signature"
        verify_answer_signature(runtime, signed.signed_part, signed.signature)
        self._pass("tee.signature", "ES256K by the attested key")
        self.current = "tee.statement"
        if claims.statement_digest != statement.digest:
            raise StatementMismatch("The enclave signed another statement than the receipt's.", column="statement")
        self._pass("tee.statement")
        self.current = "tee.runtime"
        if claims.runtime_digest != runtime.digest or claims.boot_epoch != runtime.boot_epoch:
            raise SignatureRejected(
                "The answer is of another start of the enclave than its attestation.", reason="runtime"
            )
        self._pass("tee.runtime")
        self.current = "tee.model-commitment"
        if runtime.zk_model_commitment != statement.model_id:
            raise WrongModel(
                "The enclave is attested for another model than the statement's.",
                expected=statement.model_id.hex(),
                got=runtime.zk_model_commitment.hex(),
            )
        self._pass("tee.model-commitment", "the model id of proofs")
        self._check_age(claims)
        self._check_proof_digest(claims)
        return claims

    def _check_age(self, claims: AnswerClaims) -> None:
        self.current = "tee.age"
        age = self.now - claims.issued_at
        if age < -self.policy.clock_skew_s:
            text = f"The answer says to be made {-age} seconds from now."
            raise Expired(text, reason="age", now=self.now)
        if self.policy.max_age_s == 0:
            self._skip(("tee.age",), "the policy sets no age")
            return
        if age > self.policy.max_age_s:
            text = f"The answer is {age} seconds old; the policy accepts {self.policy.max_age_s}."
            raise Expired(text, reason="age", now=self.now)
        self._pass("tee.age", f"{age} s")

    def _check_proof_digest(self, claims: AnswerClaims) -> None:
        self.current = "tee.proof-digest"
        if claims.proof_digest is None:
            if self.policy.mode is Mode.ZK_IN_TEE:
                raise self._denied("the enclave did not sign a proof of its own")
            self._skip(("tee.proof-digest",), "the enclave made no proof")
            return
        if not self.receipt.proved:
            if self.policy.mode is Mode.ZK_IN_TEE:
                raise self._denied("the proof that the enclave signed is not there")
            self._skip(("tee.proof-digest",), "the proof that the enclave signed is not in the receipt")
            return
        if claims.proof_digest != hashlib.sha256(self.receipt.proof).digest():
            raise SignatureRejected("The proof is not the one that the enclave made.", reason="proof digest")
        self._pass("tee.proof-digest", "the enclave made the proof")

    def _check_deadline(self, proved: ProvedStatement | None, claims: AnswerClaims | None) -> int | None:
        self.current = "deadline"
        if self.policy.mode is not Mode.TEE_THEN_ZK or claims is None:
            self._skip(("deadline",), "the policy sets none")
            return None
        until = claims.issued_at + self.policy.proof_deadline_s
        if proved is not None:
            self._pass("deadline", "the proof is there")
            return None
        if self.now > until:
            text = f"The proof of this answer is overdue by {self.now - until} seconds. Without it the answer is void."
            raise Expired(text, reason="proof deadline", now=self.now)
        self._pass("deadline", f"the proof may come within {until - self.now} s")
        return until
