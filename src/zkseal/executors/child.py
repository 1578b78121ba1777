"""Starting the process of a worker on this machine, and ending it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zkseal import frames
from zkseal._version import __version__
from zkseal.errors import DecodeError, WorkerLost

__all__ = ["PROGRAM", "ChildProcess", "WorkerSettings"]

_BOOT = f"import sys; sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r}); "
PROGRAM = (sys.executable, "-I", "-B", "-c", _BOOT + "from zkseal.executors.process import main; main()")
"""The program of a worker, but for its last argument, which is the number of its socket."""

_INHERITED = ("ZKSEAL_CPU", "LD_LIBRARY_PATH")
_GRACE_S = 5.0


@dataclass(frozen=True)
class WorkerSettings:
    """How the processes of workers run.

    Attributes:
        threads: that one proves with.
        memory_bytes: what one may allocate; None for as much as there is. `zkseal inspect` predicts what a proof takes.
        keys_held: proving keys that one keeps loaded.
        start_timeout_s: how long its start may take.
        program: what is started, for example with a sandbox around it; the number of the socket is added.
    """

    threads: int = 1
    memory_bytes: int | None = None
    keys_held: int = 4
    start_timeout_s: float = 120.0
    program: Sequence[str] = PROGRAM

    def __post_init__(self) -> None:
        if self.threads < 1 or self.keys_held < 1:
            raise ValueError("a worker has at least one thread, and holds at least one key")


class ChildProcess:
    """A running worker process.

    Args:
        name: what it is called in errors.

    Raises:
        WorkerLost: it did not start.
    """

    def __init__(self, name: str, settings: WorkerSettings) -> None:
        self.name = name
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = _spawn(theirs, settings)
            except OSError as error:
                ours.close()
                reason = error.strerror or str(error)
                raise WorkerLost(f"Worker '{name}' cannot be started: {reason}.", worker=name, reason=reason) from error
        self._connection = ours
        ours.settimeout(settings.start_timeout_s)
        try:
            self.send(frames.encode({"memory_bytes": settings.memory_bytes, "keys_held": settings.keys_held}))
            self._require_ready(frames.decode(self.receive()))
        except BaseException as error:
            self.end()
            if isinstance(error, DecodeError):
                raise self._lost("it does not say that it is ready") from error
            raise
        ours.settimeout(None)

    @property
    def process_id(self) -> int:
        """Of the worker."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def send(self, frame: bytes) -> None:
        """Raises `WorkerLost`."""
        try:
            frames.send(self._connection, frame)
        except frames.Ended:
            raise self._lost(self._why()) from None

    def receive(self) -> bytes:
        """The next frame. Raises `WorkerLost`; and `WrongLength` for what is no frame."""
        try:
            return frames.receive(self._connection)
        except frames.Ended:
            raise self._lost(self._why()) from None

    def end(self) -> None:
        """Kills it: it has nothing to write. Whoever waits in `receive` is told that it is lost."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _require_ready(self, hello: Any) -> None:
        if hello != {"ready": __version__}:
            raise self._lost(f"it is not of this release of zkseal, which is {__version__}")

    def _why(self) -> str:
        try:
            code = self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            return "it closed its socket, or did not start in time"
        if code >= 0:
            return f"its process ended with exit code {code}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        hint = "; was its memory limit reached?" if -code in (signal.SIGABRT, signal.SIGKILL) else ""
        return f"its process was ended by {name}{hint}"

    def _lost(self, reason: str) -> WorkerLost:
        return WorkerLost(f"Worker '{self.name}' is lost: {reason}.", worker=self.name, reason=reason)


def _spawn(connection: socket.socket, settings: WorkerSettings) -> subprocess.Popen[bytes]:
    """A fresh interpreter with nothing of ours but the socket: no environment, no streams, no open files."""
    threads = str(settings.threads)
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    environment |= dict.fromkeys(("RAYON_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), threads)
    environment |= {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return subprocess.Popen(
        [*settings.program, str(connection.fileno())],
        pass_fds=(connection.fileno(),),
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for whoever started it, and decides what becomes of its workers
    )
