"""`RayExecutor`: workers are processes on the machines of a Ray cluster (`zkseal[ray]`).

Ray places workers, and tells when a machine is gone. Whether and where a task is tried again is decided here
(`dispatcher`): actors are never restarted by Ray. See docs/guides/cluster.md for what a cluster must be closed against.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zkseal import frames
from zkseal.errors import (
    ClusterUnreachable,
    DigestMismatch,
    FileUnavailable,
    MissingDependency,
    ResultRejected,
    WorkerLost,
)
from zkseal.executors.child import WorkerSettings
from zkseal.executors.conversation import Answer, Question, read_answer
from zkseal.executors.dispatcher import Dispatcher
from zkseal.executors.executor import Limits
from zkseal.executors.key_files import KeyFile
from zkseal.executors.ray_relay import Relay, remove_keys, settings_to_plain
from zkseal.files.container import mapped
from zkseal.json_text import printable
from zkseal.plain_errors import decode_error

__all__ = ["RayExecutor", "RayWorker"]

CHUNK_BYTES = 1 << 23
_REMOVE_S = 10.0
_CONNECT_S = 10.0


class RayExecutor(Dispatcher):
    """Workers on a Ray cluster.

    Args:
        address: of the cluster, ``host:port``; ``auto`` for the one that this machine belongs to. Left out: the cluster
            that this process is connected to already.
        workers: processes; as many as the cluster has room for, if left out.
        settings: of each. `threads` are cores that it takes of its machine.
        limits: how long and how often a task is tried.
        key_folder: where machines of the cluster keep the keys that are sent to them; by default
            `key_folder.default_folder` of the user there.
        keep_keys: leave them there when the executor is closed.

    Raises:
        MissingDependency: Ray is not installed.
        ClusterUnreachable: there is no cluster, or none with room for one worker.
    """

    def __init__(
        self,
        address: str | None = None,
        workers: int | None = None,
        settings: WorkerSettings | None = None,
        limits: Limits | None = None,
        *,
        key_folder: Path | None = None,
        keep_keys: bool = False,
    ) -> None:
        ray = _ray()
        self._connected = _connect(ray, address)
        chosen = settings or WorkerSettings()
        count = workers or int(ray.cluster_resources().get("CPU", 0)) // chosen.threads
        if count < 1:
            self._disconnect()
            reason = f"no machine has {chosen.threads} cores"
            raise ClusterUnreachable(
                f"The Ray cluster has no room for a worker: {reason}. Add machines, or give workers fewer threads.",
                address=str(address),
                reason=reason,
            )
        self._sharing = sharing = _Sharing(key_folder)
        self._keep_keys = keep_keys
        super().__init__(
            lambda place: RayWorker(place, chosen, sharing), count, cores=chosen.threads, limits=limits, believed=False
        )

    def close(self) -> None:
        """See `Executor.close`. Keys that were sent are removed, and a connection that was made here ends."""
        super().close()
        if not self._keep_keys:
            self._sharing.remove_keys()
        self._disconnect()

    def _disconnect(self) -> None:
        if self._connected:
            self._connected = False
            _ray().shutdown()


@dataclass
class _Sharing:
    """What the workers of one executor share: one of them at a time sends a key to a machine.

    Attributes:
        sent: keys by the machine that they were sent to.
    """

    key_folder: Path | None
    locks: dict[tuple[str, bytes], threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))
    sent: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))

    @property
    def folder(self) -> str:
        """As relays take it."""
        return "" if self.key_folder is None else str(self.key_folder)

    def remove_keys(self) -> None:
        """From all machines that are still there."""
        ray = _ray()
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        removing = []
        for node, digests in self.sent.items():
            here = NodeAffinitySchedulingStrategy(node, soft=False)
            task = ray.remote(remove_keys).options(num_cpus=0, max_retries=0, scheduling_strategy=here)
            removing.append(task.remote(self.folder, b"".join(digests)))
        with contextlib.suppress(Exception):
            ray.wait(removing, num_returns=len(removing), timeout=_REMOVE_S)
        self.sent.clear()


class RayWorker:
    """One process on some machine of the cluster.

    Raises:
        WorkerLost: it did not start in time, for one because no machine has room for it.
    """

    def __init__(self, place: int, settings: WorkerSettings, sharing: _Sharing) -> None:
        self._sharing = sharing
        self._known: set[bytes] = set()
        self.running = True
        self.name = str(place)
        # A retry by Ray would ask a worker twice, and hide that the first one was lost.
        options = {"num_cpus": settings.threads, "max_restarts": 0, "max_task_retries": 0}
        if settings.memory_bytes is not None:
            options["memory"] = settings.memory_bytes
        actor = _ray().remote(Relay).options(scheduling_strategy="SPREAD", **options)
        self._actor = actor.remote(self.name, frames.encode(settings_to_plain(settings)), sharing.folder)
        try:
            started = self._call("start", timeout_s=settings.start_timeout_s)
        except BaseException:
            self.end()
            raise
        match started:
            case {"node": str(node), "relay_pid": int(relay), "worker_pid": int(process)}:
                self.node, self.process_ids = node, {"relay": relay, "worker": process}
            case _:
                self.end()
                raise self._no_message()
        self.name = f"{place}@{self.node[:8]}"

    def ask(self, key: KeyFile, question: dict[str, Any], progress: Callable[[str, float], None]) -> Answer:
        """Its answer. Raises `WorkerLost`, `ResultRejected`, and the error that it answers with."""
        self._provide(key, progress)
        asked = Question.of({**question, "key": key.digest})
        self._call("send", asked.frame)
        try:
            return read_answer(self.name, self._receive, asked, progress)
        except (FileUnavailable, DigestMismatch):
            # Somebody removed or changed the file: the next task looks again.
            self._known.discard(key.digest)
            raise

    def end(self) -> None:
        """Kills actor and process. Whoever waits for an answer is told that it is lost."""
        if self.running:
            self.running = False
            with contextlib.suppress(Exception):
                _ray().kill(self._actor, no_restart=True)

    def _provide(self, key: KeyFile, progress: Callable[[str, float], None]) -> None:
        """Sends the key's file in chunks, unless the machine has it."""
        if key.digest in self._known:
            return
        with self._sharing.locks[self.node, key.digest]:
            if self._call("has_key", key.digest) is not True:
                contents = mapped(key.path)
                self._call("begin_key", key.digest)
                for start in range(0, len(contents), CHUNK_BYTES):
                    progress("send key", start / len(contents))
                    self._call("add_chunk", bytes(contents[start : start + CHUNK_BYTES]))
                self._sharing.sent[self.node].add(key.digest)
                self._call("finish_key")
                progress("send key", 1.0)
        self._known.add(key.digest)

    def _call(self, method: str, *args: bytes, timeout_s: float | None = None) -> Any:
        """What a method of the relay returns. Raises the error that it answers with, and `WorkerLost`."""
        ray = _ray()
        try:
            encoded = ray.get(getattr(self._actor, method).remote(*args), timeout=timeout_s)
        except ray.exceptions.RayError as error:
            # The kind says enough; the text of a remote error is nobody's to show.
            reason = type(error).__name__
            raise WorkerLost(f"Worker '{self.name}' is lost ({reason}).", worker=self.name, reason=reason) from None
        match frames.decode(encoded) if isinstance(encoded, bytes) else None:
            case {"ok": value}:
                return value
            case {"error": dict(described)}:
                raise decode_error(described)
        raise self._no_message()

    def _receive(self) -> bytes:
        message = self._call("receive")
        if not isinstance(message, bytes):
            raise self._no_message()
        return message

    def _no_message(self) -> ResultRejected:
        return ResultRejected(
            f"Worker '{self.name}' sends something that is no message. Find out who runs it.",
            worker=self.name,
            reason="message",
        )


