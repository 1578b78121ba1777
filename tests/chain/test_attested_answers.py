"""Answers that an enclave signs, on a real chain, with real proofs: each mode takes its evidence and no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.chain import oracles
from tests.chain.attested import Attested, Enclave, InProcess, attested
from tests.chain.worlds import Model, World

from zkseal.chain.attested_answers import (
    answer_attested,
    answer_both,
    answer_provisionally,
    attest,
    confirm,
    slash,
    statement_for,
)
from zkseal.chain.attested_keys import KeyRevocation, revoke
from zkseal.chain.encoding import Evidence, Statement
from zkseal.chain.inference import Inference, commit
from zkseal.chain.oracle import ServedModel
from zkseal.chain.request import Mode, OracleRequest, RequestStatus, ask, status_of, wait_for_answer
from zkseal.chain.typed_data import signer_of
from zkseal.errors import NotForChain, TransactionReverted
from zkseal.evm.answers import answer_digest

BOND, FEE, WINDOW = 10**15, 10**12, 3600


@pytest.fixture(scope="module")
def desk(world: World) -> Attested:
    return attested(world)


@pytest.fixture(scope="module")
def enclave(desk: Attested) -> Enclave:
    made = Enclave()
    desk.register(made)
    return made


@pytest.fixture(scope="module")
def inference(public_model: Model) -> Inference:
    return commit(public_model.proving_key, public_model.inputs[0])


def asked(desk: Attested, mode: Mode, **changes: Any) -> int:
    world = desk.world
    bond, window = (BOND, WINDOW) if mode == Mode.TEE_THEN_ZK else (0, 0)
    integers = [int(value) for value in world.public.inputs[0]]
    request = OracleRequest(
        world.ids["public"], world.now() + 3600, integers, fee_wei=FEE, mode=mode, bond_wei=bond, proof_window_s=window
    )
    return ask(world.connection, world.user, world.address("InferenceOracle"), replace(request, **changes))[0]


def statement(desk: Attested, request_id: int, inference: Inference) -> Statement:
    world = desk.world
    return statement_for(
        world.connection,
        world.address("InferenceOracle"),
        world.address("InferenceVerifier"),
        request_id,
        payee=world.other.address,
        output=inference.public,
        input_commitment=inference.input_commitment,
    )


def balance(desk: Attested, account: str) -> int:
    oracle = desk.world.address("InferenceOracle")
    return int(desk.world.connection.call("InferenceOracle", oracle, "balanceOf", account))


def status(desk: Attested, request_id: int) -> RequestStatus:
    return status_of(desk.world.connection, desk.world.address("InferenceOracle"), request_id)


def refused(error: str, work: Callable[..., Any], *arguments: Any, **options: Any) -> None:
    with pytest.raises(TransactionReverted) as caught:
        work(*arguments, **options)
    assert caught.value.error == error


def test_the_statement_is_the_contracts(desk: Attested, inference: Inference) -> None:
    world = desk.world
    for mode in Mode:
        request_id = asked(desk, mode)
        said = statement(desk, request_id, inference)
        arguments = (request_id, world.other.address, inference.public, inference.input_commitment)
        oracle = world.address("InferenceOracle")
        assert bytes(world.connection.call("InferenceOracle", oracle, "statementOf", *arguments)) == said.hash
        told = world.connection.call("AttestedKeyRegistry", desk.registry, "answerHashOf", said.hash)
        assert bytes(told) == answer_digest(said, desk.registry)


def test_an_enclave_answers_alone(desk: Attested, enclave: Enclave, inference: Inference) -> None:
    world, payee = desk.world, desk.world.other.address
    request_id = asked(desk, Mode.TEE)
    said = statement(desk, request_id, inference)
    signature = attest(said, desk.registry, enclave.sign_digest)
    assert signer_of(answer_digest(said, desk.registry), signature) == enclave.address
    send = (answer_attested, world.connection, world.other)
    # A key that nobody registered, another output, another payee, another request.
    refused("KeyNotRegistered", *send, said, attest(said, desk.registry, Enclave().sign_digest), payee=payee)
    refused("KeyNotRegistered", *send, said, signature, payee=world.user.address)
    twin = statement(desk, asked(desk, Mode.TEE), inference)
    refused("KeyNotRegistered", *send, twin, signature, payee=payee)
    before = balance(desk, payee)
    answer_attested(world.connection, world.other, said, signature, payee=payee)
    assert balance(desk, payee) == before + FEE
    answer = wait_for_answer(
        world.connection, said.consumer, request_id, since_block=0, deadline=said.deadline, timeout_s=10
    )
    assert answer.mode == Mode.TEE
    assert not answer.provisional
    refused("NotPending", *send, said, signature, payee=payee)


def test_a_revoked_key_answers_no_more(desk: Attested, inference: Inference) -> None:
    world, enclave = desk.world, Enclave()
    desk.register(enclave)
    said = statement(desk, asked(desk, Mode.TEE), inference)
    signature = attest(said, desk.registry, enclave.sign_digest)
    revoke(world.connection, desk.guardian, desk.registry, KeyRevocation(enclave.address, 0))
    send = (answer_attested, world.connection, world.other, said, signature)
    refused("KeyIsRevoked", *send, payee=world.other.address)


def test_both_takes_a_proof_and_an_enclave_and_neither_alone(
    desk: Attested, enclave: Enclave, inference: Inference
) -> None:
    world, payee = desk.world, desk.world.other.address
    said = statement(desk, asked(desk, Mode.TEE_AND_ZK), inference)
    evidence = inference.evidence(said)
    signature = attest(said, desk.registry, enclave.sign_digest)
    send = (world.connection, world.other, said)
    refused("ModeMismatch", answer_attested, *send, signature, payee=payee)
    alone = (said.nonce, payee, said.output, evidence.commitments, evidence.proof)
    oracle = (world.connection, "InferenceOracle", said.consumer)
    refused("ModeMismatch", lambda: oracle[0].call(*oracle[1:], "answer", *alone))
    # Half of it made up: the signature of a stranger with the proof, the proof of a twin with the signature.
    stranger = attest(said, desk.registry, Enclave().sign_digest)
    refused("KeyNotRegistered", answer_both, *send, evidence, stranger, payee=payee)
    twin = statement(desk, asked(desk, Mode.TEE_AND_ZK), inference)
    other = inference.evidence(twin)
    with pytest.raises(TransactionReverted):
        answer_both(*send, other, signature, payee=payee)
    refused("KeyNotRegistered", answer_both, world.connection, world.other, twin, other, signature, payee=payee)
    changed = Evidence(
        evidence.subject, evidence.nonce, evidence.deadline, evidence.commitments, bytes(len(other.proof))
    )
    with pytest.raises(TransactionReverted):
        answer_both(*send, changed, signature, payee=payee)
    assert status(desk, said.nonce) == RequestStatus.PENDING
    answer_both(*send, evidence, signature, payee=payee)
    assert status(desk, said.nonce) == RequestStatus.ANSWERED


def test_a_bond_comes_back_with_the_proof(desk: Attested, enclave: Enclave, inference: Inference) -> None:
    world, payee = desk.world, desk.world.other.address
    request_id = asked(desk, Mode.TEE_THEN_ZK)
    said = statement(desk, request_id, inference)
    signature = attest(said, desk.registry, enclave.sign_digest)
    send = (answer_provisionally, world.connection, world.other, said, signature)
    refused("WrongBond", *send, payee=payee, bond_wei=BOND - 1)
    before = balance(desk, payee)
    answer_provisionally(world.connection, world.other, said, signature, payee=payee, bond_wei=BOND)
    answer = wait_for_answer(
        world.connection, said.consumer, request_id, since_block=0, deadline=said.deadline, timeout_s=10
    )
    assert answer.provisional
    assert answer.mode == Mode.TEE_THEN_ZK
    assert balance(desk, payee) == before
    refused("ProofWindowOpen", slash, world.connection, world.user, said.consumer, request_id)
    evidence = inference.evidence(said)
    twin = replace(said, output=inference.public[:-1] + b"\x02")
    refused("OtherStatement", confirm, world.connection, world.user, twin, evidence)
    confirm(world.connection, world.user, said, evidence)
    assert balance(desk, payee) == before + FEE + BOND
    assert status(desk, request_id) == RequestStatus.ANSWERED


def test_what_the_callable_returns_is_looked_at(desk: Attested, inference: Inference) -> None:
    said = statement(desk, asked(desk, Mode.TEE), inference)
    for wrong in (b"", bytes(65), bytes(64)):
        with pytest.raises(NotForChain):
            attest(said, desk.registry, lambda digest, wrong=wrong: wrong)


def test_a_node_with_an_enclave_answers_three_modes(
    desk: Attested, enclave: Enclave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = desk.world
    monkeypatch.setattr(oracles, "SINCE", world.connection.head().number)
    wanted = {mode: asked(desk, mode) for mode in Mode}
    key = world.public.proving_key
    served = ServedModel.of(key, attester=InProcess(desk.registry, key, enclave))
    with oracles.oracle_node(world, tmp_path / "queue.db", models={served.model_id: served}) as node:
        node.run(once=True)
    found = {mode: status(desk, request_id) for mode, request_id in wanted.items()}
    assert found == dict.fromkeys(Mode, RequestStatus.ANSWERED) | {Mode.TEE_THEN_ZK: RequestStatus.PENDING}


def test_a_node_without_one_leaves_them_alone(desk: Attested, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = desk.world
    monkeypatch.setattr(oracles, "SINCE", world.connection.head().number)
    wanted = {mode: asked(desk, mode) for mode in Mode}
    with oracles.oracle_node(world, tmp_path / "queue.db") as node:
        node.run(once=True)
        assert "refused" not in oracles.names(node)
    found = {mode: status(desk, request_id) for mode, request_id in wanted.items()}
    assert found == dict.fromkeys(Mode, RequestStatus.PENDING) | {Mode.ZK: RequestStatus.ANSWERED}


def test_a_bond_without_a_proof_is_the_askers(desk: Attested, enclave: Enclave, inference: Inference) -> None:
    """Last: time passes, and the keys of the module with it."""
    world, asker = desk.world, desk.world.user.address
    request_id = asked(desk, Mode.TEE_THEN_ZK)
    said = statement(desk, request_id, inference)
    signature = attest(said, desk.registry, enclave.sign_digest)
    payee = world.other.address
    answer_provisionally(world.connection, world.other, said, signature, payee=payee, bond_wei=BOND)
    world.chain.advance(WINDOW + 60)
    refused("ProofWindowPassed", confirm, world.connection, world.other, said, inference.evidence(said))
    before = balance(desk, asker)
    slash(world.connection, world.owner, said.consumer, request_id)
    assert balance(desk, asker) == before + FEE + BOND
    assert status(desk, request_id) == RequestStatus.UNPROVED
