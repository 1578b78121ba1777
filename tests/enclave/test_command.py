"""`zkseal enclave`: serve, ask, attest, each as a process; every output says what stands behind it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.enclave.served import ROOT, Served, served
from tests.enclave.worlds import POLICY_TEXT, World, sample

import zkseal
from zkseal import files
from zkseal.cli import exit_codes
from zkseal.errors import (
    DecodeError,
    EnclaveUnreachable,
    PolicyDenied,
    RangeExceeded,
    WrongInput,
    WrongModel,
    ZksealError,
)

pytestmark = pytest.mark.native


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "src"))
    words = [sys.executable, "-m", "zkseal", "enclave", *map(str, arguments)]
    return subprocess.run(words, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def serving(shared_world: World) -> Iterator[Served]:
    with shared_world.broker() as broker, served(shared_world.sealed, broker, shared_world.folder / "host") as host:
        yield host


@pytest.fixture
def folder(tmp_path: Path, key: zkseal.ProvingKey) -> Path:
    """An input, a policy, and verifying keys."""
    np.save(tmp_path / "x.npy", sample())
    np.save(tmp_path / "far.npy", np.full((1, 6), 1e6, np.float32))
    (tmp_path / "policy.toml").write_text(POLICY_TEXT)
    files.save_verifying_key(tmp_path / "model.zkv", key.verifying_key)
    return tmp_path


def test_serving_says_what_protects_it(serving: Served) -> None:
    assert serving.described["assurance"] == "sandbox"
    assert serving.described["note"] == "sandbox (development): no hardware protects this"
    assert "seccomp" in serving.described["isolation"]  # type: ignore[operator]


def test_an_answer_is_written_and_can_be_appraised(serving: Served, folder: Path) -> None:
    options: list[str | Path] = ["--input", folder / "x.npy", "--policy", folder / "policy.toml", "--development"]
    more: list[str | Path] = ["--key", folder / "model.zkv", "--context", "visit", "-o", folder / "y.zkr", "--json"]
    done = command("ask", serving.url, *options, *more)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["assurance"], result["development"], result["proof"]) == ("sandbox", True, None)
    receipt, opening = files.load_receipt(folder / "y.zkr"), files.load_opening(folder / "y.zko")
    key = files.load_verifying_key(folder / "model.zkv")
    shown = zkseal.check_opening(receipt, opening, key)
    assert np.allclose(shown["x"], sample(), atol=0.1)
    assert np.shape(result["outputs"]["y"]) == (1, 3)
    assert (folder / "y.zko").stat().st_mode & 0o077 == 0


def test_a_proof_inside_is_verified_outside(serving: Served, folder: Path, key: zkseal.ProvingKey) -> None:
    options: list[str | Path] = [
        "--input",
        folder / "x.npy",
        "--policy",
        folder / "policy.toml",
        "--development",
        "--mode",
        "zk_in_tee",
    ]
    done = command("ask", serving.url, *options, "-o", folder / "y.zkr")
    assert done.returncode == 0, done.stderr
    assert "assurance sandbox" in done.stdout
    assert "DEVELOPMENT" in done.stdout
    # Nobody looked at the proof yet, so nobody says that it holds.
    assert "proof not verified: no key" in done.stdout
    zkseal.verify(files.load_receipt(folder / "y.zkr"), key.verifying_key)
    done = command("ask", serving.url, *options, "-o", folder / "z.zkr", "--key", folder / "model.zkv", "--json")
    assert json.loads(done.stdout)["proof"] == "verified", done.stderr


def test_attest_prints_checks_and_assurance(serving: Served, folder: Path) -> None:
    done = command("attest", serving.url, "--policy", folder / "policy.toml", "--development", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["assurance"], result["development"], result["accepted"]) == ("sandbox", True, True)
    text = command("attest", serving.url, "--policy", folder / "policy.toml", "--development").stdout
    assert "assurance sandbox" in text
    assert "signature" in text


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["attest", "URL"], PolicyDenied),
        (["attest", "URL", "--policy", "policy.toml"], PolicyDenied),
        (["attest", "URL", "--development"], PolicyDenied),
        (["attest", "http://127.0.0.1:9", "--development"], EnclaveUnreachable),
        (["ask", "URL", "--development", "--policy", "policy.toml", "--input", "far.npy"], RangeExceeded),
        (["ask", "URL", "--development", "--policy", "policy.toml", "--input", "x.npy", "--key", "other"], WrongModel),
        (["serve", "SEALED", "--broker", "http://127.0.0.1:9", "--policy", "production"], PolicyDenied),
        (["serve", "SEALED", "--broker", "http://127.0.0.1:9", "--attester", "tpm"], WrongInput),
        (["serve", "x.npy", "--broker", "http://127.0.0.1:9"], DecodeError),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value.code,
)
def test_refusals_have_their_exit_code(
    serving: Served, shared_world: World, folder: Path, arguments: list[str], error: type[ZksealError]
) -> None:
    if "other" in arguments:
        other = zkseal.setup(zkseal.compile(_perceptron(), np.asarray(sample()).repeat(4, 0)))[1]
        files.save_verifying_key(folder / "other", other)
    places = {"URL": serving.url, "SEALED": str(shared_world.sealed)}
    words = [places.get(word, str(folder / word) if (folder / word).exists() else word) for word in arguments]
    done = command(*words)
    assert done.returncode in {exit_codes.exit_code(kind("")) for kind in (error, *error.__subclasses__())}, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def _perceptron() -> bytes:
    from tests.e2e.small_models import perceptron

    return bytes(perceptron().SerializeToString())