def _ray() -> Any:
    """The module. Raises `MissingDependency`."""
    try:
        import ray
    except ImportError as error:
        raise MissingDependency(
            "Ray is not installed. Install it here and on all machines of the cluster: pip install 'zkseal[ray]'.",
            package="ray",
        ) from error
    return ray


def _connect(ray: Any, address: str | None) -> bool:
    """Connects this process to a cluster; False if it is connected already. Raises `ClusterUnreachable`."""
    if ray.is_initialized():
        return False
    try:
        _require_listener(address)
        # What actors write stays in the logs of their machines; a namespace of its own, so that nobody finds them.
        namespace = f"zkseal-{secrets.token_hex(8)}"
        ray.init(address=address or "auto", namespace=namespace, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        reason = printable(str(error).partition("\n")[0])[:200]
        raise ClusterUnreachable(
            f"No Ray cluster answers at '{address or 'auto'}': {reason}. Start one (ray start), name its address, or "
            "set RAY_AUTH_TOKEN to its token.",
            address=str(address),
            reason=reason,
        ) from error
    return True


def _require_listener(address: str | None) -> None:
    """Ray itself waits for minutes where nobody listens. Raises `OSError`, and `ValueError` for no address."""
    if address in (None, "auto"):
        return
    host, separator, port = str(address).rpartition(":")
    if not separator or not port.isdecimal():
        raise ValueError("an address is host:port")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S):
        pass
