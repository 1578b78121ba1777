"""Files that are damaged, cut, foreign or newer: refused by name by everything that reads them."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.e2e import small_models
from tests.e2e.command_line import contents, refused

import zkseal
from zkseal import files
from zkseal.cli import main
from zkseal.cli.exit_codes import EXIT_CODES
from zkseal.errors import (
    DecodeError,
    DigestMismatch,
    FileUnavailable,
    ProofRejected,
    SetupError,
    UnknownVersion,
    WrongFileKind,
    WrongLength,
    ZksealError,
)

pytestmark = pytest.mark.native

READERS: dict[str, tuple[Callable[[Path], Any], list[str]]] = {
    "m.zkc": (files.load_model, ["setup", "m.zkc"]),
    "m.zkp": (files.load_proving_key, ["prove", "m.zkp", "x.npy"]),
    "m.zkv": (files.load_verifying_key, ["verify", "x.zkr", "m.zkv"]),
    "x.zkr": (files.load_receipt, ["verify", "x.zkr", "m.zkv"]),
    "x.zko": (files.load_opening, ["open", "x.zkr", "x.zko", "m.zkv"]),
}
"""For each kind of file: what reads it, and a command that does."""

HEAD_BYTES, ENTRY_BYTES, VERSION_AT, COUNT_AT = 16, 64, 12, 14

MUTATIONS = 40
SEED = 5


def changed(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 0x10])


def newer(data: bytes) -> bytes:
    """The file as a release with the next format version would write it."""
    version = int.from_bytes(data[VERSION_AT:COUNT_AT], "big") + 1
    return with_digests(data[:VERSION_AT] + version.to_bytes(2, "big") + data[COUNT_AT:])


def with_digests(data: bytes) -> bytes:
    """All digests made right again, as whoever changes a file on purpose would."""
    count = int.from_bytes(data[COUNT_AT:HEAD_BYTES], "big")
    end = HEAD_BYTES + count * ENTRY_BYTES
    head = bytearray(data[:end])
    for entry in range(HEAD_BYTES, end, ENTRY_BYTES):
        offset, length = (int.from_bytes(head[entry + k : entry + k + 8], "big") for k in (16, 24))
        head[entry + 32 : entry + 64] = hashlib.sha256(data[offset : offset + length]).digest()
    return bytes(head) + hashlib.sha256(head).digest() + data[end + 32 :]


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], type[ZksealError]]] = {
    "changed": (changed, DigestMismatch),
    "cut": (lambda data: data[:-5], WrongLength),
    "cut short": (lambda data: data[:100], WrongLength),
    "with a tail": (lambda data: data + b"\n", WrongLength),
    "empty": (lambda data: b"", WrongFileKind),
    "text": (lambda data: b"a letter\n" * 50, WrongFileKind),
    "sent as text": (lambda data: data.replace(b"\r\n", b"\n"), WrongFileKind),
    "newer": (newer, UnknownVersion),
}


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One file of each kind, made for each other."""
    folder = tmp_path_factory.mktemp("originals")
    compiled = zkseal.compile(small_models.perceptron(), small_models.SAMPLES)
    proving_key, verifying_key = zkseal.setup(compiled)
    result = zkseal.prove(proving_key, small_models.SAMPLES[0])
    files.save_model(folder / "m.zkc", compiled)
    files.save_proving_key(folder / "m.zkp", proving_key)
    files.save_verifying_key(folder / "m.zkv", verifying_key)
    files.save_receipt(folder / "x.zkr", result.receipt)
    files.save_opening(folder / "x.zko", result.opening)
    np.save(folder / "x.npy", small_models.SAMPLES[0])
    return dict(contents(folder))


@pytest.fixture
def folder(originals: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, data in originals.items():
        (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused_here(capsys: pytest.CaptureFixture[str], error: type[ZksealError], *arguments: str) -> dict[str, Any]:
    """As `refused`, in this process."""
    before = contents(Path())
    capsys.readouterr()
    assert main([*arguments, "--json"]) == EXIT_CODES[error]
    reported: dict[str, Any] = json.loads(capsys.readouterr().out)["error"]
    assert reported["code"] == error.__name__
    assert contents(Path()) == before
    return reported


def test_originals_are_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, (read, command) in READERS.items():
        read(folder / name)
        assert main(["inspect", name]) == 0
        if command[0] in ("verify", "open"):
            assert main(command) == 0


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_refused(
    name: str, damage: str, folder: Path, originals: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    damaging, error = DAMAGES[damage]
    read, command = READERS[name]
    (folder / name).write_bytes(damaging(originals[name]))
    with pytest.raises(error) as caught:
        read(folder / name)
    assert type(caught.value) is error
    assert str(folder / name) in str(caught.value)
    for arguments in (["inspect", name], command):
        assert refused_here(capsys, error, *arguments)["fields"]["path"] == name


@pytest.mark.parametrize("name", READERS)
def test_another_kind_of_file_is_refused(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read, command = READERS[name]
    for other in READERS:
        if other != name:
            with pytest.raises(WrongFileKind):
                read(folder / other)
    other = next(candidate for candidate in READERS if candidate not in command)
    refused_here(capsys, WrongFileKind, *(other if part == name else part for part in command))


def test_a_file_that_is_not_there_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, (_, command) in READERS.items():
        arguments = ("absent" if part == name else part for part in command)
        assert refused_here(capsys, FileUnavailable, *arguments)["fields"]["path"] == "absent"


def test_a_process_reports_a_damaged_file_the_same_way(folder: Path) -> None:
    (folder / "m.zkp").write_bytes(changed((folder / "m.zkp").read_bytes()))
    assert refused(folder, DigestMismatch, "prove", "m.zkp", "x.npy")["fields"]["path"] == "m.zkp"


@pytest.mark.parametrize("name", READERS)
def test_a_file_changed_on_purpose_fails_by_name(
    name: str, folder: Path, originals: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """Random bytes of sections changed and all digests made right again: read or refused, never another exception."""
    read, _ = READERS[name]
    data, chance = originals[name], random.Random(SEED)
    count = int.from_bytes(data[COUNT_AT:HEAD_BYTES], "big")
    sections = [
        tuple(int.from_bytes(data[HEAD_BYTES + ENTRY_BYTES * k + at :][:8], "big") for at in (16, 24))
        for k in range(count)
    ]
    refusals = 0
    for _ in range(MUTATIONS):
        mutated = bytearray(data)
        offset, length = chance.choice([section for section in sections if section[1]])
        for _ in range(chance.choice((1, 1, 4))):
            mutated[offset + chance.randrange(length)] = chance.randrange(256)
        (folder / name).write_bytes(with_digests(bytes(mutated)))
        try:
            read(folder / name)
        except (DecodeError, ProofRejected, SetupError):
            refusals += 1
    assert refusals
