"""Processes of this machine, as /proc shows them."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["descendants", "kill_all", "until", "with_argument"]


def _running() -> Iterator[Path]:
    return (entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and int(entry.name) != os.getpid())


def with_argument(mark: str) -> list[int]:
    """Processes with this text in their command line."""
    found = []
    for entry in _running():
        with contextlib.suppress(OSError):
            if mark.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def descendants(process_id: int) -> list[int]:
    """Children of a process, and theirs."""
    parents = {}
    for entry in _running():
        with contextlib.suppress(OSError):
            # The name of a process, in parentheses, may hold anything.
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found, pending = [], [process_id]
    while pending:
        children = [child for child, parent in parents.items() if parent == pending[-1]]
        pending.pop()
        found += children
        pending += children
    return found


def kill_all(process_ids: list[int]) -> None:
    """With SIGKILL, those that are still there."""
    for process_id in process_ids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)


def until(condition: Callable[[], bool], limit_s: float = 15.0) -> None:
    """Waits for something that other processes do."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
