"""`zkseal service` and `zkseal serve` as operators type them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.e2e.small_models import SAMPLES
from tests.service.http.served import KeyFiles

from zkseal.cli import exit_codes
from zkseal.cli.main import main
from zkseal.client import Client
from zkseal.errors import FileUnavailable, InvalidEncoding, MasterKeyRejected, NotFound, WrongInput

pytestmark = pytest.mark.native


def command(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    """The JSON that a command prints."""
    assert main([*words, "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    command(capsys, "service", "init", str(tmp_path / "service"))
    return tmp_path / "service" / "service.toml"


@contextlib.contextmanager
def serving(config: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    words = [sys.executable, "-m", "zkseal", "serve", "--config", str(config), "--port", "0", "--json", *options]
    environment = os.environ | {"ZKSEAL_WORKER_PROCESSES": "1"}
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"], process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("days", ["nan", "inf", "-1", "0", "1e9", "soon"])
def test_a_key_lives_for_a_number_of_days(config: Path, capsys: pytest.CaptureFixture[str], days: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["service", "add-key", "default", f"--days={days}", "--config", str(config)])
    assert ended.value.code == exit_codes.USAGE
    assert "no number of days" in capsys.readouterr().err


def test_init_makes_a_service_that_only_its_owner_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "service"
    made = command(capsys, "service", "init", str(folder), "--tenant", "acme")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("master.key", "service.sqlite"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    secret = made["api_key"].split("_")[2].encode()
    assert not any(secret in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    command(capsys, "service", "init", str(folder), code=exit_codes.EXIT_CODES[FileUnavailable])


def test_tenants_and_keys_come_and_go(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ("--config", str(config))
    tenant = command(capsys, "service", "add-tenant", "acme", "--max-queued-jobs", "5", *at)
    assert tenant["quotas"]["max_queued_jobs"] == 5
    changed = command(capsys, "service", "set-quotas", "acme", "--max-models", "2", *at)["quotas"]
    assert (changed["max_models"], changed["max_queued_jobs"]) == (2, 5)
    key = command(capsys, "service", "add-key", "acme", "--scopes", "jobs:read,models:read", "--days", "1", *at)
    assert key["scopes"] == ["jobs:read", "models:read"]
    rotated = command(capsys, "service", "rotate-key", key["key"], *at)
    command(capsys, "service", "revoke-key", rotated["key"], *at)
    listed = command(capsys, "service", "keys", "acme", *at)["keys"]
    assert [entry["revoked_at"] is not None for entry in listed] == [True, True]
    assert "api_key" not in str(listed)
    command(capsys, "service", "add-key", "acme", "--scopes", "everything", *at, code=50)
    command(capsys, "service", "delete-tenant", "acme", *at, code=exit_codes.EXIT_CODES[WrongInput])
    command(capsys, "service", "delete-tenant", "acme", "--yes", *at)
    assert [entry["name"] for entry in command(capsys, "service", "tenants", *at)["tenants"]] == ["main"]
    command(capsys, "service", "keys", "acme", *at, code=exit_codes.EXIT_CODES[NotFound])


def test_serve_says_what_it_lacks(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ("--config", str(config))
    command(capsys, "service", "delete-tenant", "main", "--yes", *at)
    missing = command(capsys, "serve", *at, code=exit_codes.EXIT_CODES[NotFound])
    assert "add-tenant" in missing["error"]["message"]
    master = config.parent / "master.key"
    master.chmod(0o644)
    command(capsys, "serve", *at, code=exit_codes.EXIT_CODES[MasterKeyRejected])
    master.unlink()
    missing = command(capsys, "serve", *at, code=exit_codes.EXIT_CODES[MasterKeyRejected])
    assert "service init" in missing["error"]["message"]
    config.write_text("[http]\nport = 'x'\n")
    command(capsys, "serve", *at, code=exit_codes.EXIT_CODES[InvalidEncoding])
    command(capsys, "serve", "--config", "nowhere.toml", code=exit_codes.EXIT_CODES[FileUnavailable])


def test_a_service_proves_and_ends_in_good_order(
    config: Path, keys: KeyFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    key = command(capsys, "service", "add-key", "main", "--scopes", "all", "--config", str(config))["api_key"]
    with serving(config) as (url, process):
        with Client(url, key) as client:
            model = client.register(keys.proving)
            assert client.prove(model, SAMPLES[0]).receipt.proved
            with client._transport.stream("/v1/operator/events", {}) as lines:
                assert any(line.startswith("data: ") for line in (next(lines) for _ in range(6)))
                process.send_signal(signal.SIGTERM)
                # The stream ends by itself: nobody has to break it.
                rest = list(lines)
        assert process.wait(30) == 0
        assert process.stderr is not None
        events = [json.loads(line)["event"] for line in process.stderr.read().splitlines()]
    assert events[0] == "started"
    assert events[-1] == "stopped"
    assert len(rest) < 100


def test_jobs_of_a_killed_process_are_done_by_the_next(
    config: Path, keys: KeyFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    key = command(capsys, "service", "add-key", "main", "--scopes", "all", "--config", str(config))["api_key"]
    with serving(config, "--role", "http") as (url, process), Client(url, key) as client:
        model = client.register(keys.proving)
        job = client.submit(model, SAMPLES[0], idempotency_key="once")
        process.kill()
        process.wait()
    # What proves and what answers are processes of their own.
    worker, http = serving(config, "--role", "worker"), serving(config, "--role", "http")
    with worker as (none, _), http as (url, _), Client(url, key) as client:
        assert none is None
        again = client.submit(client.model(keys.model_id), SAMPLES[0], idempotency_key="once")
        assert again.id == job.id
        assert again.result(60).receipt.proved


def test_a_second_signal_does_not_wait(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A request whose body does not come would be waited for."""
    config.write_text(config.read_text() + "[limits]\nbody_timeout_s = 60.0\n")
    with serving(config, "--role", "http") as (url, process):
        host, port = url.removeprefix("http://").split(":")
        key = command(capsys, "service", "add-key", "main", "--config", str(config))["api_key"]
        with socket.create_connection((host, int(port))) as connection:
            lines = ("Host: x", f"Authorization: Bearer {key}", "Content-Length: 9", "", "")
            connection.sendall("\r\n".join(("POST /v1/verifications HTTP/1.1", *lines)).encode())
            deadline = time.monotonic() + 10
            while httpx.get(f"{url}/healthz").status_code != 200:
                assert time.monotonic() < deadline
            process.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
