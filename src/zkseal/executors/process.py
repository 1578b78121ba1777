"""The process of a worker: `python -c BOOT SOCKET`, a descriptor that it inherits.

It answers one question after the other until the socket ends, and then ends too, in the middle of a proof if need be:
nobody would read it. Its standard streams are nowhere, it leaves no core dump, and the user's other processes may not
look into its memory: witnesses are in it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from zkseal import frames
from zkseal._version import __version__
from zkseal.errors import ResourceLimit
from zkseal.executors.answers import Answers
from zkseal.plain_errors import encode_error

__all__ = ["WorkerProcess", "main"]

_PR_SET_DUMPABLE = 4
Progress = Callable[[str, float], None]


class WorkerProcess:
    """The conversation of this process with whoever started it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._questions: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        settings = frames.decode(frames.receive(connection))
        _limit_memory(settings["memory_bytes"])
        self._answers = Answers(settings["keys_held"])

    def run(self) -> None:
        """Answers until the process is ended."""
        threading.Thread(target=self._listen, daemon=True).start()
        self.send({"ready": __version__})
        while True:
            question = frames.decode(self._questions.get())
            self.reply(question.pop("id"), partial(self.answer, question))

    def answer(self, question: dict[str, Any], progress: Progress) -> dict[str, Any]:
        """The answer to one question. Raises `ZksealError`."""
        return self._answers.answer(question, progress)

    def reply(self, identity: bytes, work: Callable[[Progress], Any]) -> None:
        """Sends what the work returns, or the error that it ends with, and before that how far it is."""

        def told(stage: str, share: float) -> None:
            self.send({"id": identity, "stage": stage, "permille": int(share * 1000)})

        began = time.process_time()
        try:
            answer = work(told)
            used = {"memory_bytes": _peak_bytes(), "cpu_ms": int((time.process_time() - began) * 1000)}
            self.send({"id": identity, "ok": answer, "used": used})
        except frames.Ended:
            raise
        except MemoryError:
            limit = ResourceLimit("The memory of the worker does not suffice for this proof.", resource="memory")
            self.send({"id": identity, "error": encode_error(limit)})
        except Exception as error:
            self.send({"id": identity, "error": encode_error(error)})

    def send(self, message: dict[str, Any]) -> None:
        """Sends one message. Raises `frames.Ended`."""
        frames.send(self._connection, frames.encode(message))

    def _listen(self) -> None:
        """Hears, while a proof is made, that the socket has ended."""
        with contextlib.suppress(Exception):
            while True:
                self._questions.put(frames.receive(self._connection))
        os._exit(0)


def harden() -> None:
    """No core dumps, and no reading of this memory by other processes of the user. What a system lacks is left out."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _limit_memory(limit_bytes: int | None) -> None:
    """Bounds what the process allocates. Mapped key files are not counted: the system drops them when it must."""
    if limit_bytes is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))


def _peak_bytes() -> int:
    """The most memory that this process has held so far, mapped files that it touched included."""
    # Not ru_maxrss: that one counts what the process held that started this one.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Runs until the socket ends."""
    harden()
    with contextlib.suppress(frames.Ended):
        WorkerProcess(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
