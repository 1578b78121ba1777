"""The command line as a process of its own, and what every failure of it has to look like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from zkseal.cli.exit_codes import EXIT_CODES
from zkseal.errors import ZksealError

LIMIT_S = 120


def environment() -> dict[str, str]:
    """This process's environment, with zkseal importable from anywhere; nothing is written beside its modules."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path if path),
        "PYTHONDONTWRITEBYTECODE": "1",
        # matplotlib keeps a list of fonts, and complains where it cannot.
        "MPLCONFIGDIR": os.path.join(tempfile.gettempdir(), "zkseal-tests-matplotlib"),
    }


def contents(folder: Path) -> Mapping[str, bytes]:
    """Every file of a folder, hidden ones too."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def run(
    folder: Path, *arguments: str, before_start: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    """`python -m zkseal` with these arguments and --json, in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "zkseal", *arguments, "--json"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        preexec_fn=before_start,
        check=False,
    )


def done(folder: Path, *arguments: str) -> dict[str, Any]:
    """The result of a command that succeeds."""
    process = run(folder, *arguments)
    assert process.returncode == 0, process.stderr
    result: dict[str, Any] = json.loads(process.stdout)
    return result


def refused(
    folder: Path, error: type[ZksealError], *arguments: str, before_start: Callable[[], None] | None = None
) -> dict[str, Any]:
    """The error of a command that fails as every command has to: its own exit code, the same code as JSON and as one
    line on stderr, and not a byte of the folder changed, let alone a file left behind."""
    before = contents(folder)
    process = run(folder, *arguments, before_start=before_start)
    assert process.returncode == EXIT_CODES[error], process.stderr
    (reported,) = json.loads(process.stdout).values()
    assert reported["code"] == error.__name__
    assert reported["exit_code"] == process.returncode
    assert process.stderr.startswith(f"zkseal: {error.__name__}: ")
    assert process.stderr.count("\n") == 1
    assert contents(folder) == before
    result: dict[str, Any] = reported
    return result
