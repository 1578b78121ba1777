"""A real proving service with the built web app, in a folder of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.browser.site import DIST

PATIENCE_S = 60


@dataclass(frozen=True)
class RunningService:
    """Attributes: keys of a tenant with all scopes, of an operator, and of somebody who may only read models."""

    url: str
    settings: Path
    all_key: str
    operator_key: str
    reader_key: str

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])


def command(*words: str | Path) -> dict[str, str]:
    """Runs `zkseal` and reads what it prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "zkseal", *words, "--json"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def key_with(settings: Path, scopes: str) -> str:
    return command("service", "add-key", "main", "--scopes", scopes, "--config", settings)["api_key"]


@contextmanager
def process(settings: Path, port: int = 0) -> Iterator[str]:
    """`zkseal serve`; its URL."""
    words: list[str | Path] = [sys.executable, "-m", "zkseal", "serve", "--config", settings, "--port", str(port)]
    words += ["--web-app", DIST, "--json"]
    with (
        (settings.parent / "service.log").open("a") as log,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True) as running,
    ):
        try:
            assert running.stdout is not None
            yield json.loads(running.stdout.readline())["url"]
            running.send_signal(signal.SIGTERM)
            running.wait(PATIENCE_S)
        finally:
            running.kill()
