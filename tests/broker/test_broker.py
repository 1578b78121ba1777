"""Registering models, least versions, revocations, files of keys, and what a database belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.broker.worlds import DEVELOPMENT, NOW, PRODUCTION, VENDORS, World

from zkseal._native import HpkeKey, PublisherKey
from zkseal.broker import BrokerFolder, BrokerOptions, KeyBroker
from zkseal.broker import key_files as keys
from zkseal.errors import FileUnavailable, PolicyDenied, UnknownVersion, WrongFileKind, WrongInput, WrongKey
from zkseal.tee import Assurance

pytestmark = pytest.mark.native


def test_a_model_is_registered_once_with_its_policy(world: World, broker: KeyBroker) -> None:
    model = world.sealed(3)
    broker.add_model(model, PRODUCTION, now=NOW)
    ((registered, least),) = broker.models()
    assert (registered.name, registered.version, registered.policy, least) == ("credit", 3, PRODUCTION, 0)
    assert registered.minimum_assurance is Assurance.VTPM_CLOUD
    with pytest.raises(WrongInput):
        broker.add_model(model, PRODUCTION, now=NOW)


def test_another_policy_is_refused(world: World, broker: KeyBroker) -> None:
    with pytest.raises(PolicyDenied):
        broker.add_model(world.sealed(), VENDORS, now=NOW)
    assert broker.models() == []
    assert len(broker.entries()) == 1


@pytest.mark.parametrize(
    ("policy", "minimum"),
    [
        (DEVELOPMENT, Assurance.VTPM_CLOUD),
        (DEVELOPMENT, Assurance.HARDWARE),
        (PRODUCTION, Assurance.VTPM_DEV),
        (PRODUCTION, Assurance.SANDBOX),
        ('extends = "production"\nname = "x"\nallow_development_roots = true\n', Assurance.HARDWARE),
    ],
)
def test_model_and_policy_are_of_one_world(world: World, broker: KeyBroker, policy: str, minimum: Assurance) -> None:
    with pytest.raises(PolicyDenied):
        broker.add_model(world.sealed(policy=policy, minimum=minimum), policy, now=NOW)


def test_a_header_may_ask_for_more_than_its_policy(world: World, broker: KeyBroker) -> None:
    broker.add_model(world.sealed(policy=PRODUCTION, minimum=Assurance.HARDWARE), PRODUCTION, now=NOW)
    broker.add_model(world.sealed(policy=DEVELOPMENT, minimum=Assurance.VTPM_DEV), DEVELOPMENT, now=NOW)


def test_a_model_that_is_sealed_to_others_is_refused(world: World, broker: KeyBroker) -> None:
    with pytest.raises(WrongKey):
        broker.add_model(world.sealed(recipients=(HpkeKey.generate().public_key,)), PRODUCTION, now=NOW)


def test_least_versions_only_grow(broker: KeyBroker) -> None:
    broker.set_minimum("credit", 5, now=NOW)
    for version in (5, 4, 0, -1, 1 << 63):
        with pytest.raises(WrongInput):
            broker.set_minimum("credit", version, now=NOW)
    broker.set_minimum("credit", 6, now=NOW)
    assert [entry.fields["version"] for entry in broker.entries()[1:]] == [5, 6]


def test_a_revocation_is_for_ever(world: World, broker: KeyBroker) -> None:
    model = world.added(broker, world.sealed())
    broker.revoke_model(model.header.digest, now=NOW)
    for digest in (model.header.digest, bytes(32)):
        with pytest.raises(WrongInput):
            broker.revoke_model(digest, now=NOW)


def test_what_one_process_revokes_holds_in_another(world: World, broker: KeyBroker) -> None:
    """The command line and a serving broker use one file."""
    model = world.added(broker, world.sealed())
    other = world.broker()
    other.revoke_model(model.header.digest, now=NOW)
    other.close()
    ((registered, _),) = broker.models()
    assert registered.revoked


def test_a_database_belongs_to_its_keys(world: World) -> None:
    for kek, log_key in ((HpkeKey.generate(), world.log_key), (world.kek, PublisherKey.generate())):
        with pytest.raises(WrongKey):
            KeyBroker(world.database, kek, log_key)


def test_a_database_of_another_kind_is_refused(world: World, tmp_path: Path) -> None:
    import sqlite3

    for name, content in (("text", b"no database at all, but long enough for a header" * 100), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises((FileUnavailable, UnknownVersion)):
            KeyBroker(tmp_path / name, world.kek, world.log_key)
    sqlite3.connect(world.database).execute("PRAGMA user_version = 2")
    with pytest.raises(UnknownVersion):
        world.broker()
    with pytest.raises(FileUnavailable):
        KeyBroker(tmp_path / "nowhere", world.kek, world.log_key)


@pytest.mark.parametrize("lifetime", [59, 301, 0, -1])
def test_lifetimes_of_nonces_have_bounds(lifetime: int) -> None:
    with pytest.raises(WrongInput):
        BrokerOptions(nonce_lifetime_s=lifetime)


def test_nonces_in_the_table_are_bounded(world: World) -> None:
    small = world.broker(options=BrokerOptions(max_open_nonces=2))
    for minute in range(20):
        now = NOW + 121 * minute
        for _ in range(2):
            small.challenge(now=now)
    row = small._store._row("SELECT count(*) FROM nonces", ())
    assert row is not None
    assert row[0] <= 9
    small.close()


# Files of keys. -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("passphrase", [None, "correct horse"])
def test_a_folder_holds_a_broker(tmp_path: Path, passphrase: str | None) -> None:
    folder = BrokerFolder(tmp_path / "broker")
    folder.create(now=NOW, passphrase=passphrase)
    broker = folder.open(passphrase=passphrase)
    assert broker.entries()[0].kind == "opened"
    broker.close()
    for path in (folder.kek, folder.checkpoint_key, folder.database):
        assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileUnavailable):
        folder.create(now=NOW, passphrase=passphrase)
    with pytest.raises(WrongFileKind if passphrase is None else WrongKey):
        folder.open(passphrase="another")


def test_encrypted_keys_open_with_their_passphrase_only(tmp_path: Path) -> None:
    key = HpkeKey.generate()
    keys.save_kek(tmp_path / "kek.zkk", key, "secret")
    assert keys.load_kek(tmp_path / "kek.zkk", "secret").to_bytes() == key.to_bytes()
    assert key.to_bytes() not in (tmp_path / "kek.zkk").read_bytes()
    for passphrase in ("Secret", None):
        with pytest.raises(WrongKey):
            keys.load_kek(tmp_path / "kek.zkk", passphrase)
    with pytest.raises(WrongKey):
        keys.load_checkpoint_key(tmp_path / "kek.zkk", "secret")


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    keys.save_kek(tmp_path / "kek.zkk", HpkeKey.generate())
    (tmp_path / "kek.zkk").chmod(0o640)
    with pytest.raises(FileUnavailable):
        keys.load_kek(tmp_path / "kek.zkk")
