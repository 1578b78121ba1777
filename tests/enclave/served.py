"""`zkseal enclave serve` in a process of its own, and what is found in its memory, its files and its lines."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED_FOLDERS = (Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"))
MAX_FILE_BYTES = 1 << 26


@dataclass(frozen=True)
class Served:
    """A host that serves.

    Attributes:
        log: where its standard error goes.
    """

    process: subprocess.Popen[str]
    described: dict[str, object]
    log: Path

    @property
    def url(self) -> str:
        return str(self.described["url"])

    @property
    def enclaves(self) -> list[int]:
        """The launcher and the enclave below it, if they run."""
        launchers = children_of(self.process.pid)
        return launchers + [child for pid in launchers for child in children_of(pid)]


def children_of(pid: int) -> list[int]:
    """Of any of its threads."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in listed.read_text().split()]
    return found


@contextlib.contextmanager
def served(sealed: Path, broker: str, folder: Path, *arguments: str) -> Iterator[Served]:
    """Serves in `folder` until the block ends."""
    folder.mkdir(exist_ok=True)
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "src"), TMPDIR=str(folder))
    command = [sys.executable, "-m", "zkseal", "enclave", "serve", str(sealed), "--broker", broker, "--port", "0"]
    log = folder / "log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [*command, "--json", *arguments],
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, log.read_text()
        yield Served(process, json.loads(line), log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def found_in_memory(pid: int, markers: Sequence[bytes]) -> list[int]:
    """Which markers are in the memory of a process: all that `/proc/PID/mem` shows."""
    found: set[int] = set()
    overlap = max(len(marker) for marker in markers)
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
            if match is None or "[v" in line:
                continue
            start, end = (int(word, 16) for word in match.groups())
            tail = b""
            for offset in range(start, end, 1 << 24):
                try:
                    memory.seek(offset)
                    data = tail + memory.read(min(1 << 24, end - offset))
                except (OSError, ValueError, OverflowError):
                    break
                found |= {index for index, marker in enumerate(markers) if marker in data}
                tail = data[-overlap:]
    return sorted(found)


def found_in_files(folders: Sequence[Path], markers: Sequence[bytes], since: float) -> list[Path]:
    """Files changed since then that hold a marker."""
    found = []
    for top in folders:
        for folder, below, names in os.walk(top):
            if top in SHARED_FOLDERS:
                # Of other runs of the tests, which have the same inputs; what is ours is a folder of its own.
                below[:] = [name for name in below if not name.startswith("pytest-of-")]
            for name in names:
                path = Path(folder, name)
                with contextlib.suppress(OSError):
                    status = path.lstat()
                    changed = stat.S_ISREG(status.st_mode) and status.st_mtime >= since
                    if changed and status.st_size <= MAX_FILE_BYTES:
                        data = path.read_bytes()
                        if any(marker in data for marker in markers):
                            found.append(path)
    return found
