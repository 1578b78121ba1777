"""The program of workers that misbehave: `python misbehaving_worker.py FOLDER SOCKET`.

Each file in FOLDER is one misdeed: a number, a dash, its kind. A process takes the first one that is left, and answers
like that until it ends; one that finds none is honest. What was done is beside it, in FOLDER.done:
a file for each kind.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from zkseal import frames
from zkseal.executors.process import Progress, WorkerProcess, harden

HONEST = "honest"


def taken(folder: Path) -> str:
    """A misdeed that no other process has taken."""
    for path in sorted(folder.iterdir()):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            return path.name.partition("-")[2]
    return HONEST


class Misbehaving(WorkerProcess):
    """Speaks the right language, and does the wrong thing."""

    def __init__(self, connection: socket.socket, misdeed: str, done: Path) -> None:
        super().__init__(connection)
        self.misdeed = misdeed
        self._done = done

    def answer(self, question: dict[str, Any], progress: Progress) -> dict[str, Any]:
        if self.misdeed == "other_input":
            for array in question["inputs"].values():
                array["data"] = bytes(len(array["data"]))
        if self.misdeed == "other_context":
            question["context"] += b"!"
        return super().answer(question, progress)

    def send(self, message: dict[str, Any]) -> None:
        if self.misdeed == "dies" and message.get("stage") not in (None, "load key", "execute"):
            self._note()
            os.kill(os.getpid(), signal.SIGKILL)
        if "ok" in message:
            self._note()
            if self.misdeed == "stalls":
                time.sleep(3600)
            if self.misdeed == "corrupts":
                message["ok"] = corrupted(message["ok"])
            if self.misdeed == "blames":
                error = {"code": "RangeExceeded", "message": "too large", "fields": {}}
                message = {"id": message["id"], "error": error}
            if self.misdeed == "babbles":
                frames.send(self._connection, b"\xff" * 9)
            if self.misdeed == "duplicates":
                super().send({**message, "id": bytes(16)})
                super().send(message)
        super().send(message)

    def _note(self) -> None:
        (self._done / self.misdeed).touch()


def corrupted(answer: dict[str, Any]) -> dict[str, Any]:
    """With one bit of the receipt, or of the piece of a proof, changed: the last but a few, which are in the proof."""
    name = next(name for name in ("receipt", "piece") if name in answer)
    data = bytearray(answer[name])
    data[len(data) * 3 // 4] ^= 1
    return {**answer, name: bytes(data)}


def main() -> None:
    harden()
    folder = Path(sys.argv[1])
    misdeed = taken(folder)
    with contextlib.suppress(frames.Ended):
        Misbehaving(socket.socket(fileno=int(sys.argv[2])), misdeed, folder.with_suffix(".done")).run()


if __name__ == "__main__":
    main()
