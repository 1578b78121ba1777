"""Who writes the database alone gets no key: the signed header and the log say what the tables have to say."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from tests.broker.worlds import DEVELOPMENT, NOW, VENDORS, Enclave, World, head_of

from zkseal.broker import KeyBroker, verify_log
from zkseal.broker.registry import Registry
from zkseal.errors import KeyDenied, LogBroken
from zkseal.tee import Assurance, parse_policy

pytestmark = pytest.mark.native


def written(path: Path, statement: str, *values: object) -> None:
    """What somebody does who can write the file and removes the triggers first."""
    database = sqlite3.connect(path)
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f"DROP TRIGGER {name}")
    database.execute(statement, values)
    database.commit()
    database.close()


def blind(patch: pytest.MonkeyPatch) -> None:
    """Takes the second guard away, so that the first one is seen alone."""
    patch.setattr(Registry, "require_model", lambda *arguments: None)


def test_a_swapped_policy_opens_no_door(
    world: World, broker: KeyBroker, enclave: Enclave, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A production model, turned into one for development in the table."""
    blind(monkeypatch)
    digest = parse_policy(DEVELOPMENT).digest
    statement = "UPDATE models SET policy = ?, policy_digest = ?, minimum_assurance = 0"
    written(world.database, statement, DEVELOPMENT, digest)
    thief = replace(enclave, ceiling=Assurance.SANDBOX)
    runtime = replace(thief.runtime(broker.challenge(now=NOW)), policy_digest=digest)
    with pytest.raises(KeyDenied) as caught:
        broker.release_development(world.sandbox_bundle(runtime), *head_of(enclave.model), now=NOW)
    assert (caught.value.denial, caught.value.check) == ("wrong_model", "registration.minimum_assurance")
    assert broker.entries()[-1].fields["check"] == "registration.minimum_assurance"


@pytest.mark.parametrize(
    ("column", "value", "denial", "check"),
    [
        ("minimum_assurance", 4, "wrong_model", "minimum_assurance"),
        ("version", 99, "wrong_model", "version"),
        ("name", "debit", "wrong_model", "name"),
        ("zk_model_commitment", bytes(32), "wrong_model", "zk_model_commitment"),
        ("publisher", bytes(32), "wrong_model", "publisher"),
        ("policy_digest", bytes(32), "wrong_policy", "policy"),
        ("policy", VENDORS, "wrong_policy", "policy"),
    ],
)
@pytest.mark.parametrize("used_before", [False, True])
def test_the_header_says_what_the_row_has_to_say(
    world: World,
    broker: KeyBroker,
    enclave: Enclave,
    monkeypatch: pytest.MonkeyPatch,
    column: str,
    value: object,
    denial: str,
    check: str,
    used_before: bool,
) -> None:
    blind(monkeypatch)
    if used_before:
        broker.release(world.snp_bundle(enclave.runtime(broker.challenge(now=NOW))), *head_of(enclave.model), now=NOW)
    written(world.database, f"UPDATE models SET {column} = ?", value)
    bundle = world.snp_bundle(enclave.runtime(broker.challenge(now=NOW)))
    with pytest.raises(KeyDenied) as caught:
        broker.release(bundle, *head_of(enclave.model), now=NOW)
    assert (caught.value.denial, caught.value.check) == (denial, f"registration.{check}")


# The log. -------------------------------------------------------------------------------------------------------------

