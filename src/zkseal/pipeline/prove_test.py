"""Prove and verify in numbers: what is true is accepted, what is not is refused by name."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from zkseal import pipeline
from zkseal.conftest import tiny_graph
from zkseal.errors import (
    DecodeError,
    OpeningRejected,
    ProofRejected,
    StatementMismatch,
    WrongContext,
    WrongInput,
    WrongLength,
    WrongModel,
)
from zkseal.lowering import Visibility
from zkseal.pipeline import CompiledModel, ProveResult, ProvingKey
from zkseal.proving import VerifyingKey
from zkseal.receipts import Receipt, Side, ZkEvidence

pytestmark = pytest.mark.native

Keys = tuple[ProvingKey, VerifyingKey]


@pytest.fixture(scope="module")
def proved(keys: Keys, samples: np.ndarray) -> ProveResult:
    return pipeline.prove(keys[0], samples[0], context=b"visit 12")


def test_what_is_verified_is_what_was_computed(keys: Keys, proved: ProveResult, samples: np.ndarray) -> None:
    statement = pipeline.verify(proved.receipt, keys[1], context=b"visit 12")
    assert statement.outputs["y"].tolist() == proved.outputs["y"].tolist()
    assert statement.outputs["y"].tolist() == keys[0].program.predict({"x": samples[:1]})["y"].tolist()
    assert dict(statement.inputs) == {}
    assert len(statement.input_commitments) >= 1
    assert (statement.model_id, statement.context) == (keys[1].model_id, b"visit 12")


def test_receipts_survive_their_encoding(keys: Keys, proved: ProveResult) -> None:
    copy = Receipt.from_cbor(proved.receipt.to_cbor())
    pipeline.verify(copy, VerifyingKey(keys[1].data), context=b"visit 12")


@pytest.mark.parametrize(("inputs", "outputs", "weights"), list(product(["private", "public"], repeat=3)))
def test_every_visibility(samples: np.ndarray, inputs: Visibility, outputs: Visibility, weights: Visibility) -> None:
    model = pipeline.compile(tiny_graph(), samples, inputs=inputs, outputs=outputs, weights=weights)
    proving_key, verifying_key = pipeline.setup(model)
    result = pipeline.prove(proving_key, samples[3])
    statement = pipeline.verify(result.receipt, verifying_key)
    assert set(statement.inputs) == ({"x"} if inputs == "public" else set())
    assert set(statement.outputs) == ({"y"} if outputs == "public" else set())
    assert bool(statement.input_commitments) == (inputs == "private")
    assert bool(statement.output_commitments) == (outputs == "private")
    opened = pipeline.check_opening(result.receipt, result.opening, verifying_key)
    seen = {**statement.inputs, **statement.outputs, **opened}
    assert seen["y"].tolist() == result.outputs["y"].tolist()
    assert np.abs(seen["x"] - samples[3]).max() <= model.interface.inputs[0].step


def test_another_context_is_refused(keys: Keys, proved: ProveResult) -> None:
    with pytest.raises(WrongContext):
        pipeline.verify(proved.receipt, keys[1], context=b"visit 13")
    relabelled = replace(proved.receipt, statement=replace(proved.receipt.statement, context=b"visit 13"))
    with pytest.raises(ProofRejected):
        pipeline.verify(relabelled, keys[1], context=b"visit 13")


def test_another_output_is_refused(keys: Keys, proved: ProveResult) -> None:
    statement = proved.receipt.statement
    for index, array in statement.output.arrays().items():
        for position in range(array.size):
            changed = array.copy()
            changed[position] += 1
            forged = replace(statement, output=Side.of({index: changed}))
            with pytest.raises(ProofRejected):
                pipeline.verify(replace(proved.receipt, statement=forged), keys[1], context=b"visit 12")


def test_another_model_is_refused(keys: Keys, samples: np.ndarray, tiny: CompiledModel) -> None:
    other = pipeline.compile(tiny_graph(1.01), samples)
    proving_key, _ = pipeline.setup(other)
    receipt = pipeline.prove(proving_key, samples[0]).receipt
    with pytest.raises(WrongModel):
        pipeline.verify(receipt, keys[1])
    renamed = replace(receipt, statement=replace(receipt.statement, model_id=keys[1].model_id))
    with pytest.raises((ProofRejected, DecodeError)):
        pipeline.verify(renamed, keys[1])


def test_the_same_model_set_up_twice_is_two_models(keys: Keys, tiny: CompiledModel) -> None:
    _, again = pipeline.setup(tiny)
    assert again.model_id != keys[1].model_id


def test_statements_of_another_form_are_refused(keys: Keys, proved: ProveResult) -> None:
    statement = proved.receipt.statement
    ((index, values),) = statement.output.values.items()
    commitments = statement.input.commitments
    forms = [
        replace(statement, output=Side()),
        replace(statement, output=Side({index: values + bytes(8)})),
        replace(statement, output=Side({index: values[:-8]})),
        replace(statement, output=Side({index + 1: values})),
        replace(statement, output=Side({index: values}, commitments)),
        replace(statement, input=Side({index: values}, commitments), output=Side()),
        replace(statement, input=Side({}, commitments[1:])),
        replace(statement, input=Side({}, (*commitments, commitments[0]))),
    ]
    for form in forms:
        with pytest.raises(StatementMismatch):
            pipeline.verify(replace(proved.receipt, statement=form), keys[1], context=b"visit 12")


def test_cut_or_lengthened_proofs_are_refused(keys: Keys, proved: ProveResult) -> None:
    proof = proved.receipt.proof
    for wrong in (b"", proof[:-1], proof + b"\0"):
        with pytest.raises(WrongLength):
            pipeline.verify(replace(proved.receipt, evidence=(ZkEvidence(wrong),)), keys[1], context=b"visit 12")


def test_two_proofs_of_one_input_share_nothing(keys: Keys, samples: np.ndarray) -> None:
    first, second = (pipeline.prove(keys[0], samples[0]).receipt for _ in range(2))
    assert not set(first.statement.input.commitments) & set(second.statement.input.commitments)
    pieces = [{r.proof[k : k + 32] for k in range(0, len(r.proof), 32)} for r in (first, second)]
    assert not pieces[0] & pieces[1]


def test_an_opening_shows_its_own_receipt_only(keys: Keys, proved: ProveResult, samples: np.ndarray) -> None:
    shown = pipeline.check_opening(proved.receipt, proved.opening, keys[1])
    assert np.abs(shown["x"] - samples[0]).max() < 0.001
    other = pipeline.prove(keys[0], samples[1])
    with pytest.raises(OpeningRejected):
        pipeline.check_opening(proved.receipt, other.opening, keys[1])
    assert proved.opening.input is not None
    (index,) = proved.opening.input.tensors
    changed = {index: proved.opening.input.tensors[index] ^ 1}
    with pytest.raises(OpeningRejected):
        pipeline.check_opening(
            proved.receipt, replace(proved.opening, input=replace(proved.opening.input, tensors=changed)), keys[1]
        )
    with pytest.raises(StatementMismatch):
        pipeline.check_opening(proved.receipt, replace(proved.opening, input=None), keys[1])
    with pytest.raises(WrongModel):
        pipeline.check_opening(proved.receipt, replace(proved.opening, model_id=bytes(32)), keys[1])


@pytest.mark.parametrize("shape", [(2, 4), (5,), (1, 4, 1), ()])
def test_wrong_shapes_are_refused_before_any_work(keys: Keys, shape: tuple[int, ...]) -> None:
    with pytest.raises(WrongInput):
        pipeline.prove(keys[0], np.zeros(shape))


def test_a_context_that_no_receipt_holds_is_refused(keys: Keys, samples: np.ndarray) -> None:
    with pytest.raises(WrongLength):
        pipeline.prove(keys[0], samples[0], context=bytes(65537))


def test_progress_may_stop_the_work(keys: Keys, samples: np.ndarray) -> None:
    def stop(stage: str, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.prove(keys[0], samples[0], progress=stop)


def test_descriptions_hide_what_is_hidden(
    tiny: CompiledModel, keys: Keys, proved: ProveResult, samples: np.ndarray
) -> None:
    model = pipeline.describe(tiny)
    assert model["hidden"] == ["input x", "weights", "every intermediate value"]
    assert model["predicted"]["proof_bytes"] == len(proved.receipt.proof)
    key = pipeline.describe(keys[1])
    assert key["model_id"] == keys[1].model_id.hex()
    assert pipeline.describe(keys[0]) == {**model, "model_id": key["model_id"], "scheme": key["scheme"]}
    assert key["predicted"] == model["predicted"]
    receipt = pipeline.describe(proved.receipt)
    assert receipt["hidden"] == ["input"]
    assert receipt["verified"] is False
    assert pipeline.describe(proved.opening)["opens"] == {"input": 4}


@pytest.mark.parametrize(("inputs", "outputs"), list(product(["private", "public"], repeat=2)))
def test_a_later_proof_proves_the_statement_of_the_answer(
    samples: np.ndarray, inputs: Visibility, outputs: Visibility
) -> None:
    model = pipeline.compile(tiny_graph(), samples, inputs=inputs, outputs=outputs)
    proving_key, verifying_key = pipeline.setup(model)
    answer = pipeline.answer(proving_key, samples[3], context=b"visit 12")
    result = pipeline.prove(proving_key, samples[3], context=b"visit 12", opening=answer.opening)
    assert result.receipt.statement == answer.statement
    pipeline.verify(result.receipt, verifying_key, context=b"visit 12")
    pipeline.check_opening(result.receipt, answer.opening, verifying_key)
    assert answer.outputs["y"].tolist() == result.outputs["y"].tolist()
    hidden = inputs == "private" or outputs == "private"
    assert (pipeline.answer(proving_key, samples[3], context=b"visit 12").statement != answer.statement) == hidden


def test_openings_of_other_values_or_models_are_refused(keys: Keys, tiny: CompiledModel, samples: np.ndarray) -> None:
    answer = pipeline.answer(keys[0], samples[3])
    with pytest.raises(StatementMismatch):
        pipeline.prove(keys[0], samples[4], opening=answer.opening)
    with pytest.raises(StatementMismatch):
        pipeline.prove(keys[0], samples[3], opening=replace(answer.opening, input=None))
    with pytest.raises(WrongModel):
        pipeline.prove(pipeline.setup(tiny)[0], samples[3], opening=answer.opening)
