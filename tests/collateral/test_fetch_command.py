"""`zkseal tee fetch`, then `zkseal tee verify --collateral` without a network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.collateral.test_checks import AT, PATHS, ROW, honest
from tests.collateral.vendor_server import Answer, VendorServer
from tests.tee.rows import FIXTURES

from zkseal.cli import main
from zkseal.collateral import Services

pytestmark = pytest.mark.native

QUOTE = str(FIXTURES / ROW["evidence"])


def run(*arguments: str) -> int:
    """The exit code of `zkseal tee`."""
    try:
        return int(main(["tee", *arguments]) or 0)
    except SystemExit as stop:
        return int(stop.code or 0)


def fetch(server: VendorServer, folder: Path, *more: str, evidence: str = QUOTE) -> int:
    services = [word for name in Services.names() for word in ("--service", f"{name}={server.url}")]
    trust = ["--ca-file", str(server.authority), "--now", str(AT)]
    return run("fetch", evidence, "--into", str(folder), *services, *trust, *more)


def verify(folder: Path, *more: str) -> int:
    options = ["--collateral", str(folder), "--policy", "evidence-only", "--now", str(AT)]
    return run("verify", QUOTE, *options, *more)


def test_a_quote_is_accepted_with_what_was_fetched(
    server: VendorServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers |= honest()
    assert verify(tmp_path) == 51
    assert fetch(server, tmp_path) == 0
    assert "fetched" in capsys.readouterr().out
    asked = len(server.asked)
    assert verify(tmp_path) == 0
    assert len(server.asked) == asked


def test_json_says_what_is_kept_where_it_came_from_and_when(
    server: VendorServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers |= honest()
    assert fetch(server, tmp_path, "--json") == 0
    items = json.loads(capsys.readouterr().out)["items"]
    assert [item["state"] for item in items] == ["fetched"] * 4
    assert [item["url"] for item in items] == [server.url + path for path in PATHS]
    assert {item["fetched_at"] for item in items} == {AT}
    assert fetch(server, tmp_path, "--json") == 0
    assert {item["state"] for item in json.loads(capsys.readouterr().out)["items"]} == {"kept"}


@pytest.mark.parametrize(
    ("answer", "code"),
    [(Answer(status=404), 192), (Answer(bytes(2 << 20)), 193), (Answer(b"{}"), 194)],
    ids=["status", "size", "content"],
)
def test_a_failure_has_its_exit_code_and_names_what_failed(
    answer: Answer, code: int, server: VendorServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers |= honest() | {PATHS[3]: answer}
    assert fetch(server, tmp_path, "--json") == code
    error = json.loads(capsys.readouterr().out)
    assert [name.split("/")[1] for name in error.get("error", error)["fields"]["failed"]] == ["tdx-tcb"]


def test_a_service_that_nobody_vouches_for_is_unreachable(server: VendorServer, tmp_path: Path) -> None:
    options = ["--service", f"intel-pcs={server.url}", "--now", str(AT)]
    assert run("fetch", QUOTE, "--into", str(tmp_path), *options) == 191


def test_the_command_names_its_mistakes(server: VendorServer, tmp_path: Path) -> None:
    assert fetch(server, tmp_path, "--max-age", "-1") == 32
    assert fetch(server, tmp_path, "--service", "intel-pcs=http://localhost") == 32
    assert fetch(server, tmp_path, "--ca-file", str(FIXTURES / "SOURCES.md")) == 32
    version_2 = str(FIXTURES / "amd/neg-milan-debug/report.bin")
    assert fetch(server, tmp_path, evidence=version_2) == 51
    assert server.asked == []


def test_evidence_that_carries_everything_needs_no_fetch(server: VendorServer, tmp_path: Path) -> None:
    assert fetch(server, tmp_path, evidence=str(FIXTURES / "aws-nitro/evervault-2022.cose")) == 0
    assert server.asked == []
    assert list(tmp_path.iterdir()) == []


def test_the_key_set_of_nras_comes_from_the_folder(
    server: VendorServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody published NVIDIA's; one without its keys closes no chain, and the check is made instead of skipped."""
    token = str(FIXTURES / "nvidia/nras-hopper-detached-eat.json")
    server.answers["/.well-known/jwks.json"] = Answer(b'{"keys": []}')
    assert fetch(server, tmp_path, evidence=token) == 0
    capsys.readouterr()
    options = ["--policy", "evidence-only", "--now", "1749601858", "--json"]
    assert run("verify", token, "--collateral", str(tmp_path), *options) == 73
    assert "The key set has no key" in capsys.readouterr().out
