"""Predicted gas is what transactions use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from bench.gas import BATCHES, LIMITS, MARGINAL, POWERS, Ledger, measure_model, prepare
from bench.gas_attested import ANSWERS, CHECK, LIMIT, measure_attested
from tests.chain.worlds import Model, populated

from zkseal import _native
from zkseal.chain.gas import FORKS, Fork, predict_gas
from zkseal.chain.inference import commit
from zkseal.chain.local import local_chain
from zkseal.chain.submission import prove_for, submit
from zkseal.errors import GasCapExceeded, WrongInput

RECORDING = 120_000
"""Most gas of what the InferenceVerifier does besides: statement hash, a storage slot, an event."""


@pytest.mark.parametrize("fork", FORKS)
def test_an_inference_costs_what_was_predicted(
    tmp_path: Path, hidden_model: Model, public_model: Model, fork: Fork
) -> None:
    with local_chain(hardfork=fork) as running:
        world = populated(running, tmp_path, hidden_model, public_model)
        for model in (hidden_model, public_model):
            predicted = predict_gas(model.verifying_key, fork).inference["total"]
            inference = commit(model.proving_key, model.inputs[0])
            submission = prove_for(
                world.connection, world.book, inference, consumer=world.user.address, deadline=world.now() + 600
            )
            used = submit(world.connection, world.user, submission)["gas_used"]
            print(f"{fork}: predicted {predicted:,}, used {used:,}")
            assert 0.93 * predicted < used < 1.07 * predicted + RECORDING


PREDICTED_WITHIN = 0.05


@pytest.mark.parametrize("fork", FORKS)
def test_a_verification_costs_what_was_predicted(fork: Fork) -> None:
    """Transactions to the verifier itself, calldata included; the model proof as well."""
    with local_chain(hardfork=fork) as running:
        ledger = Ledger(running)
        for name, limit in LIMITS.items():
            model = prepare(name)
            used = measure_model(ledger, model)
            assert used["verify"] <= limit
            near(used["verify"], model.predicted[fork])
            near(used["model_proof"], model.predicted_model[fork])


def near(used: int, predicted: Mapping[str, int]) -> None:
    assert abs(predicted["total"] / used - 1) <= PREDICTED_WITHIN, (used, predicted)


def test_a_second_inference_is_cheap() -> None:
    """In the same proof, or in the same transaction."""
    with local_chain() as running:
        ledger = Ledger(running)
        one = prepare(MARGINAL)
        program, _ = ledger.store(one.program)
        alone = ledger.verify(program, one.parts)
        for batch in BATCHES:
            several = prepare(MARGINAL, batch)
            used = ledger.verify(ledger.store(several.program)[0], several.parts)
            near(used, several.predicted["osaka"])
            assert used - alone < 10_000 * (batch - 1)
        both = ledger.verify_many([(program, one.parts)] * 2)
        assert both < 2 * alone - 100_000


@pytest.mark.parametrize("fork", FORKS)
def test_an_attested_answer_is_one_signature(fork: Fork) -> None:
    """And what keeps keys, measurements and models revocable."""
    with local_chain(hardfork=fork) as running:
        used = measure_attested(running, POWERS)
    print(used)
    assert used[CHECK] < LIMIT
    assert used[ANSWERS["TEE"]] < used[ANSWERS["ZK"]] / 4
    near_both = used[ANSWERS["TEE_AND_ZK"]] - used[ANSWERS["ZK"]]
    assert near_both < LIMIT + 1_300, "a signature's calldata besides"


def test_the_prediction_needs_no_key(hidden_model: Model, public_model: Model) -> None:
    for model in (hidden_model, public_model):
        core = model.verifying_key.core
        for fork in FORKS:
            predicted = _native.chain_gas_of(core.relation, core.c, core.lanes, fork)
            assert predicted == _native.chain_gas(core, False, fork)


def test_what_does_not_fit_is_refused(hidden_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    prediction = predict_gas(hidden_model.verifying_key)
    prediction.require_fitting()
    monkeypatch.setattr("zkseal.chain.gas.TRANSACTION_GAS_CAP", prediction.inference["total"] - 1)
    with pytest.raises(GasCapExceeded) as caught:
        prediction.require_fitting()
    assert caught.value.what == "an inference"


def test_there_is_no_such_fork(hidden_model: Model) -> None:
    with pytest.raises(WrongInput):
        predict_gas(hidden_model.verifying_key, "istanbul")  # type: ignore[arg-type]
