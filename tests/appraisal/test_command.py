"""`zkseal appraise`: every check shown, the assurance on every output, a refusal with its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.appraisal.conftest import Keys
from tests.appraisal.mini import CONTEXT, MEASUREMENT, NONCE, NOW, MiniEnclave

from zkseal import files
from zkseal.cli import main
from zkseal.pipeline import Answer
from zkseal.receipts import Receipt

pytestmark = pytest.mark.native

DEVELOPMENT = f"""
name = "mine"
mode = "tee_and_zk"
allow_not_checked = ["tee.age"]
[attestation]
extends = "development"
[attestation.references]
"sandbox.measurement" = ["{MEASUREMENT.hex()}"]
"""


@pytest.fixture
def folder(tmp_path: Path, keys: Keys, enclave: MiniEnclave, answer: Answer, proved: Receipt) -> Path:
    attested = enclave.receipt(answer)
    files.save_receipt(tmp_path / "attested.zkr", attested)
    files.save_receipt(tmp_path / "both.zkr", attested.with_proof(proved))
    files.save_verifying_key(tmp_path / "model.zkv", keys[1])
    (tmp_path / "mine.toml").write_text(DEVELOPMENT)
    return tmp_path


def run(folder: Path, receipt: str, *arguments: str, policy: str = "mine.toml") -> int:
    """The exit code."""
    chosen = str(folder / policy) if policy.endswith(".toml") else policy
    common = [
        "--key",
        str(folder / "model.zkv"),
        "--context",
        CONTEXT.decode(),
        "--nonce",
        NONCE.hex(),
        "--now",
        str(NOW),
    ]
    try:
        return int(main(["appraise", str(folder / receipt), "--policy", chosen, *common, *arguments]) or 0)
    except SystemExit as stop:
        return int(stop.code or 0)


def test_what_is_accepted_shows_checks_assurance_and_development(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "both.zkr") == 0
    shown = capsys.readouterr().out
    for word in ("tee.model-commitment", "zk.proof", "sandbox+proof", "DEVELOPMENT", "output y"):
        assert word in shown


def test_json_holds_everything(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "both.zkr", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["accepted"], found["development"], found["assurance"]) == (True, True, "sandbox+proof")
    assert found["attestation"]["assurance"] == "sandbox"


@pytest.mark.parametrize(
    ("receipt", "policy", "more", "code"),
    [
        ("attested.zkr", "mine.toml", [], 72),
        ("both.zkr", "tee-and-zk", [], 72),
        ("both.zkr", "mine.toml", ["--context", "visit 13"], 66),
        ("both.zkr", "mine.toml", ["--nonce", "01"], 77),
        ("both.zkr", "mine.toml", ["--nonce", "xyz"], 32),
        ("both.zkr", "mine.toml", ["--now", "yesterday"], 32),
        ("nothing.zkr", "mine.toml", [], 92),
        ("both.zkr", "missing.toml", [], 92),
        ("both.zkr", "zk", [], 0),
    ],
)
def test_exit_codes(folder: Path, receipt: str, policy: str, more: list[str], code: int) -> None:
    assert run(folder, receipt, *more, policy=policy) == code


def test_a_refusal_shows_the_checks_that_were_made(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "attested.zkr") == 72
    shown = capsys.readouterr().out
    assert "zk.proof" in shown
    assert "none: refused" in shown


def test_a_receipt_is_inspected_as_what_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(folder / "both.zkr")]) in (0, None)
    shown = capsys.readouterr().out
    assert "tee-dev" in shown
    assert "development" in shown
