"""The audit log: whatever is changed, cut or replaced is found, by the chain or by a checkpoint from outside."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.broker.worlds import NOW, Enclave, World, head_of

from zkseal._native import PublisherKey
from zkseal.broker import Broken, Checkpoint, Entry, KeyBroker, read_checkpoint, verify_log, write_checkpoint
from zkseal.broker.audit import GENESIS, verify_entries
from zkseal.errors import DecodeError, FileUnavailable, InvalidEncoding, RolledBack, SignatureRejected

pytestmark = pytest.mark.native


@pytest.fixture
def filled(world: World, broker: KeyBroker, enclave: Enclave) -> World:
    """A log of five entries: opened, model added, released, minimum raised, model revoked."""
    bundle = world.snp_bundle(enclave.runtime(broker.challenge(now=NOW)))
    broker.release(bundle, *head_of(enclave.model), now=NOW)
    broker.set_minimum("credit", 1, now=NOW)
    broker.revoke_model(enclave.model.header.digest, now=NOW)
    return world


def edited(path: Path, statement: str, *values: object) -> None:
    """What somebody does who can write the file and removes the triggers first."""
    database = sqlite3.connect(path)
    for name in ("log_is_not_changed", "log_is_not_cut"):
        database.execute(f"DROP TRIGGER IF EXISTS {name}")
    database.execute(statement, values)
    database.commit()
    database.close()


def test_an_untouched_log_holds(filled: World) -> None:
    log = verify_log(filled.database)
    assert log.broken is None
    assert [entry.kind for entry in log.entries] == [
        "opened",
        "model_added",
        "released",
        "minimum_raised",
        "model_revoked",
    ]
    assert log.entries[0].previous == GENESIS


@pytest.mark.parametrize("place", range(5))
def test_a_changed_entry_is_found(filled: World, place: int) -> None:
    old = verify_log(filled.database).entries[place]
    new = Entry(old.sequence, old.time + 1, old.kind, old.fields, old.previous)
    edited(filled.database, "UPDATE log SET entry = ? WHERE sequence = ?", new.to_cbor(), place)
    assert verify_log(filled.database).broken == Broken(place, "its content does not have its hash")
    edited(filled.database, "UPDATE log SET hash = ? WHERE sequence = ?", new.hash, place)
    broken = verify_log(filled.database).broken
    # With its hash changed as well, the one after it does not follow; nothing follows the last one.
    assert (
        (broken is None) if place == 4 else broken == Broken(place + 1, "it follows another entry than the one before")
    )


@pytest.mark.parametrize("place", range(4))
def test_a_removed_entry_is_found(filled: World, place: int) -> None:
    edited(filled.database, "DELETE FROM log WHERE sequence = ?", place)
    broken = verify_log(filled.database).broken
    assert broken is not None
    assert broken.sequence == place


def test_garbage_is_found(filled: World) -> None:
    edited(filled.database, "UPDATE log SET entry = ? WHERE sequence = 2", b"\xff")
    broken = verify_log(filled.database).broken
    assert broken is not None
    assert broken.sequence == 2


def test_a_checkpoint_finds_a_cut_and_a_replaced_end(filled: World, broker: KeyBroker) -> None:
    checkpoint = broker.checkpoint(now=NOW)
    assert verify_log(filled.database, [checkpoint]).broken is None
    broker.close()
    last = verify_log(filled.database).entries[-1]
    edited(filled.database, "DELETE FROM log WHERE sequence = 4")
    assert verify_log(filled.database).broken is None
    broken = verify_log(filled.database, [checkpoint]).broken
    assert broken is not None
    assert broken.sequence == 4
    other = Entry(4, NOW, "denied", {}, last.previous)
    edited(filled.database, "INSERT INTO log VALUES (?, ?, ?)", 4, other.to_cbor(), other.hash)
    assert verify_log(filled.database).broken is None
    broken = verify_log(filled.database, [checkpoint]).broken
    assert broken is not None
    assert broken.sequence == 4


def test_a_log_of_another_hand_is_found_by_the_key(filled: World, broker: KeyBroker, tmp_path: Path) -> None:
    """Whoever makes a new broker has a log that holds, and checkpoints for it."""
    stranger = PublisherKey.generate()
    KeyBroker.create(tmp_path / "other.db", filled.kek, stranger, now=NOW)
    other = KeyBroker(tmp_path / "other.db", filled.kek, stranger)
    theirs = other.checkpoint(now=NOW)
    other.close()
    assert verify_log(tmp_path / "other.db", [theirs]).broken is None
    for key, checkpoints in ((filled.log_key.public_key, [theirs]), (filled.log_key.public_key, [])):
        assert verify_log(tmp_path / "other.db", checkpoints, public_key=key).broken is not None
    assert verify_log(tmp_path / "other.db", [broker.checkpoint(now=NOW)]).broken is not None


def test_an_export_verifies_like_the_database(filled: World, broker: KeyBroker, tmp_path: Path) -> None:
    lines = [json.dumps(entry.to_json()) for entry in broker.entries()]
    export = tmp_path / "log.jsonl"
    export.write_text("\n".join(lines) + "\n")
    assert verify_log(export, [broker.checkpoint(now=NOW)], public_key=filled.log_key.public_key).broken is None
    export.write_text("\n".join(lines[:2] + lines[3:]) + "\n")
    assert verify_log(export).broken == Broken(2, "entry 3 stands where 2 belongs")
    export.write_text("no log\n")
    with pytest.raises(InvalidEncoding):
        verify_log(export)
    with pytest.raises(FileUnavailable):
        verify_log(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "denied"},
        {"time": 0},
        {"sequence": 2.0},
        {"sequence": 3},
        {"fields": {"denial": "debug"}},
        {"previous": "00" * 32},
        {"more": 1},
        {"kind": None},
        {"cbor": str.upper},
    ],
)
def test_what_people_read_of_an_export_is_what_was_decided(
    filled: World, broker: KeyBroker, tmp_path: Path, change: dict[str, Any]
) -> None:
    """The hash is over the CBOR; who reads the JSON beside it has to read the same."""
    entries = [entry.to_json() for entry in broker.entries()]
    for name, value in change.items():
        if value is None:
            del entries[2][name]
        else:
            entries[2][name] = value(entries[2][name]) if callable(value) else value
    export = tmp_path / "log.jsonl"
    export.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    assert verify_log(export, [broker.checkpoint(now=NOW)]).broken == Broken(
        2, "its readable part says another thing than its cbor"
    )


def test_a_name_stands_once_in_a_line_of_an_export(filled: World, broker: KeyBroker, tmp_path: Path) -> None:
    """Of two, one program reads the first, and another the second."""
    lines = [json.dumps(entry.to_json()) for entry in broker.entries()]
    lines[2] = '{"kind": "denied", ' + lines[2][1:]
    export = tmp_path / "log.jsonl"
    export.write_text("\n".join(lines))
    with pytest.raises(InvalidEncoding):
        verify_log(export)


def test_an_empty_log_is_no_log() -> None:
    assert verify_entries([]).broken is not None


def test_the_database_itself_refuses_to_change_the_log(filled: World) -> None:
    database = sqlite3.connect(filled.database)
    for statement in ("UPDATE log SET hash = x'00'", "DELETE FROM log", "UPDATE minimums SET version = 0"):
        with pytest.raises(sqlite3.IntegrityError):
            database.execute(statement)
    database.close()


# Checkpoints and the anchor. ------------------------------------------------------------------------------------------


def test_every_flipped_bit_of_a_checkpoint_is_found(broker: KeyBroker) -> None:
    data = broker.checkpoint(now=NOW).to_cbor()
    assert Checkpoint.from_cbor(data).to_cbor() == data
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((DecodeError, SignatureRejected)):
            Checkpoint.from_cbor(bytes(changed))


def test_an_anchor_keeps_step_and_finds_a_rollback(world: World, broker: KeyBroker, tmp_path: Path) -> None:
    anchor = tmp_path / "elsewhere.checkpoint"
    with pytest.raises(FileUnavailable):
        world.broker(anchor=anchor)
    write_checkpoint(anchor, broker.checkpoint(now=NOW))
    broker.close()
    shutil.copy(world.database, tmp_path / "old.db")

    anchored = world.broker(anchor=anchor)
    enclave = Enclave(world.added(anchored, world.sealed()))
    nonce = anchored.challenge(now=NOW)
    bundle = world.snp_bundle(enclave.runtime(nonce))
    released = anchored.release(bundle, *head_of(enclave.model), now=NOW)
    assert read_checkpoint(anchor).hash == released.entry_hash
    anchored.close()
    world.broker(anchor=anchor).close()

    for path in world.folder.glob("broker.db-*"):
        path.unlink()
    shutil.copy(tmp_path / "old.db", world.database)
    world.broker().close()  # it hangs together: nothing inside tells
    with pytest.raises(RolledBack):
        world.broker(anchor=anchor)


def test_an_anchor_of_another_broker_is_refused(world: World, broker: KeyBroker, tmp_path: Path) -> None:
    KeyBroker.create(tmp_path / "other.db", world.kek, world.log_key, now=NOW)
    other = KeyBroker(tmp_path / "other.db", world.kek, world.log_key)
    write_checkpoint(tmp_path / "anchor", other.checkpoint(now=NOW))
    other.close()
    with pytest.raises(RolledBack):
        world.broker(anchor=tmp_path / "anchor")
