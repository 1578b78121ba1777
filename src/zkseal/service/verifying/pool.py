"""Threads that verify, and a queue that is as long as can be worked off in time.

Nobody is helped by an answer that comes too late: work that would wait longer than `wait_ms` is refused at once, with
the time after which there is room. The wait is predicted from how long recent work took: a moving average, which begins
with a guess and follows the machine. What is accepted is answered fast even when far more is asked than can be done.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from zkseal.service.limits import too_many

__all__ = ["VerifierPool"]

Result = TypeVar("Result")

FIRST_GUESS_S = 0.010
"""What one verification takes, until one was measured."""
_WEIGHT = 0.05
"""Of a new measurement in the moving average."""
_YIELDS = 5
"""Steps of priority by which verifications stand behind the event loop."""


class VerifierPool:
    """Threads of their own, apart from those that wait for databases.

    Args:
        threads: work at the same time; 0: one for each core of this process.
        wait_ms: longest wait of accepted work: predicted when it comes, and measured when its turn is there.
    """

    def __init__(self, *, threads: int = 0, wait_ms: int = 40) -> None:
        self.threads = threads or len(os.sched_getaffinity(0))
        self._wait_s = wait_ms / 1000
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="zkseal-verify", initializer=_yield_to_others)
        self._lock = threading.Lock()
        self._open = 0
        self._average_s = FIRST_GUESS_S

    @property
    def open(self) -> int:
        """Work that waits or runs."""
        return self._open

    @property
    def predicted_wait_s(self) -> float:
        """How long work would wait that came now."""
        return max(0, self._open - self.threads + 1) * self._average_s / self.threads

    async def run(self, work: Callable[[], Result], *, since: float | None = None) -> Result:
        """What `work` returns, done in a thread.

        Args:
            since: when it was asked for, of `time.perf_counter`; what has passed since counts as waiting.

        Raises:
            RateLimited: it would have to wait too long, or has waited too long when its turn comes.
        """
        since = time.perf_counter() if since is None else since
        wait_s = self.predicted_wait_s
        if wait_s > self._wait_s or time.perf_counter() - since > self._wait_s:
            raise too_many("verifications at once", wait_s)
        with self._lock:
            self._open += 1
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._measured, work, since)

    def _measured(self, work: Callable[[], Result], since: float) -> Result:
        began = time.perf_counter()
        try:
            if began - since > self._wait_s:
                # A machine that others keep busy: the prediction was too good.
                raise too_many("verifications at once", self.predicted_wait_s)
            found = work()
            took_s = time.perf_counter() - began
            with self._lock:
                self._average_s += _WEIGHT * (took_s - self._average_s)
            return found
        finally:
            with self._lock:
                self._open -= 1

    def close(self) -> None:
        """Ends the threads when their work is done; what waits is not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _yield_to_others() -> None:
    """Makes the event loop go first when there are more threads than cores: on Linux threads have priorities each."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + _YIELDS)