CHANGES = [
    "UPDATE models SET revoked = 0",
    "UPDATE models SET version = 99",
    "UPDATE models SET minimum_assurance = 0",
    "UPDATE models SET minimum_assurance = 77",
    "UPDATE models SET publisher = zeroblob(32)",
    "UPDATE models SET digest = zeroblob(32)",
    "DELETE FROM models",
    "INSERT INTO models SELECT zeroblob(32), name, version, zk_model_commitment, minimum_assurance, policy_digest, "
    "policy, publisher, revoked FROM models",
    "UPDATE minimums SET version = 1",
    "DELETE FROM minimums",
    "INSERT INTO minimums VALUES ('debit', 3)",
    "UPDATE facts SET value = zeroblob(16) WHERE key = 'broker'",
    "UPDATE log SET entry = (SELECT entry FROM log WHERE sequence = 1) WHERE sequence = 2",
    "DELETE FROM log WHERE sequence = 1",
    "DELETE FROM log WHERE sequence = 3",
    "DELETE FROM log",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_broker_does_not_start_on_tables_that_the_log_does_not_tell_of(
    world: World, broker: KeyBroker, enclave: Enclave, change: str
) -> None:
    broker.set_minimum("credit", 2, now=NOW)
    broker.revoke_model(enclave.model.header.digest, now=NOW)
    broker.close()
    world.broker().close()
    written(world.database, change)
    with pytest.raises(LogBroken) as caught:
        world.broker()
    assert caught.value.path == str(world.database)


def test_entries_that_no_broker_writes_are_found(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    """A chain that holds is not enough: what it tells has to be possible."""
    broker.set_minimum("credit", 2, now=NOW)
    with broker._store.atomically():
        broker._store.append(NOW, "minimum_raised", {"name": "credit", "version": 1, "before": 0})
        broker._store._execute("DROP TRIGGER minimums_grow")
        broker._store.set_minimum("credit", 1)
    broker.close()
    assert verify_log(world.database).broken is None
    with pytest.raises(LogBroken):
        world.broker()


def test_a_serving_broker_sees_a_revocation_that_went(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    broker.revoke_model(enclave.model.header.digest, now=NOW)
    bundle = world.snp_bundle(enclave.runtime(broker.challenge(now=NOW)))
    written(world.database, "UPDATE models SET revoked = 0")
    with pytest.raises(KeyDenied) as caught:
        broker.release(bundle, *head_of(enclave.model), now=NOW)
    assert (caught.value.denial, caught.value.check) == ("wrong_model", "registration.log")


def test_a_serving_broker_sees_a_log_that_was_cut(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    """Entries that this broker wrote are gone, and nothing is released any more."""
    for _ in range(3):
        broker.release(world.snp_bundle(enclave.runtime(broker.challenge(now=NOW))), *head_of(enclave.model), now=NOW)
    written(world.database, "DELETE FROM log WHERE sequence >= 3")
    for _ in range(3):
        bundle = world.snp_bundle(enclave.runtime(broker.challenge(now=NOW)))
        with pytest.raises(KeyDenied) as caught:
            broker.release(bundle, *head_of(enclave.model), now=NOW)
        assert (caught.value.denial, caught.value.check) == ("wrong_model", "registration.log")


def test_a_serving_broker_sees_a_least_version_that_sank(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    broker.set_minimum("credit", 2, now=NOW)
    bundle = world.snp_bundle(enclave.runtime(broker.challenge(now=NOW)))
    written(world.database, "UPDATE minimums SET version = 1")
    with pytest.raises(KeyDenied) as caught:
        broker.release(bundle, *head_of(enclave.model), now=NOW)
    assert (caught.value.denial, caught.value.check) == ("wrong_model", "registration.log")


def test_what_another_process_registers_is_followed(world: World, broker: KeyBroker) -> None:
    other = world.broker()
    added = Enclave(world.added(other, world.sealed(4)))
    other.set_minimum("credit", 3, now=NOW)
    other.close()
    nonce = broker.challenge(now=NOW)
    released = broker.release(world.snp_bundle(added.runtime(nonce)), *head_of(added.model), now=NOW)
    assert added.content(released, nonce)


def test_long_logs_are_read_in_pages(world: World, broker: KeyBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zkseal.broker.registry.PAGE", 3)
    for version in range(1, 12):
        broker.set_minimum("credit", version, now=NOW)
    broker.close()
    world.broker().close()
    written(world.database, "UPDATE minimums SET version = 10")
    with pytest.raises(LogBroken):
        world.broker()
