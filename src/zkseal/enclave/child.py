"""Starting the enclave process, and ending it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zkseal.enclave.measurement import ENTRY, PACKAGE, measure, modules
from zkseal.enclave.wire import Wire
from zkseal.errors import EnclaveStopped, FileUnavailable, MeasurementMismatch

__all__ = ["Child"]

# Libraries come with their compiled files. Those of this package are not what was measured, so from then on they are
# looked for where there are none. An isolated interpreter does not look for the package's sources: it is told.
_BOOT = """
import sys, numpy
sys.pycache_prefix = "/nonexistent"
sys.path.insert(0, {path!r})
import runpy
runpy.run_module({module!r}, run_name="__main__", alter_sys=True)
"""
_GRACE_S = 5.0


@dataclass(frozen=True)
class Child:
    """A running enclave process.

    Attributes:
        measurement: of its code, taken before it was started, and the same as it found itself.
        isolation: mechanisms that are on.
        missing: those that this machine does not offer, with the reason.
    """

    wire: Wire
    measurement: bytes
    isolation: tuple[str, ...]
    missing: dict[str, str]
    _process: subprocess.Popen[bytes]

    @staticmethod
    def start(sealed: Path, settings: dict[str, Any], timeout_s: float) -> Child:
        """Starts one.

        Args:
            sealed: the sealed model, which the child gets as an open file.
            timeout_s: for its start, and for each later answer.

        Raises:
            FileUnavailable: the sealed model cannot be read.
            MeasurementMismatch: its code changed while it started.
            EnclaveStopped: it did not start.
            DecodeError, SignatureRejected: the sealed model is none, or of another publisher.
        """
        measurement = measure(modules())
        ours, theirs = socket.socketpair()
        ours.settimeout(timeout_s)
        with contextlib.ExitStack() as stack:
            stack.callback(theirs.close)
            model = _opened(sealed)
            stack.callback(os.close, model)
            process = _spawn(theirs.fileno(), model)
        wire = Wire(ours)
        try:
            hello = wire.ask(settings | {"modules": list(modules())})
            if hello["measurement"] != measurement:
                raise MeasurementMismatch(
                    "The code of the enclave changed while it started. Start it again.",
                    check="measurement",
                    expected=measurement.hex(),
                    got=hello["measurement"].hex(),
                )
            return Child(wire, measurement, tuple(hello["isolation"]), hello["missing"], process)
        except BaseException:
            _end(wire, process)
            raise

    @property
    def process_id(self) -> int:
        """Of the process that waits for the enclave and dies with it."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def end(self) -> None:
        """Kills it: there is nothing that it would have to write."""
        _end(self.wire, self._process)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnavailable(f"Cannot read '{path}': {reason}.", path=str(path), reason=reason) from error


def _spawn(connection: int, model: int) -> subprocess.Popen[bytes]:
    """A fresh interpreter with nothing of ours but the two descriptors: no environment, no output."""
    boot = _BOOT.format(path=str(PACKAGE.parent), module=ENTRY)
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}
    environment |= {name: os.environ[name] for name in ("ZKSEAL_CPU", "LD_LIBRARY_PATH") if name in os.environ}
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", boot, str(connection), str(model)],
            pass_fds=(connection, model),
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise EnclaveStopped(f"The enclave process cannot be started: {reason}.", reason=reason) from error


def _end(wire: Wire, process: subprocess.Popen[bytes]) -> None:
    wire.close()
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
