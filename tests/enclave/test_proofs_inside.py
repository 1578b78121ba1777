"""An enclave that signs whatever its operator wants: clients with the verifying key look at its proof themselves."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field

import pytest
from tests.enclave.worlds import POLICY, sample

import zkseal
from zkseal._native import HpkeKey, SigningKey
from zkseal.enclave import DevEnclaveClient
from zkseal.enclave.messages import AnswerMode, Envelope, Request, Response, request_info
from zkseal.enclave.padding import pad, unpad
from zkseal.enclave.transport import Transport
from zkseal.errors import ProofRejected
from zkseal.receipts import AnswerClaims, sign_answer
from zkseal.tee import Assurance, AttestationBundle, RuntimeData
from zkseal.tee.attesters import SandboxAttester

pytestmark = pytest.mark.native


@dataclass
class Enclave:
    """Keys of its own, true evidence for them, and true answers, beside a proof of the given input.

    Attributes:
        proved: what the proof is about, whatever was asked.
    """

    key: zkseal.ProvingKey
    proved: int
    hpke: HpkeKey = field(default_factory=HpkeKey.generate)
    signing: SigningKey = field(default_factory=SigningKey.generate)

    def runtime(self, nonce: bytes) -> RuntimeData:
        keys = (self.hpke.public_key, self.signing.public_key)
        digests = (b"\x01" * 32, self.key.verifying_key.model_id, POLICY.digest)
        return RuntimeData(Assurance.SANDBOX, *keys, *digests, bytes(range(16)), nonce)

    def attestation(self, nonce: bytes) -> bytes:
        issuer, runtime = SigningKey.generate(), self.runtime(nonce)
        attester = SandboxAttester(issuer.public_key, issuer.sign, measurement=bytes(32), isolation=("seccomp",))
        return AttestationBundle(runtime, attester.attest(runtime)).to_cbor()

    def infer(self, data: bytes) -> bytes:
        envelope = Envelope.from_cbor(data)
        runtime = self.runtime(envelope.nonce)
        plaintext, sealer = self.hpke.open_request(envelope.sealed, request_info(runtime), envelope.header)
        request = Request.from_cbor(unpad(plaintext))
        answered = zkseal.answer(self.key, request.samples, context=request.context)
        other = zkseal.prove(self.key, sample(self.proved), context=request.context)
        # Signed is the true answer; beside it stands its proof, or a true proof of another input.
        opening = answered.opening if self.proved else other.opening
        statement = answered.statement if self.proved else other.receipt.statement
        proof = other.receipt.zk
        assert proof is not None
        claims = AnswerClaims(
            statement_digest=statement.digest,
            runtime_digest=runtime.digest,
            request_digest=hashlib.sha256(data).digest(),
            boot_epoch=runtime.boot_epoch,
            sequence=0,
            previous=bytes(32),
            issued_at=int(time.time()),
            proof_digest=hashlib.sha256(proof.proof).digest(),
        )
        signed = sign_answer(claims, self.signing.sign, development=True)
        response = Response(signed, statement, opening, answered.outputs, request.nonce, proof)
        return sealer.seal(pad(response.to_cbor()))


def asking(enclave: Enclave, monkeypatch: pytest.MonkeyPatch, *, with_key: bool) -> DevEnclaveClient:
    monkeypatch.setattr(Transport, "attestation", lambda self, nonce: enclave.attestation(nonce))
    monkeypatch.setattr(Transport, "infer", lambda self, data: enclave.infer(data))
    key = enclave.key.verifying_key if with_key else None
    return DevEnclaveClient("http://127.0.0.1:9", POLICY, verifying_key=key)


def test_a_proof_is_verified_with_the_key(key: zkseal.ProvingKey, monkeypatch: pytest.MonkeyPatch) -> None:
    client = asking(Enclave(key, proved=0), monkeypatch, with_key=True)
    assert client.ask(sample(), context=b"c", mode=AnswerMode.ZK_IN_TEE).proof_verified


def test_a_signed_proof_of_something_else_is_refused(key: zkseal.ProvingKey, monkeypatch: pytest.MonkeyPatch) -> None:
    client = asking(Enclave(key, proved=1), monkeypatch, with_key=True)
    with pytest.raises(ProofRejected):
        client.ask(sample(), context=b"c", mode=AnswerMode.ZK_IN_TEE)


def test_without_the_key_nothing_is_said_of_the_proof(key: zkseal.ProvingKey, monkeypatch: pytest.MonkeyPatch) -> None:
    client = asking(Enclave(key, proved=1), monkeypatch, with_key=False)
    answered = client.ask(sample(), mode=AnswerMode.ZK_IN_TEE)
    assert answered.receipt.proved
    assert not answered.proof_verified
