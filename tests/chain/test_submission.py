"""A proof counts once, for whom it was made, here, in time, while its model is good. Everything else is rejected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.chain.worlds import World, keys_of, populated

from zkseal.chain.encoding import Evidence, public_values
from zkseal.chain.inference import Inference, check_commitment, commit
from zkseal.chain.local import local_chain
from zkseal.chain.registration import register
from zkseal.chain.submission import Submission, check, prove_for, submit, submit_many, verify_call
from zkseal.chain.transactions import Call, send
from zkseal.errors import (
    NotForChain,
    OpeningRejected,
    RangeExceeded,
    StatementMismatch,
    TransactionReverted,
    WrongInput,
    WrongModel,
)


@pytest.fixture(scope="module")
def inference(world: World) -> Inference:
    return commit(world.hidden.proving_key, world.hidden.inputs[0])


def made(world: World, inference: Inference, *, valid_for: int = 3600, nonce: int | None = None) -> Submission:
    return prove_for(
        world.connection,
        world.book,
        inference,
        consumer=world.user.address,
        nonce=nonce,
        deadline=world.now() + valid_for,
    )


def refused(world: World, submission: Submission) -> str:
    """The contract's error for a transaction of the user, and for the dry run."""
    with pytest.raises(TransactionReverted) as caught:
        submit(world.connection, world.user, submission)
    return str(caught.value.error)


def refused_proof(world: World, submission: Submission) -> None:
    """It is the proof that is refused, not something before it."""
    error = refused(world, submission)
    before = {"DeadlinePassed", "StatementUsed", "VersionRefused", "ModelNotFound", "InputCommitmentMismatch"}
    assert error not in before, error
    assert not error.startswith("VerificationRefused"), error


def test_hidden_input_and_weights_are_verified(world: World, inference: Inference) -> None:
    submission = made(world, inference)
    check(world.connection, submission)
    sent = submit(world.connection, world.user, submission)
    receipt = world.connection.receipt(sent["transaction"])
    assert receipt is not None
    (event,) = world.connection.events_in("InferenceVerifier", "InferenceVerified", receipt)
    assert event["modelId"] == world.ids["hidden"]
    assert event["inputCommitment"] == inference.input_commitment
    assert event["output"] == inference.public == public_values(inference.outputs["label"])
    assert len(inference.commitments) > 0
    used = world.connection.call(
        "InferenceVerifier", world.address("InferenceVerifier"), "usedAt", submission.statement.hash
    )
    assert used == sent["block"]


def test_public_inputs_are_verified(world: World) -> None:
    row = world.public.inputs[3]
    inference = commit(world.public.proving_key, row)
    assert inference.commitments == b""
    assert inference.public == public_values([*map(int, row), *map(int, inference.outputs["label"])])
    submit(world.connection, world.user, made(world, inference))


def test_a_record_can_be_kept(world: World, inference: Inference) -> None:
    submission = made(world, inference)
    sent = submit(world.connection, world.user, submission, store=True)
    receipt = world.connection.receipt(sent["transaction"])
    assert receipt is not None
    (stored,) = world.connection.events_in("InferenceVerifier", "InferenceStored", receipt)
    record = world.connection.call(
        "InferenceVerifier", world.address("InferenceVerifier"), "getInference", stored["inferenceId"]
    )
    assert record == [world.ids["hidden"], inference.input_commitment, inference.public]


def test_several_in_one_transaction(world: World, inference: Inference) -> None:
    """Of two models; each further one costs less than one by itself, and one that is wrong undoes all."""
    public = commit(world.public.proving_key, world.public.inputs[1])
    alone = submit(world.connection, world.user, made(world, inference))["gas_used"]
    several = [made(world, inference), made(world, public), made(world, inference)]
    used = submit_many(world.connection, world.user, several)
    assert used["gas_used"] < alone + 2 * 0.8 * alone
    receipt = world.connection.receipt(used["transaction"])
    assert receipt is not None
    events = world.connection.events_in("InferenceVerifier", "InferenceVerified", receipt)
    assert [event["output"] for event in events] == [inference.public, public.public, inference.public]

    good, bad = made(world, inference), made(world, public)
    wrong = replace(bad, statement=replace(bad.statement, output=public_values([1, 2, 3, 0])))
    with pytest.raises(TransactionReverted):
        submit_many(world.connection, world.user, [good, wrong])
    submit(world.connection, world.user, good)


