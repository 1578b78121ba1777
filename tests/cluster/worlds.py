"""Keys in files, and workers some of which misbehave."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from zkseal.executors import Limits, WorkerSettings

PROGRAM = Path(__file__).with_name("misbehaving_worker.py")

FULL = os.environ.get("ZKSEAL_RAY") == "full"
"""Whether tests that take minutes are run: `make test-ray`."""

QUICK = Limits(margin=1.0, least_timeout_s=60.0)
"""For models that are proved in milliseconds, on a machine that does a lot besides."""

STALLED = Limits(margin=1.0, least_timeout_s=2.0)
"""The same, where somebody stalls and the test waits for it to be noticed."""


def misbehaving(folder: Path, misdeeds: Sequence[str], **settings: int) -> WorkerSettings:
    """Settings of workers whose processes take these misdeeds, each one of them, in this order."""
    folder.mkdir()
    folder.with_suffix(".done").mkdir()
    for number, misdeed in enumerate(misdeeds):
        (folder / f"{number:02}-{misdeed}").touch()
    return WorkerSettings(program=(sys.executable, str(PROGRAM), str(folder)), **settings)


def done(folder: Path) -> set[str]:
    """The misdeeds that were done. Of honest workers, that they were."""
    return {path.name for path in folder.with_suffix(".done").iterdir()}
