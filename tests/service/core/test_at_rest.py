"""Sealed messages open under their key, in their place, whole; master keys are files for their owner only."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkseal.errors import DecryptionFailed, FileUnavailable, MasterKeyRejected
from zkseal.service.at_rest import DataKey, MasterKey, MasterKeys, Place
from zkseal.service.at_rest.sealing import HEADER_BYTES, PIECE_BYTES, TAG_BYTES
from zkseal.service.observing import ServiceLog
from zkseal.service.service import master_keys_of
from zkseal.service.serving import running
from zkseal.service.setting_up import set_up
from zkseal.service.settings import MASTER_KEY_VARIABLE, Settings, StorageSettings, load_settings

PLACE = Place("ten_1", "inputs", "art_1")
KEY = DataKey.generate()


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_a_message_of_any_size_comes_back(size: int) -> None:
    message = os.urandom(size)
    sealed = KEY.seal(message, PLACE)
    pieces = max(1, -(-size // PIECE_BYTES))
    assert len(sealed) == HEADER_BYTES + size + pieces * TAG_BYTES
    assert KEY.open(sealed, PLACE) == message


@given(st.lists(st.binary(max_size=40), max_size=6), st.integers(1, 50))
def test_chunks_may_be_cut_anywhere(chunks: list[bytes], step: int) -> None:
    sealed = b"".join(KEY.seal_chunks(chunks, PLACE))
    pieces = [sealed[i : i + step] for i in range(0, len(sealed), step)]
    assert b"".join(KEY.open_chunks(pieces, PLACE)) == b"".join(chunks)


@pytest.mark.parametrize(
    "place",
    [Place("ten_2", "inputs", "art_1"), Place("ten_1", "opening", "art_1"), Place("ten_1", "inputs", "art_2")],
)
def test_a_message_does_not_open_in_another_place(place: Place) -> None:
    with pytest.raises(DecryptionFailed):
        KEY.open(KEY.seal(b"secret", PLACE), place)


def test_places_whose_parts_run_together_are_different_places() -> None:
    with pytest.raises(DecryptionFailed):
        KEY.open(KEY.seal(b"secret", Place("a", "bc", "d")), Place("ab", "c", "d"))


def test_a_message_does_not_open_under_another_key() -> None:
    with pytest.raises(DecryptionFailed):
        DataKey.generate().open(KEY.seal(b"secret", PLACE), PLACE)


def test_every_changed_byte_is_noticed() -> None:
    sealed = KEY.seal(b"a secret of some length", PLACE)
    for index in range(len(sealed)):
        changed = bytearray(sealed)
        changed[index] ^= 1
        with pytest.raises(DecryptionFailed):
            KEY.open(bytes(changed), PLACE)


def test_every_cut_is_noticed() -> None:
    sealed = KEY.seal(b"a secret of some length", PLACE)
    for length in range(len(sealed)):
        with pytest.raises(DecryptionFailed):
            KEY.open(sealed[:length], PLACE)


def pieces_of(sealed: bytes) -> tuple[bytes, list[bytes]]:
    size = PIECE_BYTES + TAG_BYTES
    body = sealed[HEADER_BYTES:]
    return sealed[:HEADER_BYTES], [body[i : i + size] for i in range(0, len(body), size)]


def test_pieces_cannot_be_exchanged_left_out_repeated_or_taken_from_another_message() -> None:
    message = os.urandom(3 * PIECE_BYTES)
    header, (first, second, third) = pieces_of(KEY.seal(message, PLACE))
    _, other = pieces_of(KEY.seal(message, PLACE))
    for pieces in (
        [second, first, third],
        [first, third],
        [first, second],
        [first, second, second, third],
        [first, second, third, third],
        [first, other[1], third],
        [other[0], second, third],
        [],
    ):
        with pytest.raises(DecryptionFailed):
            KEY.open(header + b"".join(pieces), PLACE)


def test_equal_messages_are_sealed_to_different_bytes_that_show_nothing_of_them() -> None:
    message = b"marked input" * 50
    sealed = [KEY.seal(message, PLACE) for _ in range(20)]
    assert len(set(sealed)) == 20
    assert all(b"marked" not in one for one in sealed)


def test_fingerprints_depend_on_key_and_purpose() -> None:
    here = KEY.fingerprint(b"request", "one")
    assert here == KEY.fingerprint(b"request", "one")
    assert here not in {KEY.fingerprint(b"request", "two"), DataKey.generate().fingerprint(b"request", "one")}


def test_no_key_is_shown_or_pickled(tmp_path: Path) -> None:
    master = MasterKey.generate()
    master.save(tmp_path / "master.key")
    text = (tmp_path / "master.key").read_text().strip().rpartition(":")[2]
    shown = repr(master) + repr(MasterKeys(master)) + repr(KEY) + str(KEY)
    assert text not in shown
    assert KEY.key.hex() not in shown
    assert repr(KEY.key) not in shown
    for key in (KEY, master):
        with pytest.raises(TypeError):
            pickle.dumps(key)


def test_a_master_key_is_written_for_its_owner_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    master = MasterKey.generate()
    master.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    sealed = master.seal(KEY, "ten_1")
    read = MasterKeys.load(path).of(master.key_id)
    assert read.open(sealed, "ten_1").key == KEY.key
    with pytest.raises(DecryptionFailed):
        read.open(sealed, "ten_2")


def test_a_master_key_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    MasterKey.generate().save(path)
    with pytest.raises(FileUnavailable):
        MasterKey.generate().save(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o777])
def test_a_master_key_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    MasterKey.generate().save(path)
    path.chmod(mode)
    with pytest.raises(MasterKeyRejected) as raised:
        MasterKeys.load(path)
    assert raised.value.path == str(path)


@pytest.mark.parametrize("text", [b"", b"zkseal-master-key-1:", b"zkseal-master-key-1:AAAA", b"\xff" * 80, b"x" * 5000])
def test_what_is_no_master_key_is_refused_without_showing_it(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(text)
    path.chmod(0o600)
    with pytest.raises(MasterKeyRejected) as raised:
        MasterKeys.load(path)
    assert "AAAA" not in str(raised.value)


def test_a_master_key_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyRejected):
        MasterKeys.load(tmp_path / "none.key")
    with pytest.raises(MasterKeyRejected):
        MasterKeys(MasterKey.generate()).of("0123456789abcdef")


def test_a_master_key_of_the_environment_takes_over_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("old", "new"):
        MasterKey.generate().save(tmp_path / name)
    old = MasterKeys.load(tmp_path / "old").current
    storage = StorageSettings(earlier_master_key_files=("old",))
    monkeypatch.setenv(MASTER_KEY_VARIABLE, (tmp_path / "new").read_text())
    keys = master_keys_of(Settings(tmp_path, storage))
    assert keys.current.key_id == MasterKeys.load(tmp_path / "new").current.key_id
    sealed = old.seal(DataKey.generate(), "ten_a")
    assert keys.of(old.key_id).open(sealed, "ten_a") is not None


def test_what_a_service_starts_does_not_get_the_master_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = set_up(tmp_path / "service", "acme")
    settings = load_settings(made.settings, {})
    settings = replace(settings, worker=replace(settings.worker, processes=1))
    text = (tmp_path / "service" / "master.key").read_text()
    (tmp_path / "service" / "master.key").unlink()
    monkeypatch.setenv(MASTER_KEY_VARIABLE, text)
    with running(settings, ServiceLog(io.StringIO()), "worker", host="127.0.0.1", port=0):
        child = subprocess.run(["env"], capture_output=True, text=True, check=True)
    assert MASTER_KEY_VARIABLE not in child.stdout
    assert text.strip() not in child.stdout