def test_commitments_can_be_used_again(world: World, inference: Inference) -> None:
    again = commit(world.hidden.proving_key, world.hidden.inputs[0], opening=inference.opening)
    assert again.commitments == inference.commitments
    fresh = commit(world.hidden.proving_key, world.hidden.inputs[0])
    assert fresh.commitments != inference.commitments
    assert fresh.public == inference.public


# Replays. -------------------------------------------------------------------------------------------------------------


def test_a_second_use(world: World, inference: Inference) -> None:
    submission = made(world, inference)
    submit(world.connection, world.user, submission)
    assert refused(world, submission) == "StatementUsed"
    with pytest.raises(TransactionReverted):
        check(world.connection, submission)


def test_another_nonce(world: World, inference: Inference) -> None:
    submission = made(world, inference, nonce=5)
    other = replace(submission, evidence=replace(submission.evidence, nonce=6))
    refused_proof(world, other)


def test_another_deadline(world: World, inference: Inference) -> None:
    submission = made(world, inference)
    evidence = replace(submission.evidence, deadline=submission.evidence.deadline + 1)
    refused_proof(world, replace(submission, evidence=evidence))


def test_another_subject(world: World, inference: Inference) -> None:
    submission = made(world, inference)
    refused_proof(world, replace(submission, evidence=replace(submission.evidence, subject=b"\x01" * 32)))


def test_another_sender(world: World, inference: Inference) -> None:
    submission = made(world, inference)
    with pytest.raises(TransactionReverted):
        send(world.connection, world.other, verify_call(world.connection, submission))
    submit(world.connection, world.user, submission)


def test_another_output(world: World, inference: Inference) -> None:
    submission = made(world, inference)
    lie = public_values([1 - int(inference.outputs["label"][0])])
    refused_proof(world, replace(submission, statement=replace(submission.statement, output=lie)))


def test_other_commitments(world: World, inference: Inference) -> None:
    submission = made(world, inference)
    other = commit(world.hidden.proving_key, world.hidden.inputs[1])
    lie = Submission(
        replace(submission.statement, input_commitment=other.input_commitment),
        replace(submission.evidence, commitments=other.commitments),
    )
    refused_proof(world, lie)


def test_another_model(world: World, inference: Inference) -> None:
    submission = made(world, inference)
    refused_proof(world, replace(submission, statement=replace(submission.statement, model_id=world.ids["public"])))


@pytest.mark.parametrize("change", ["cut", "longer", "flipped", "empty"])
def test_another_proof(world: World, inference: Inference, change: str) -> None:
    submission = made(world, inference)
    proof = submission.evidence.proof
    middle = len(proof) // 2
    changed = {
        "cut": proof[:-32],
        "longer": proof + bytes(32),
        "flipped": proof[:middle] + bytes([proof[middle] ^ 1]) + proof[middle + 1 :],
        "empty": b"",
    }[change]
    refused_proof(world, replace(submission, evidence=replace(submission.evidence, proof=changed)))


def test_after_the_deadline(world: World, inference: Inference) -> None:
    submission = made(world, inference, valid_for=60)
    check(world.connection, submission)
    world.chain.advance(61)
    assert refused(world, submission) == "DeadlinePassed"


def test_another_contract(world: World, inference: Inference, tmp_path: Path) -> None:
    """The same chain, another InferenceVerifier over the same registry."""
    from zkseal.chain.address_book import AddressBook
    from zkseal.chain.deployment import deploy

    submission = made(world, inference)
    second = AddressBook(tmp_path / "second.json")
    registry = {"registry_": world.address("ModelRegistry")}
    deploy(world.connection, world.owner, second, {"InferenceVerifier": registry}, contracts=[])
    other = replace(submission.statement, verifier=second.address(world.connection, "InferenceVerifier"))
    refused_proof(world, replace(submission, statement=other))
    submit(world.connection, world.user, submission)


