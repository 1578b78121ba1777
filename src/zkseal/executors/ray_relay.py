"""What runs on a machine of a Ray cluster: an actor between the coordinator and a worker's process.

Everything that sees a witness is in that process, whose streams are nowhere; Ray keeps the output of its actors in
logs. What crosses between actor and coordinator is bytes of our own encoding, errors included: nothing of ours
is pickled.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

from zkseal import frames
from zkseal.errors import WrongInput
from zkseal.executors.child import ChildProcess, WorkerSettings
from zkseal.executors.key_files import DIGEST_BYTES
from zkseal.executors.key_folder import KeyFolder, default_folder
from zkseal.plain_errors import encode_error

__all__ = ["Relay", "remove_keys", "settings_from_plain", "settings_to_plain"]

P = ParamSpec("P")


def settings_to_plain(settings: WorkerSettings) -> dict[str, Any]:
    """Settings as plain data. The program of a worker is that of its own machine, unless another one is asked for."""
    program = None if settings.program == WorkerSettings().program else list(settings.program)
    return {
        "threads": settings.threads,
        "memory_bytes": settings.memory_bytes,
        "keys_held": settings.keys_held,
        "start_timeout_s": int(settings.start_timeout_s),
        "program": program,
    }


def settings_from_plain(plain: dict[str, Any]) -> WorkerSettings:
    """The inverse of `settings_to_plain`."""
    program = plain.pop("program")
    return WorkerSettings(**plain) if program is None else WorkerSettings(**plain, program=tuple(program))


def _answers(method: Callable[Concatenate[Relay, P], Any]) -> Callable[Concatenate[Relay, P], bytes]:
    """What a method returns, or the error that it raises, in bytes."""

    @functools.wraps(method)
    def call(relay: Relay, /, *args: P.args, **kwargs: P.kwargs) -> bytes:
        try:
            return frames.encode({"ok": method(relay, *args, **kwargs)})
        except Exception as error:
            return frames.encode({"error": encode_error(error)})

    return call


class Relay:
    """One worker's process and the folder of keys of its machine.

    Args:
        name: of the worker.
        settings: of its process, as `settings_to_plain` writes them.
        folder: of keys on this machine; `default_folder` if empty.
    """

    def __init__(self, name: str, settings: bytes, folder: str) -> None:
        self._name, self._settings = name, settings_from_plain(frames.decode(settings))
        self._folder = _folder(folder)
        self._child: ChildProcess | None = None
        self._keys: KeyFolder | None = None

    @_answers
    def start(self) -> dict[str, Any]:
        """Starts the process. Where it is, and which processes: what an operator finds it by."""
        import ray

        self._keys = KeyFolder(self._folder)
        self._child = ChildProcess(self._name, self._settings)
        node: str = ray.get_runtime_context().get_node_id()
        return {"node": node, "relay_pid": os.getpid(), "worker_pid": self._child.process_id}

    @_answers
    def has_key(self, digest: bytes) -> bool:
        """Whether this machine has a key."""
        return self._required()[1].has(digest)

    @_answers
    def begin_key(self, digest: bytes) -> None:
        """The chunks that follow are of this key."""
        self._required()[1].begin(digest)

    @_answers
    def add_chunk(self, chunk: bytes) -> None:
        """The next chunk of a key."""
        self._required()[1].add(chunk)

    @_answers
    def finish_key(self) -> None:
        """All chunks have come."""
        self._required()[1].finish()

    @_answers
    def send(self, frame: bytes) -> None:
        """To the process: a question. The path of the key that it names is for this machine to say."""
        question = frames.decode(frame)
        child, keys = self._required()
        child.send(frames.encode({**question, "path": str(keys.path(question["key"]))}))

    @_answers
    def receive(self) -> bytes:
        """The next message of the process; waits for it."""
        return self._required()[0].receive()

    def _required(self) -> tuple[ChildProcess, KeyFolder]:
        if self._child is None or self._keys is None:
            raise WrongInput("The worker was not started.", name="worker", expected="start", got=None)
        return self._child, self._keys


def remove_keys(folder: str, digests: bytes) -> None:
    """Runs on a machine of the cluster: removes the keys with these digests, 32 bytes each."""
    keys = KeyFolder(_folder(folder))
    for start in range(0, len(digests), DIGEST_BYTES):
        keys.path(digests[start : start + DIGEST_BYTES]).unlink(missing_ok=True)


def _folder(named: str) -> Path:
    return Path(named) if named else default_folder()
