"""`Runner`: where programs of models in segments are run, before there is anything to prove."""

from __future__ import annotations

import threading
from typing import Any

from zkseal.executors import Handle, Limits, LocalExecutor, RunTask, Told, WorkerSettings

__all__ = ["Runner"]


class Runner:
    """One process of this machine, started with the first model in segments. Threads may share it.

    A program comes from a tenant: what it takes of memory and time is bounded as a proof's is, and it is ended with its
    process. Other machines are not asked: they are to see one segment, and this takes all of them.

    Args:
        settings: of the process, as executors take them.
    """

    def __init__(self, settings: WorkerSettings | None = None) -> None:
        self._settings, self._lock = settings, threading.Lock()
        self._executor: LocalExecutor | None = None

    def submit(self, task: RunTask, told: Told) -> Handle[Any]:
        """A run that has begun, for `submit_run`. Raises as `Executor.submit`."""
        with self._lock:
            if self._executor is None:
                self._executor = LocalExecutor(1, self._settings, Limits(max_attempts=1))
            executor = self._executor
        return executor.submit(task, told)

    def close(self) -> None:
        """Ends the process, if there is one."""
        with self._lock:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.close()
