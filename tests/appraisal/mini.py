"""An enclave in miniature: keys, an attester and signed answers, without process or channel."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from zkseal import _native
from zkseal.appraisal import ReceiptPolicy, parse_policy
from zkseal.pipeline import Answer, ProvingKey
from zkseal.receipts import AnswerClaims, DevTeeEvidence, Receipt, TeeEvidence, sign_answer
from zkseal.tee import Assurance, AttestationBundle, RuntimeData
from zkseal.tee.attesters.sandbox import SandboxAttester

NOW = 1_800_000_000
NONCE = b"\x07" * 32
CONTEXT = b"visit 12"
MEASUREMENT = hashlib.sha256(b"the enclave's code").digest()


@dataclass
class MiniEnclave:
    """Keys of one start, attested by a sandbox."""

    proving_key: ProvingKey
    signing_key: Any
    runtime: RuntimeData
    bundle: AttestationBundle

    @staticmethod
    def start(proving_key: ProvingKey, **changes: Any) -> MiniEnclave:
        signing_key, hpke_key, issuer = (
            _native.SigningKey.generate(),
            _native.HpkeKey.generate(),
            _native.SigningKey.generate(),
        )
        values: dict[str, Any] = {
            "ceiling": Assurance.SANDBOX,
            "hpke_public_key": hpke_key.public_key,
            "signing_public_key": signing_key.public_key,
            "model_digest": b"\x03" * 32,
            "zk_model_commitment": proving_key.verifying_key.model_id,
            "policy_digest": b"\x05" * 32,
            "boot_epoch": b"\x06" * 16,
            "nonce": NONCE,
        }
        runtime = RuntimeData(**(values | changes))
        attester = SandboxAttester(issuer.public_key, issuer.sign, measurement=MEASUREMENT)
        return MiniEnclave(proving_key, signing_key, runtime, AttestationBundle(runtime, attester.attest(runtime)))

    def receipt(self, answer: Answer, proof: bytes | None = None, **changes: Any) -> Receipt:
        """The signed answer, as a receipt; `changes` are lies about its claims."""
        values: dict[str, Any] = {
            "statement_digest": answer.statement.digest,
            "runtime_digest": self.runtime.digest,
            "request_digest": bytes(32),
            "boot_epoch": self.runtime.boot_epoch,
            "sequence": 0,
            "previous": bytes(32),
            "issued_at": NOW - 10,
            "proof_digest": None if proof is None else hashlib.sha256(proof).digest(),
        }
        claims = AnswerClaims(**(values | changes))
        signed = sign_answer(claims, self.signing_key.sign, development=True)
        return Receipt(answer.statement, (DevTeeEvidence(signed, self.bundle.to_cbor()),))

    def production_receipt(self, answer: Answer, bundle: AttestationBundle) -> Receipt:
        """What this enclave would have to show in production."""
        values = AnswerClaims(
            answer.statement.digest,
            bundle.runtime_data.digest,
            bytes(32),
            bundle.runtime_data.boot_epoch,
            0,
            bytes(32),
            NOW,
        )
        signed = sign_answer(values, self.signing_key.sign, development=False)
        return Receipt(answer.statement, (TeeEvidence(signed, bundle.to_cbor()),))


def policy_of(mode: str, **lines: str) -> ReceiptPolicy:
    allowed = {} if mode == "zk" or "max_age_s" in lines else {"allow_not_checked": '["tee.age"]'}
    more = "".join(f"{name} = {value}\n" for name, value in (allowed | lines).items())
    table = (
        ""
        if mode == "zk"
        else (
            '[attestation]\nextends = "development"\n'
            f'[attestation.references]\n"sandbox.measurement" = ["{MEASUREMENT.hex()}"]\n'
        )
    )
    return parse_policy(f'name = "test"\nmode = "{mode}"\n{more}{table}')
