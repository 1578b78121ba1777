"""An enclave process that answers the oracle: sealed model, attested key, anvil; every part is the real one.

The enclave is a sandbox, whose key no honest appraiser signs for. Here a quorum of the test does, on a local chain, to
have the contract take it: what is shown is the way of an answer, not the worth of a sandbox.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.chain import oracles
from tests.chain.attested import Attested, attested
from tests.chain.command_line import Desk
from tests.chain.worlds import Model, World
from tests.enclave.worlds import POLICY, POLICY_TEXT
from tests.enclave.worlds import World as SealedWorld

import zkseal
from zkseal.broker import BrokerClient
from zkseal.chain.attested_answers import answer_attested, answer_provisionally, confirm
from zkseal.chain.inference import commit
from zkseal.chain.oracle import ServedModel
from zkseal.chain.oracle.store import QueuedRequest
from zkseal.chain.request import Mode, OracleRequest, RequestStatus, ask, read_request, status_of, wait_for_answer
from zkseal.chain.typed_data import address_of_public_key, signer_of
from zkseal.cli.enclave_attester import EnclaveAttester
from zkseal.cli.main import main
from zkseal.enclave import DevEnclaveClient, EnclaveHost, application
from zkseal.enclave.messages import AnswerMode, Envelope, Request
from zkseal.errors import (
    DecodeError,
    NotForChain,
    PolicyDenied,
    RequestReplayed,
    SignatureRejected,
    StatementMismatch,
    TransactionReverted,
    WrongModel,
)
from zkseal.evm.answers import AttestedAnswer, OracleQuestion, answer_digest
from zkseal.evm.statement import Statement, public_values
from zkseal.http_server.server import Server
from zkseal.receipts import DevTeeEvidence
from zkseal.tee import verify_answer_signature

FEE = 10**12


@dataclass(frozen=True)
class Sandbox:
    """A running enclave with one of the world's models, served over HTTP."""

    host: EnclaveHost
    url: str
    model: Model

    def client(self) -> DevEnclaveClient:
        return DevEnclaveClient(self.url, POLICY, verifying_key=self.model.verifying_key)

    @property
    def public_key(self) -> bytes:
        return self.client().attest().runtime_data.signing_public_key

    @property
    def address(self) -> str:
        return address_of_public_key(self.public_key)


@contextlib.contextmanager
def sandbox(folder: Path, model: Model) -> Iterator[Sandbox]:
    sealed = SealedWorld.of(folder, model.proving_key)
    sealed.seal(chunk_bytes=1 << 16)
    with sealed.enclave() as host, Server(application(host), "127.0.0.1", 0).in_background() as url:
        yield Sandbox(host, url, model)


@pytest.fixture(scope="module")
def desk(world: World) -> Attested:
    return attested(world)


