"""Accounts come from keystore files, and their keys go nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_account import Account

from zkseal.chain.accounts import load_signer, password_from_file
from zkseal.errors import FileUnavailable, KeystoreRejected

KEY = b"\x42" * 32
PASSWORD = "correct horse"


def keystore(folder: Path) -> Path:
    path = folder / "account.json"
    path.write_text(json.dumps(Account.encrypt(KEY, PASSWORD, iterations=2)))
    return path


def test_a_keystore_opens_with_its_password(tmp_path: Path) -> None:
    signer = load_signer(keystore(tmp_path), lambda: PASSWORD)
    assert signer.address == Account.from_key(KEY).address


def test_nothing_shows_the_key(tmp_path: Path) -> None:
    signer = load_signer(keystore(tmp_path), lambda: PASSWORD)
    assert KEY.hex() not in repr(signer) + str(signer)


def test_a_wrong_password_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(KeystoreRejected) as caught:
        load_signer(keystore(tmp_path), lambda: "hunter2")
    assert caught.value.reason == "password"
    assert "hunter2" not in str(caught.value.to_dict())
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("text", ["", "{}", "[]", "42", '{"address": "00"}', "0x" + KEY.hex()])
def test_no_keystore(tmp_path: Path, text: str) -> None:
    path = tmp_path / "account.json"
    path.write_text(text)

    def asked() -> str:
        raise AssertionError("the password is asked for a file that is no keystore")

    with pytest.raises(KeystoreRejected) as caught:
        load_signer(path, asked)
    assert caught.value.reason == "form"
    assert KEY.hex() not in str(caught.value.to_dict())


def test_a_damaged_keystore(tmp_path: Path) -> None:
    path = keystore(tmp_path)
    document = json.loads(path.read_text())
    del document["crypto"]["mac"]
    path.write_text(json.dumps(document))
    with pytest.raises(KeystoreRejected):
        load_signer(path, lambda: PASSWORD)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileUnavailable):
        load_signer(tmp_path / "absent", lambda: PASSWORD)
    with pytest.raises(FileUnavailable):
        password_from_file(tmp_path / "absent")


@pytest.mark.parametrize("text", [PASSWORD, f"{PASSWORD}\n", f"{PASSWORD}\r\n", f"{PASSWORD}\nsecond line"])
def test_the_password_is_the_first_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "password"
    path.write_bytes(text.encode())
    assert password_from_file(path) == PASSWORD
