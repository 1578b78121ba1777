"""`zkseal tee attest` on a TPM in software, and `zkseal tee verify` of what it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zkseal.cli import main
from zkseal.tee import RuntimeData

pytestmark = pytest.mark.native


def run(*arguments: str | Path) -> int:
    """The exit code of `zkseal tee`."""
    try:
        return int(main(["tee", *map(str, arguments)]) or 0)
    except SystemExit as stop:
        return int(stop.code or 0)


def test_evidence_over_a_nonce_is_verified(tpm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "evidence.cbor"
    assert run("attest", "--attester", "tpm", "--tcti", tpm, "--nonce", "07ab", "-o", out) == 0
    assert "assurance at most vtpm_dev (attester run on swtpm)" in capsys.readouterr().out
    verify = ["verify", out, "--policy", "development"]
    assert run(*verify, "--nonce", "07ab", "--json") == 0
    assert json.loads(capsys.readouterr().out)["assurance"] == "vtpm_dev"
    assert run(*verify, "--nonce", "07ac") == 77
    assert run("verify", out, "--nonce", "07ab") == 72


def test_an_attestation_over_runtime_data_is_verified(
    tpm: str, tmp_path: Path, runtime_data: RuntimeData, capsys: pytest.CaptureFixture[str]
) -> None:
    out, given = tmp_path / "attestation.cbor", tmp_path / "runtime.cbor"
    given.write_bytes(runtime_data.to_cbor())
    arguments = ["attest", "--attester", "tpm", "--tcti", tpm, "--pcrs", "0,7,23", "--runtime-data", given, "-o", out]
    assert run(*arguments) == 0
    capsys.readouterr()
    assert run("verify", out, "--policy", "development", "--nonce", runtime_data.nonce.hex(), "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["runtime_data"]["model_digest"] == runtime_data.model_digest.hex()
    assert shown["assurance"] == "vtpm_dev"
    assert run("verify", out, "--policy", "development", "--nonce", "01" * 32) == 77
    changed = out.read_bytes().replace(runtime_data.model_digest, b"\x09" * 32)
    out.write_bytes(changed)
    assert run("verify", out, "--policy", "development", "--nonce", runtime_data.nonce.hex()) == 77


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--attester", "tpm", "--tcti", "swtpm:path=/nowhere", "--nonce", "07"], 92),
        (["--attester", "tpm", "--tcti", "usb", "--nonce", "07"], 32),
        (["--attester", "tpm", "--nonce", "xy"], 32),
        (["--attester", "tpm", "--nonce", "07", "--pcrs", "24"], 32),
        (["--attester", "tpm", "--runtime-data", "/nowhere"], 92),
        (["--attester", "configfs", "--nonce", "07"], 92),
        (["--attester", "nsm", "--nonce", "07"], 92),
        (["--attester", "tpm"], 2),
    ],
)
def test_a_machine_without_the_device_says_so(tmp_path: Path, arguments: list[str], code: int) -> None:
    assert run("attest", *arguments, "-o", tmp_path / "out") == code
    assert not (tmp_path / "out").exists()


def test_an_option_that_would_be_ignored_is_refused(tpm: str, tmp_path: Path) -> None:
    out = tmp_path / "evidence.cbor"
    assert run("attest", "--attester", "tpm", "--tcti", tpm, "--nonce", "07", "-o", out) == 0
    assert run("verify", out, "--policy", "development", "--nonce", "07", "--platform", "tpm") == 32
    assert run("verify", out, "--policy", "development", "--nonce", "07", "--with", out) == 32
