"""Models are registered once, step by step, and by whom they belong to."""

from __future__ import annotations

from typing import Any

import pytest
from tests.chain.worlds import Model, World, keys_of

import zkseal
from zkseal.chain import transactions
from zkseal.chain.local import LocalChain, local_signer
from zkseal.chain.registration import is_registered, register
from zkseal.errors import GasCapExceeded, NotForChain, TransactionReverted
from zkseal.evm.programs import PROGRAM_BYTES_CAP, programs

OWNER, OTHER = local_signer(0), local_signer(1)
STEPS = ["store verifying program", "store model program", "prove model", "register"]


class Stopped(BaseException):
    """The process ends here."""


def test_registration_takes_four_transactions_once(chain: LocalChain, registry: str, hidden_model: Model) -> None:
    key = hidden_model.verifying_key
    told: list[str] = []
    before = chain.connection.nonce(OWNER.address)
    made = register(chain.connection, OWNER, registry, key, uri="ipfs://card", progress=told.append)
    assert told == list(made.gas_used) == STEPS
    assert (made.model_id, made.owner, made.version) == (programs(key).model_id, OWNER.address, 1)
    again = register(chain.connection, OWNER, registry, key)
    assert (again.model_id, again.owner, again.gas_used) == (made.model_id, OWNER.address, {})
    assert chain.connection.nonce(OWNER.address) == before + 4
    commitment, deprecated, owner = chain.connection.call("ModelRegistry", registry, "getModel", made.model_id)
    assert commitment[4] == "ipfs://card"
    assert not deprecated
    assert owner == OWNER.address


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("sent", [False, True])
def test_an_interrupted_run_goes_on(
    chain: LocalChain, registry: str, hidden_model: Model, monkeypatch: pytest.MonkeyPatch, step: int, sent: bool
) -> None:
    real, count, before = transactions.broadcast, 0, chain.connection.nonce(OWNER.address)

    def broadcast(*arguments: Any) -> None:
        nonlocal count
        count += 1
        if sent or count <= step:
            real(*arguments)
        if count > step:
            raise Stopped

    monkeypatch.setattr(transactions, "broadcast", broadcast)
    with pytest.raises(Stopped):
        register(chain.connection, OWNER, registry, hidden_model.verifying_key)
    monkeypatch.undo()
    made = register(chain.connection, OWNER, registry, hidden_model.verifying_key)
    assert is_registered(chain.connection, registry, made.model_id)
    assert chain.connection.nonce(OWNER.address) == before + 4


def test_a_model_that_somebody_else_proved_first(chain: LocalChain, registry: str, hidden_model: Model) -> None:
    """A model proof names no owner. Whoever loses the race is told, and makes fresh keys."""
    register(chain.connection, OTHER, registry, hidden_model.verifying_key)
    assert register(chain.connection, OWNER, registry, hidden_model.verifying_key).owner == OTHER.address


def test_a_model_that_somebody_else_proved_and_did_not_enter(
    chain: LocalChain, registry: str, hidden_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zkseal.chain.registration import _Registration

    monkeypatch.setattr(_Registration, "enter", lambda *_: (_ for _ in ()).throw(Stopped()))
    with pytest.raises(Stopped):
        register(chain.connection, OTHER, registry, hidden_model.verifying_key)
    monkeypatch.undo()
    with pytest.raises(TransactionReverted) as caught:
        register(chain.connection, OWNER, registry, hidden_model.verifying_key)
    assert caught.value.error == "ModelAlreadyProved"


def test_the_next_version_of_a_family(
    chain: LocalChain, registry: str, hidden_model: Model, public_model: Model
) -> None:
    first = register(chain.connection, OWNER, registry, hidden_model.verifying_key)
    second = register(chain.connection, OWNER, registry, public_model.verifying_key, successor_of=first.model_id)
    assert (first.version, second.version) == (1, 2)


def test_a_family_of_somebody_else(chain: LocalChain, registry: str, hidden_model: Model, public_model: Model) -> None:
    first = register(chain.connection, OWNER, registry, hidden_model.verifying_key)
    with pytest.raises(TransactionReverted) as caught:
        register(chain.connection, OTHER, registry, public_model.verifying_key, successor_of=first.model_id)
    assert caught.value.error == "NotModelOwner"


def test_keys_that_are_not_for_chains() -> None:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    rows = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    model = zkseal.compile(LogisticRegression().fit(rows, rows[:, 0] > 0), rows, select="label")
    _, key = zkseal.setup(model)
    with pytest.raises(NotForChain):
        programs(key)


def test_programs_longer_than_code_are_refused(hidden_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zkseal.evm.programs.PROGRAM_BYTES_CAP", 100)
    with pytest.raises(GasCapExceeded) as caught:
        programs(hidden_model.verifying_key)
    assert caught.value.cap == 100
    assert PROGRAM_BYTES_CAP == 24_576


def test_setup_again_gives_another_id(hidden_model: Model) -> None:
    from sklearn.linear_model import LogisticRegression

    rows = hidden_model.inputs
    again = keys_of(LogisticRegression().fit(rows, rows[:, 0] + rows[:, 1] > 0.5), rows)
    assert programs(again.verifying_key).model_id != programs(hidden_model.verifying_key).model_id


def test_another_model_is_not_registered(world: World) -> None:
    registry = world.address("ModelRegistry")
    assert is_registered(world.connection, registry, world.ids["hidden"])
    assert not is_registered(world.connection, registry, world.ids["hidden"] + 1)
