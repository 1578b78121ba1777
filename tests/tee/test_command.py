"""`zkseal tee verify`: every check shown, typed errors with their exit codes, the assurance on every output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.tee.rows import FIXTURES

from zkseal.cli import main

pytestmark = pytest.mark.native

REPORT = [str(FIXTURES / "amd/milan-ms/report.bin"), "--with", str(FIXTURES / "amd/milan-ms/vcek.pem")]
DEBUG = [str(FIXTURES / "amd/neg-milan-debug/report.bin"), "--with", str(FIXTURES / "amd/neg-milan-debug/vcek.der")]
AT = ["--now", "2026-07-01T00:00:00Z"]


def run(*arguments: str) -> int:
    """The exit code of `zkseal tee verify`."""
    try:
        return int(main(["tee", "verify", *arguments]) or 0)
    except SystemExit as stop:
        return int(stop.code or 0)


def test_accepted_evidence_shows_every_check_and_its_assurance(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*REPORT, *AT, "--policy", "evidence-only") == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("signature", "not_checked", "hardware", "evidence-only@sha256:"))


def test_the_default_policy_is_production(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*REPORT, *AT) == 72
    assert "not_checked" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([*DEBUG, *AT, "--policy", "evidence-only"], 72),
        ([*REPORT, "--now", "4102444800", "--policy", "evidence-only"], 71),
        ([*REPORT, *AT, "--policy", "evidence-only", "--nonce", "01"], 77),
        ([*REPORT, "--with", str(FIXTURES / "amd/ca/genoa-ask.pem"), *AT], 73),
        ([*REPORT, "--now", "yesterday"], 32),
        ([*REPORT, *AT, "--nonce", "xyz"], 32),
        ([str(FIXTURES / "SOURCES.md"), *AT], 51),
        (["/nowhere", *AT], 92),
        ([*REPORT, *AT, "--policy", "/nowhere"], 92),
    ],
)
def test_a_refusal_has_its_exit_code(arguments: list[str], code: int) -> None:
    assert run(*arguments) == code


def test_json_holds_the_result_also_of_a_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*DEBUG, *AT, "--policy", "evidence-only", "--json") == 72
    error = json.loads(capsys.readouterr().out)
    fields = error.get("error", error)["fields"]
    assert fields["check"] == "debug"
    assert fields["result"]["assurance"] == "hardware"


def test_a_policy_of_ones_own(tmp_path: Path) -> None:
    policy = tmp_path / "mine.toml"
    policy.write_text('extends = "evidence-only"\nname = "mine"\nplatforms = ["nitro"]\n')
    assert run(*REPORT, *AT, "--policy", str(policy)) == 72