def test_another_chain(world: World, inference: Inference, tmp_path: Path) -> None:
    """The same addresses, the same models, another chain id."""
    submission = made(world, inference)
    with local_chain(chain_id=31338) as running:
        elsewhere = populated(running, tmp_path, world.hidden, world.public)
        assert elsewhere.address("InferenceVerifier") == world.address("InferenceVerifier")
        assert elsewhere.ids == world.ids
        refused_proof(elsewhere, submission)
        submit(elsewhere.connection, elsewhere.user, made(elsewhere, inference))
    submit(world.connection, world.user, submission)


def test_a_deprecated_model(world: World) -> None:
    from sklearn.linear_model import LogisticRegression

    rows = world.hidden.inputs
    model = keys_of(LogisticRegression().fit(rows, rows[:, 2] > 0), rows)
    registry = world.address("ModelRegistry")
    model_id = register(world.connection, world.owner, registry, model.verifying_key).model_id
    submission = made(world, commit(model.proving_key, rows[0]))
    check(world.connection, submission)
    data = world.connection.encode("ModelRegistry", "deprecateModel", model_id)
    send(world.connection, world.owner, Call(registry, data, "ModelRegistry.deprecateModel"))
    assert refused(world, submission) == "VerificationRefused_ModelDeprecated"


def test_a_model_that_is_not_registered(world: World) -> None:
    from sklearn.linear_model import LogisticRegression

    rows = world.hidden.inputs
    model = keys_of(LogisticRegression().fit(rows, rows[:, 3] > 0), rows)
    submission = made(world, commit(model.proving_key, rows[0]))
    assert refused(world, submission) == "ModelNotFound"


# Inputs and keys. -----------------------------------------------------------------------------------------------------


def test_a_statement_about_something_else_is_not_proved(world: World, inference: Inference) -> None:
    statement = made(world, inference).statement
    with pytest.raises(StatementMismatch):
        inference.evidence(replace(statement, output=public_values([9])))


def test_inputs_are_checked(world: World) -> None:
    with pytest.raises(WrongInput):
        commit(world.hidden.proving_key, [1.0, 2.0])
    with pytest.raises(RangeExceeded):
        commit(world.hidden.proving_key, [1e9, 0.0, 0.0, 0.0])


def test_an_opening_of_another_model(world: World, inference: Inference) -> None:
    with pytest.raises(WrongModel):
        commit(world.public.proving_key, world.public.inputs[0], opening=inference.opening)


def test_keys_that_are_not_for_chains(world: World) -> None:
    import zkseal

    rows = world.hidden.inputs
    from sklearn.linear_model import LogisticRegression

    key, _ = zkseal.setup(zkseal.compile(LogisticRegression().fit(rows, rows[:, 0] > 0), rows, select="label"))
    with pytest.raises(NotForChain):
        commit(key, rows[0])


def test_nothing_secret_is_shown(inference: Inference) -> None:
    shown = repr(inference) + repr(Evidence(bytes(32), 1, 2, inference.commitments, b"proof"))
    assert "blinding" not in shown
    assert "tensors" not in shown


def test_a_provider_sees_what_commitments_hold(world: World, inference: Inference) -> None:
    """From opening and verifying key alone, without weights."""
    commitment, numbers = check_commitment(world.hidden.verifying_key, inference.opening, inference.points)
    assert commitment == inference.input_commitment
    assert np.allclose(numbers["X"], world.hidden.inputs[0], atol=1e-3)
    other = commit(world.hidden.proving_key, world.hidden.inputs[1])
    with pytest.raises(OpeningRejected):
        check_commitment(world.hidden.verifying_key, other.opening, inference.points)
    with pytest.raises(WrongModel):
        check_commitment(world.public.verifying_key, inference.opening, inference.points)