@pytest.fixture(scope="module")
def enclave(desk: Attested, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """With the model of public inputs; its key is registered."""
    with sandbox(tmp_path_factory.mktemp("sealed"), desk.world.public) as running:
        desk.register(running)  # type: ignore[arg-type]
        yield running


@pytest.fixture(scope="module")
def hidden(desk: Attested, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """With the model of hidden inputs."""
    with sandbox(tmp_path_factory.mktemp("hidden"), desk.world.hidden) as running:
        desk.register(running, "hidden")  # type: ignore[arg-type]
        yield running


def asked(desk: Attested, mode: Mode = Mode.TEE, *, row: int = 0, model: str = "public", **changes: Any) -> int:
    """Asks about a row; the id of the request."""
    world = desk.world
    integers = [int(value) for value in world.public.inputs[row]] if model == "public" else []
    request = OracleRequest(world.ids[model], world.now() + 3600, integers, fee_wei=FEE, mode=mode)
    return ask(world.connection, world.user, world.address("InferenceOracle"), replace(request, **changes))[0]


def question_of(desk: Attested, request_id: int, **changes: Any) -> OracleQuestion:
    """What a node asks an enclave for a request on the chain."""
    world, oracle = desk.world, desk.world.address("InferenceOracle")
    request = read_request(world.connection, oracle, request_id)
    question = OracleQuestion(
        chain_id=world.connection.chain_id,
        registry=desk.registry,
        oracle=oracle,
        verifier=world.address("InferenceVerifier"),
        model_id=int(request["modelId"]),
        request_id=request_id,
        payee=world.other.address,
        deadline=int(request["deadline"]) + int(request["proofWindow"]),
        input_commitment=bytes(request["inputCommitment"]),
    )
    return replace(question, **changes)


def answered(enclave: Sandbox, question: OracleQuestion, row: int = 0, **options: Any) -> AttestedAnswer:
    return enclave.client().answer_oracle(question, enclave.model.inputs[row : row + 1], **options)


def send(desk: Attested, statement: Statement, signature: bytes) -> None:
    world = desk.world
    answer_attested(world.connection, world.other, statement, signature, payee=world.other.address)


def refused(error: str, desk: Attested, statement: Statement, signature: bytes) -> None:
    with pytest.raises(TransactionReverted) as caught:
        send(desk, statement, signature)
    assert caught.value.error == error


def status(desk: Attested, request_id: int) -> RequestStatus:
    return status_of(desk.world.connection, desk.world.address("InferenceOracle"), request_id)


def test_a_node_passes_requests_to_the_enclave_and_the_contract_takes_its_answers(
    desk: Attested, enclave: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all modes that a signature is for; with the proof of the node in the mode that takes both."""
    world = desk.world
    monkeypatch.setattr(oracles, "SINCE", world.connection.head().number)
    wanted = {mode: asked(desk, mode, row=1) for mode in (Mode.TEE, Mode.TEE_AND_ZK, Mode.ZK)}
    served = ServedModel.of(world.public.proving_key, attester=EnclaveAttester(enclave.client(), desk.registry))
    with oracles.oracle_node(world, tmp_path / "queue.db", models={served.model_id: served}) as node:
        node.run(once=True)
    expected = zkseal.answer(world.public.proving_key, world.public.inputs[1:2]).outputs
    for mode, request_id in wanted.items():
        oracle = world.address("InferenceOracle")
        given = wait_for_answer(
            world.connection, oracle, request_id, since_block=0, deadline=world.now() + 60, timeout_s=10
        )
        assert given.mode == mode
        assert given.values[-1] == int(np.asarray(next(iter(expected.values()))).reshape(-1)[-1])


def test_a_node_without_the_model_serves_it_by_the_enclave_alone(
    desk: Attested, enclave: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = desk.world
    monkeypatch.setattr(oracles, "SINCE", world.connection.head().number)
    wanted = {mode: asked(desk, mode, row=2) for mode in (Mode.TEE, Mode.TEE_AND_ZK, Mode.ZK)}
    served = ServedModel.of(world.public.verifying_key, attester=EnclaveAttester(enclave.client(), desk.registry))
    assert served.modes == {Mode.TEE}
    with oracles.oracle_node(world, tmp_path / "queue.db", models={served.model_id: served}) as node:
        node.run(once=True)
    found = {mode: status(desk, request_id) for mode, request_id in wanted.items()}
    assert found == dict.fromkeys(wanted, RequestStatus.PENDING) | {Mode.TEE: RequestStatus.ANSWERED}


def test_the_signature_is_for_this_request_this_payee_and_this_chain_alone(desk: Attested, enclave: Sandbox) -> None:
    question = question_of(desk, asked(desk))
    answer = answered(enclave, question)
    said = question.statement(answer.ran)
    assert signer_of(answer_digest(said, desk.registry), answer.signature) == enclave.address
    # The same answer to another request, and the same request under another name of something.
    twin = question_of(desk, asked(desk))
    refused("KeyNotRegistered", desk, twin.statement(answer.ran), answer.signature)
    for changes in (
        {"chain_id": 1337},
        {"registry": desk.world.address("ModelRegistry")},
        {"oracle": desk.world.address("ModelRegistry")},
        {"verifier": desk.world.address("ZksealVerifier")},
        {"payee": desk.world.user.address},
        {"request_id": question.request_id + 1000},
        {"deadline": question.deadline + 1},
    ):
        other = answered(enclave, replace(question, **changes))
        assert other.signature != answer.signature
        refused("KeyNotRegistered", desk, said, other.signature)
    send(desk, said, answer.signature)
    refused("NotPending", desk, said, answer.signature)


def test_another_input_is_another_answer(desk: Attested, enclave: Sandbox) -> None:
    """A host that sends other inputs gets a signature for them, which the contract compares with the request."""
    question = question_of(desk, asked(desk, row=0))
    other = answered(enclave, question, row=3)
    refused("InputMismatch", desk, question.statement(other.ran), other.signature)
    honest = question.statement(answered(enclave, question, row=0).ran)
    refused("KeyNotRegistered", desk, honest, other.signature)


def test_a_question_for_another_model_is_refused_before_anything_runs(desk: Attested, enclave: Sandbox) -> None:
    question = question_of(desk, asked(desk))
    for model_id in (desk.world.ids["hidden"], 0, question.model_id ^ 1):
        with pytest.raises(WrongModel):
            answered(enclave, replace(question, model_id=model_id))


def test_deadlines_that_have_passed_or_no_request_has_are_refused(desk: Attested, enclave: Sandbox) -> None:
    question, now = question_of(desk, asked(desk)), int(time.time())
    for deadline in (now - 5, 0, now + 38 * 86_400, 2**63):
        with pytest.raises(NotForChain) as caught:
            answered(enclave, replace(question, deadline=deadline))
        assert caught.value.reason == "deadline"


@pytest.mark.parametrize("chain_id", [1, 10, 11155111, 31338])
def test_a_sandbox_signs_for_no_chain_of_others(chain_id: int, desk: Attested, enclave: Sandbox) -> None:
    question = question_of(desk, asked(desk), chain_id=chain_id)
    with pytest.raises(PolicyDenied) as caught:
        answered(enclave, question)
    assert caught.value.check == "chain"


def test_a_request_that_is_sent_again_is_refused(desk: Attested, enclave: Sandbox) -> None:
    """The host has the encrypted request, and passes it on twice; the client reads what the second one gets."""
    client = enclave.client()
    transport = client._transport

    class Twice:
        attestation = transport.attestation

        def infer(self, envelope: bytes) -> bytes:
            transport.infer(envelope)
            return transport.infer(envelope)

    client._transport = Twice()  # type: ignore[assignment]
    with pytest.raises(RequestReplayed):
        client.answer_oracle(question_of(desk, asked(desk)), enclave.model.inputs[:1])


def test_hidden_inputs_are_those_of_the_commitment_that_is_named(desk: Attested, hidden: Sandbox) -> None:
    data = commit(hidden.model.proving_key, hidden.model.inputs[:1])
    request_id = asked(desk, model="hidden", input_commitment=data.input_commitment)
    question = question_of(desk, request_id)
    assert question.input_commitment == data.input_commitment
    with pytest.raises(NotForChain):  # fresh commitments to the same numbers
        answered(hidden, question)
    with pytest.raises(StatementMismatch):  # the opening, and other numbers
        answered(hidden, question, row=1, opening=data.opening)
    answer = answered(hidden, question, opening=data.opening)
    send(desk, question.statement(answer.ran), answer.signature)
    assert status(desk, request_id) == RequestStatus.ANSWERED


def test_an_answer_of_the_enclave_is_proved_later_with_its_opening(desk: Attested, hidden: Sandbox) -> None:
    """Of mode TEE_THEN_ZK: signed now, with a bond, and proved within the window over the same commitments."""
    world, bond = desk.world, 10**15
    data = commit(hidden.model.proving_key, hidden.model.inputs[2:3])
    named = {"input_commitment": data.input_commitment, "bond_wei": bond, "proof_window_s": 3600}
    request_id = asked(desk, Mode.TEE_THEN_ZK, model="hidden", **named)
    question = question_of(desk, request_id)
    answer = answered(hidden, question, row=2, opening=data.opening)
    said = question.statement(answer.ran)
    payee = question.payee
    answer_provisionally(world.connection, world.other, said, answer.signature, payee=payee, bond_wei=bond)
    assert status(desk, request_id) == RequestStatus.PROVISIONAL
    proved = commit(hidden.model.proving_key, hidden.model.inputs[2:3], opening=answer.opening)
    confirm(world.connection, world.user, said, proved.evidence(said))
    assert status(desk, request_id) == RequestStatus.ANSWERED


def test_the_host_has_no_question_that_signs_what_it_says(enclave: Sandbox) -> None:
    digest = hashlib.sha256(b"anything").digest()
    for question in (
        {"do": "sign", "digest": digest},
        {"do": "sign_digest", "digest": digest},
        {"do": "infer", "request": digest},
        {"do": "infer", "request": Envelope(digest, digest).to_cbor()},
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, it is no signature
            enclave.host._ask(question)
        assert not isinstance(caught.value, AssertionError)


def test_a_question_stands_in_requests_of_its_mode_alone(desk: Attested) -> None:
    """Neither does a client's answer come with a signature for a chain, nor a signature without a question."""
    question = question_of(desk, asked(desk))
    inputs = {"": np.zeros((1, 3), np.float32)}
    wrong = [
        Request(inputs, bytes(32), question=question),
        Request(inputs, bytes(32), mode=AnswerMode.ZK_IN_TEE, question=question),
        Request(inputs, bytes(32), mode=AnswerMode.ORACLE),
    ]
    for request in wrong:
        with pytest.raises(DecodeError):
            Request.from_cbor(request.to_cbor())
    whole = Request(inputs, bytes(32), mode=AnswerMode.ORACLE, question=question)
    assert Request.from_cbor(whole.to_cbor()).question == OracleQuestion.from_plain(question.to_plain())


def test_a_signature_of_one_kind_is_none_of_the_other(desk: Attested, enclave: Sandbox) -> None:
    """COSE for clients and typed data for contracts, by one key: neither is taken for the other."""
    question = question_of(desk, asked(desk))
    answer = answered(enclave, question)
    client = enclave.client()
    plain = client.ask(enclave.model.inputs[:1])
    (evidence,) = plain.receipt.evidence
    assert isinstance(evidence, DevTeeEvidence)
    signed = evidence.signed
    runtime = client.attest().runtime_data
    with pytest.raises(SignatureRejected):
        verify_answer_signature(runtime, signed.signed_part, answer.signature[:64])
    # The COSE signature with either v, over the statement of the same run; and over what COSE hashes.
    said = question.statement(answer.ran)
    for v in (27, 28):
        refused("KeyNotRegistered", desk, said, signed.signature + bytes([v]))
    assert hashlib.sha256(signed.signed_part).digest() != answer_digest(said, desk.registry)
    assert signed.signed_part[:1] != b"\x19"


def test_a_node_believes_no_signature_over_something_else(desk: Attested, enclave: Sandbox) -> None:
    """An enclave's host that changes payee or output on the way."""
    question = question_of(desk, asked(desk))
    stolen = answered(enclave, replace(question, payee=desk.world.user.address))

    class Changed:
        registry = desk.registry

        def answer(self, *_: Any) -> AttestedAnswer:
            return stolen

    served = ServedModel.of(desk.world.public.verifying_key, attester=Changed())
    request = _queued(desk, question)
    with pytest.raises(SignatureRejected):
        served.answer(
            request,
            chain_id=question.chain_id,
            verifier=question.verifier,
            oracle=question.oracle,
            payee=question.payee,
            progress=lambda stage, share: None,
        )


def _queued(desk: Attested, question: OracleQuestion) -> QueuedRequest:
    inputs = public_values([int(value) for value in desk.world.public.inputs[0]])
    asked_for = (question.request_id, question.model_id, b"", inputs, question.input_commitment, question.deadline)
    return QueuedRequest(*asked_for, seen_block=0, mode=Mode.TEE)


def test_the_command_line_serves_with_an_enclave(
    desk: Attested, enclave: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = desk.world
    shell = Desk(tmp_path, world.chain.url)
    shell.put_keys("public", world.public)
    shell.put_account("node", oracles.node_signer())
    (tmp_path / "book.json").write_text(Path(world.book.path).read_text())
    (tmp_path / "policy.toml").write_text(POLICY_TEXT)
    request_id = asked(desk, row=4)
    words = ["--enclave", enclave.url, "--enclave-policy", str(tmp_path / "policy.toml"), "--at-a-loss", "--once"]
    words += ["--queue", str(tmp_path / "queue.db"), "--depth", "8"]
    keys = str(tmp_path / "public.zkv")
    # Without the word for development its evidence is refused; and a verifying key needs an enclave.
    shell.refused(capsys, PolicyDenied, shell.arguments("serve-oracle", "node", keys, *words))
    result = shell.run(capsys, "serve-oracle", "node", keys, *words, "--enclave-development")
    assert result["requests"].get("answered", 0) >= 1
    assert status(desk, request_id) == RequestStatus.ANSWERED
    shell.put_keys("hidden", world.hidden)
    other = [str(tmp_path / "hidden.zkv"), *words, "--enclave-development"]
    assert main([*shell.arguments("serve-oracle", "node", *other), "--json"]) != 0
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "WrongModel"


def test_an_enclave_that_starts_anew_has_another_key_that_the_contract_does_not_know(
    desk: Attested, tmp_path: Path
) -> None:
    """The attester sees the new key's evidence and asks again; what it gets counts when a quorum registers that key."""
    sealed = SealedWorld.of(tmp_path, desk.world.public.proving_key)
    sealed.seal(chunk_bytes=1 << 16)
    with (
        sealed.broker() as broker,
        EnclaveHost(sealed.sealed) as host,
        Server(application(host), "127.0.0.1", 0).in_background() as url,
    ):
        host.provision(BrokerClient(broker))
        running = Sandbox(host, url, desk.world.public)
        attester = EnclaveAttester(running.client(), desk.registry)
        before = attester.public_key
        host.start()
        host.provision(BrokerClient(broker))
        question = question_of(desk, asked(desk))
        inputs = {"": running.model.inputs[:1]}
        answer = attester.answer(question, inputs, None)
        assert attester.public_key == answer.public_key != before
        said = question.statement(answer.ran)
        refused("KeyNotRegistered", desk, said, answer.signature)
        desk.register(running)  # type: ignore[arg-type]
        send(desk, said, answer.signature)


def test_a_contract_takes_nothing_after_the_deadline(desk: Attested, enclave: Sandbox) -> None:
    """Last: time passes."""
    question = question_of(desk, asked(desk))
    answer = answered(enclave, question)
    desk.world.chain.advance(3700)
    refused("DeadlinePassed", desk, question.statement(answer.ran), answer.signature)
