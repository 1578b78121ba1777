"""Predicted gas is what transactions use."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.chain.worlds import Model, populated

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
