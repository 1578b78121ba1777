"""Questions and answers over HTTP, through a real enclave process: the same statement as a proof's, bit for bit."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace

import numpy as np
import pytest
from tests.enclave.worlds import POLICY, proving_key, sample

import zkseal
from zkseal.appraisal import DevAppraisal, Mode, ReceiptPolicy, appraise
from zkseal.appraisal import parse_policy as parse_receipt_policy
from zkseal.enclave import DevEnclaveClient, EnclaveClient, EnclaveHost
from zkseal.enclave.isolation import PrivateMemory
from zkseal.enclave.messages import AnswerMode, Response
from zkseal.errors import (
    EnclaveUnreachable,
    PolicyDenied,
    RangeExceeded,
    StatementMismatch,
    WrongInput,
    WrongModel,
    ZksealError,
)
from zkseal.receipts import DevTeeEvidence, Receipt
from zkseal.tee import AttestationBundle, DevAttestedRuntime, load_policy, parse_policy

pytestmark = pytest.mark.native


@pytest.fixture
def client(url: str) -> DevEnclaveClient:
    return DevEnclaveClient(url, POLICY)


def test_an_answer_is_the_statement_that_a_proof_proves(client: DevEnclaveClient, key: zkseal.ProvingKey) -> None:
    answered = client.ask(sample(), context=b"visit 12")
    proved = zkseal.prove(key, sample(), context=b"visit 12", opening=answered.opening)
    assert proved.receipt.statement == answered.receipt.statement
    assert all(np.array_equal(proved.outputs[name], answered.outputs[name]) for name in proved.outputs)
    assert answered.outputs.keys() == proved.outputs.keys()


def test_an_input_may_be_named(client: DevEnclaveClient) -> None:
    assert np.array_equal(client.ask({"x": sample()}).outputs["y"], client.ask(sample()).outputs["y"])


def test_the_receipt_is_appraised_by_others(client: DevEnclaveClient, key: zkseal.ProvingKey) -> None:
    answered = client.ask(sample(), context=b"visit 12")
    policy = receipt_policy(Mode.TEE)
    receipt = Receipt.from_cbor(answered.receipt.to_cbor())
    found = appraise(
        receipt,
        policy,
        now=int(time.time()),
        verifying_key=key.verifying_key,
        context=b"visit 12",
        nonce=nonce(receipt),
    )
    assert isinstance(found, DevAppraisal)
    assert found.assurance == "sandbox"
    zkseal.check_opening(receipt, answered.opening, key.verifying_key)


def receipt_policy(mode: Mode) -> ReceiptPolicy:
    text = f'name = "test"\nmode = "{mode}"\nmax_age_s = 600\n[attestation]\nextends = "development"\n'
    return parse_receipt_policy(text)


def nonce(receipt: Receipt) -> bytes:
    evidence = receipt.attested
    assert isinstance(evidence, DevTeeEvidence)
    return AttestationBundle.from_cbor(evidence.attestation).runtime_data.nonce


def test_a_proof_made_inside_is_signed(client: DevEnclaveClient, key: zkseal.ProvingKey) -> None:
    answered = client.ask(sample(), context=b"c", mode=AnswerMode.ZK_IN_TEE)
    zkseal.verify(answered.receipt, key.verifying_key, context=b"c")
    assert answered.claims.proof_digest == hashlib.sha256(answered.receipt.proof).digest()
    policy = receipt_policy(Mode.ZK_IN_TEE)
    found = appraise(
        answered.receipt,
        policy,
        now=int(time.time()),
        verifying_key=key.verifying_key,
        context=b"c",
        nonce=nonce(answered.receipt),
    )
    assert found.proved


def test_answers_are_chained(client: DevEnclaveClient) -> None:
    first, second = client.ask(sample()), client.ask(sample(1))
    evidence = first.receipt.attested
    assert evidence is not None
    assert second.claims.sequence == first.claims.sequence + 1
    assert second.claims.previous == hashlib.sha256(evidence.answer).digest()


def test_errors_of_an_input_are_typed_and_end_nothing(client: DevEnclaveClient) -> None:
    with pytest.raises(RangeExceeded) as caught:
        client.ask(np.full((1, 6), 1e6, np.float32))
    assert caught.value.tensor == "x"
    with pytest.raises(WrongInput):
        client.ask({"unknown": sample()})
    with pytest.raises(WrongInput):
        client.ask(np.zeros((1, 7), np.float32))
    assert client.ask(sample()).outputs["y"].shape == (1, 3)


def test_a_context_that_is_too_long_is_refused(client: DevEnclaveClient) -> None:
    with pytest.raises(ZksealError):
        client.ask(sample(), context=bytes((1 << 16) + 1))


def test_attestation_is_of_development(client: DevEnclaveClient, host: EnclaveHost, key: zkseal.ProvingKey) -> None:
    attested = client.attest()
    assert isinstance(attested, DevAttestedRuntime)
    assert attested.to_json()["assurance"] == "sandbox"
    assert attested.runtime_data.zk_model_commitment == key.verifying_key.model_id
    evidence = next(iter(attested.to_json()["submods"].values()))["ear_veraison_annotated_evidence"]
    # What this machine does not offer is named, and the evidence does not claim it.
    missing = set(host.described["isolation_missing"])
    assert {"landlock", "seccomp"} <= set(evidence["isolation"]) | missing
    assert not missing & set(evidence["isolation"])
    # Of a small model, if this kernel has it at all: the limit of locked memory is 8 MB at least.
    assert ("secret-memory" in evidence["isolation"]) is PrivateMemory.allocate(1 << 16).secret


@pytest.mark.parametrize("policy", [POLICY, load_policy("production")])
def test_a_client_of_production_does_not_ask_a_sandbox(url: str, policy: object) -> None:
    client = EnclaveClient(url, policy)  # type: ignore[arg-type]
    with pytest.raises(PolicyDenied):
        client.attest()
    with pytest.raises(PolicyDenied):
        client.ask(sample())


def test_a_client_asks_for_its_model_only(url: str, key: zkseal.ProvingKey) -> None:
    DevEnclaveClient(url, POLICY, verifying_key=key.verifying_key).ask(sample())
    with pytest.raises(WrongModel):
        DevEnclaveClient(url, POLICY, verifying_key=proving_key().verifying_key).ask(sample())


def test_outputs_are_those_of_the_statement(url: str, key: zkseal.ProvingKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """An enclave that sends other numbers beside its statement is found out by whoever has the key."""
    read = Response.from_cbor

    def other(data: bytes) -> Response:
        response = read(data)
        return replace(response, outputs={"y": response.outputs["y"] + 1})

    monkeypatch.setattr(Response, "from_cbor", staticmethod(other))
    with pytest.raises(StatementMismatch):
        DevEnclaveClient(url, POLICY, verifying_key=key.verifying_key).ask(sample())


def test_reference_values_name_the_code(url: str, client: DevEnclaveClient) -> None:
    evidence = next(iter(client.attest().to_json()["submods"].values()))["ear_veraison_annotated_evidence"]
    text = 'extends = "development"\nname = "pinned"\n[references]\n"sandbox.measurement" = ["{}"]\n'
    DevEnclaveClient(url, parse_policy(text.format(evidence["measurement"]))).attest()
    with pytest.raises(ZksealError):
        DevEnclaveClient(url, parse_policy(text.format("00" * 32))).attest()


def test_nobody_at_the_url_is_said() -> None:
    with pytest.raises(EnclaveUnreachable):
        DevEnclaveClient("http://127.0.0.1:9", POLICY, timeout_s=5).attest()
    with pytest.raises(WrongInput):
        DevEnclaveClient("ftp://somewhere", POLICY)
