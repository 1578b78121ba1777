"""keygen, seal, inspect, unseal: what they write, and what they leave alone."""

from __future__ import annotations

import json
import resource
import stat
import subprocess
from pathlib import Path

import pytest
from tests.e2e.command_line import contents, done, environment, refused, run

from zkseal import files
from zkseal.errors import (
    DecryptionFailed,
    FileUnavailable,
    InvalidEncoding,
    OutOfDisk,
    RolledBack,
    SignatureRejected,
    WrongFileKind,
    WrongInput,
    WrongKey,
)
from zkseal.pipeline import ProvingKey
from zkseal.sealed import SealedModel
from zkseal.tee import load_policy

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def made(tiny_keys: tuple[ProvingKey, object], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Keys of everybody, a proving key, and the sealed model."""
    folder = tmp_path_factory.mktemp("made")
    files.save_proving_key(folder / "m.zkp", tiny_keys[0])
    for role, name in (("publisher", "acme"), ("publisher", "evil"), ("recipient", "broker"), ("recipient", "other")):
        done(folder, "keygen", role, "-o", f"{name}.zkk")
    done(folder, "seal", "m.zkp", *SEAL, "--to", "broker.zkk.pub", "-o", "m.zks")
    return dict(contents(folder))


SEAL = ["--publisher", "acme.zkk", "--name", "tiny", "--version", "2"]


@pytest.fixture
def folder(made: dict[str, bytes], tmp_path: Path) -> Path:
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_a_key_is_for_its_owner_and_never_written_over(tmp_path: Path) -> None:
    result = done(tmp_path, "keygen", "recipient", "-o", "k.zkk")
    assert stat.S_IMODE((tmp_path / "k.zkk").stat().st_mode) == 0o600
    shown = done(tmp_path, "inspect", "k.zkk.pub")
    assert shown["public_key"] == result["public_key"] == done(tmp_path, "inspect", "k.zkk")["public_key"]
    refused(tmp_path, FileUnavailable, "keygen", "publisher", "-o", "k.zkk")
    (tmp_path / "k.zkk").unlink()
    refused(tmp_path, FileUnavailable, "keygen", "publisher", "-o", "k.zkk")


def test_what_was_sealed_is_unsealed(folder: Path) -> None:
    arguments = ["--key", "broker.zkk", "--from", "acme.zkk.pub", "--minimum-version", "2", "-o", "out.zkp"]
    result = done(folder, "unseal", "m.zks", *arguments)
    assert (folder / "out.zkp").read_bytes() == (folder / "m.zkp").read_bytes()
    assert stat.S_IMODE((folder / "out.zkp").stat().st_mode) == 0o600
    assert result["publisher_checked"]
    assert result["assurance"] == "hardware"


def test_a_sealed_model_says_what_it_asks_for(folder: Path) -> None:
    shown = done(folder, "inspect", "m.zks")
    key = files.load_proving_key(folder / "m.zkp").verifying_key
    header = SealedModel.open(folder / "m.zks").header
    assert (shown["name"], shown["version"], shown["assurance"]) == ("tiny", 2, "hardware")
    assert shown["model_id"] == key.model_id.hex() == header.zk_model_commitment.hex()
    assert shown["policy_digest"] == load_policy("production").digest.hex()
    assert shown["model_digest"] == header.digest.hex()
    assert shown["recipients"] == [done(folder, "inspect", "broker.zkk.pub")["public_key"]]


def test_the_words_for_people_name_the_assurance(folder: Path) -> None:
    for command in (["inspect", "m.zks"], ["unseal", "m.zks", "--key", "broker.zkk", "-o", "out.zkp"]):
        words = ["python", "-m", "zkseal", *command]
        process = subprocess.run(
            words, cwd=folder, env=environment(), capture_output=True, text=True, check=True, timeout=60
        )
        assert "assurance   hardware" in process.stdout


def test_a_model_for_development_says_so(folder: Path) -> None:
    done(folder, "seal", "m.zkp", *SEAL, "--to", "broker.zkk.pub", "--assurance", "sandbox", "-o", "dev.zks")
    assert done(folder, "inspect", "dev.zks")["assurance"] == "sandbox"


def test_a_section_of_another_name_is_refused(folder: Path) -> None:
    refused(folder, WrongInput, "unseal", "m.zks", "--key", "broker.zkk", "--section", "weights", "-o", "out")


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (WrongKey, ["--key", "other.zkk"]),
        (WrongFileKind, ["--key", "acme.zkk"]),
        (WrongFileKind, ["--key", "broker.zkk.pub"]),
        (SignatureRejected, ["--key", "broker.zkk", "--from", "evil.zkk.pub"]),
        (RolledBack, ["--key", "broker.zkk", "--minimum-version", "3"]),
    ],
)
def test_what_does_not_fit_is_refused(error: type[DecryptionFailed], arguments: list[str], folder: Path) -> None:
    refused(folder, error, "unseal", "m.zks", *arguments, "-o", "out.zkp")


def test_a_damaged_chunk_leaves_nothing_behind(folder: Path) -> None:
    """The last chunk of the table of leaves, and one of the proving key, which is found while the file is written."""
    data = bytearray((folder / "m.zks").read_bytes())
    for at in (-1, -200):
        changed = bytearray(data)
        changed[at] ^= 1
        (folder / "m.zks").write_bytes(changed)
        for there_before in (False, True):
            if there_before:
                (folder / "out.zkp").write_bytes(b"kept")
            refused(folder, DecryptionFailed, "unseal", "m.zks", "--key", "broker.zkk", "-o", "out.zkp")


def test_a_full_disk_changes_nothing(folder: Path) -> None:
    size = (folder / "m.zkp").stat().st_size - 1
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))  # noqa: E731
    refused(folder, OutOfDisk, "unseal", "m.zks", "--key", "broker.zkk", "-o", "out.zkp", before_start=limit)
    refused(folder, OutOfDisk, "seal", "m.zkp", *SEAL, "--to", "broker.zkk.pub", "-o", "new.zks", before_start=limit)


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (WrongFileKind, ["m.zks", *SEAL, "--to", "broker.zkk.pub"]),
        (WrongFileKind, ["m.zkp", *SEAL, "--to", "broker.zkk"]),
        (WrongFileKind, ["m.zkp", *SEAL, "--to", "evil.zkk.pub"]),
        (InvalidEncoding, ["m.zkp", *SEAL, "--to", "broker.zkk.pub", "--to", "broker.zkk.pub"]),
        (
            InvalidEncoding,
            ["m.zkp", "--publisher", "acme.zkk", "--name", "m", "--version", "0", "--to", "broker.zkk.pub"],
        ),
        (FileUnavailable, ["m.zkp", *SEAL, "--to", "nobody.pub"]),
        (FileUnavailable, ["m.zkp", *SEAL, "--to", "broker.zkk.pub", "--policy", "nothing.toml"]),
    ],
)
def test_what_cannot_be_sealed_is_refused(error: type[DecryptionFailed], arguments: list[str], folder: Path) -> None:
    refused(folder, error, "seal", *arguments, "-o", "new.zks")


def test_an_output_is_no_input(folder: Path) -> None:
    refused(folder, FileUnavailable, "seal", "m.zkp", *SEAL, "--to", "broker.zkk.pub", "-o", "m.zkp")
    refused(folder, FileUnavailable, "unseal", "m.zks", "--key", "broker.zkk", "-o", "broker.zkk")


def test_an_assurance_that_there_is_not_is_a_wrong_command_line(folder: Path) -> None:
    process = run(folder, "seal", "m.zkp", *SEAL, "--to", "broker.zkk.pub", "--assurance", "best", "-o", "new.zks")
    assert process.returncode == 2
    assert "none of sandbox" in process.stderr


def test_json_is_one_object(folder: Path) -> None:
    process = run(folder, "inspect", "m.zks")
    assert json.loads(process.stdout)["kind"] == "sealed model"
