"""`Executor`: who is given tasks and hands back results, whatever machines are behind it; `Handle`: one task of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from zkseal.executors.tasks import Task

__all__ = ["Attempt", "Executor", "Handle", "Limits", "Told"]

Result = TypeVar("Result")

Told = Callable[[str, str, float], None]
"""Told the name of a worker, the name of its stage, and the share of the stage that is done, 0 to 1."""


@dataclass(frozen=True)
class Limits:
    """How long and how often a task is tried.

    Attributes:
        margin: a worker may take this many times as long as `zkseal inspect` predicts ..
        least_timeout_s: .. and this long besides, for machines that are busy ..
        bytes_per_s: .. and as long as its key takes when it is read, or sent, this fast.
        max_attempts: workers that one task is given to, in all.
    """

    margin: float = 10.0
    least_timeout_s: float = 30.0
    bytes_per_s: float = 20e6
    max_attempts: int = 3

    def timeout_s(self, predicted_ms: float, key_bytes: int) -> float:
        """What a worker may take for a task with a key of this size."""
        return self.least_timeout_s + self.margin * predicted_ms / 1000 + key_bytes / self.bytes_per_s


@dataclass(frozen=True)
class Attempt:
    """One worker's go at a task.

    Attributes:
        outcome: ``accepted``, ``dropped`` (another worker's result came first, or the task was cancelled), or the code
            of the error that it ended with.
        memory_bytes: the most that the worker's process has held so far, as it says; None if it said nothing.
        cpu_ms: that all its threads took, as it says; None if it said nothing.
    """

    worker: str
    outcome: str
    duration_ms: float
    memory_bytes: int | None = None
    cpu_ms: int | None = None


class Handle(Generic[Result]):
    """A task that was submitted."""

    def __init__(self, cancel: Callable[[], None]) -> None:
        self._future: Future[Result] = Future()
        self._cancel = cancel
        self._attempts: list[Attempt] = []
        self._lock = threading.Lock()

    def result(self, timeout_s: float | None = None) -> Result:
        """The result, which was verified, when it is there.

        Raises:
            TaskCancelled: it was cancelled.
            WorkerLost, WorkerStalled, ResultRejected: so did the last of the workers that it was given to.
            ZksealError: what is wrong with the task itself, as `zkseal.prove` says it.
            TimeoutError: it is not there after `timeout_s`, and is still worked on.
        """
        return self._future.result(timeout_s)

    def cancel(self) -> None:
        """Ends the workers that are at it. Without effect on a task that is done."""
        self._cancel()

    @property
    def done(self) -> bool:
        """Whether there is a result, or an error in its place."""
        return self._future.done()

    @property
    def attempts(self) -> Sequence[Attempt]:
        """The attempts that have ended, in the order in which they did."""
        with self._lock:
            return tuple(self._attempts)

    def when_done(self, call: Callable[[], None]) -> None:
        """Calls back once, from another thread, when it is done; at once if it is."""
        self._future.add_done_callback(lambda future: call())

    # What follows is for executors.

    def finish(self, result: Result | BaseException) -> None:
        """Sets the result or the error. Once."""
        if isinstance(result, BaseException):
            self._future.set_exception(result)
        else:
            self._future.set_result(result)

    def note(self, attempt: Attempt) -> None:
        """Adds an attempt that has ended."""
        with self._lock:
            self._attempts.append(attempt)


class Executor(Protocol):
    """A pool of workers. Threads may share one."""

    @property
    def workers(self) -> int:
        """Tasks that are worked on at a time."""
        ...

    def submit(self, task: Task[Result], told: Told | None = None) -> Handle[Result]:
        """Gives a task to the next worker that is free.

        Args:
            told: of progress; called from another thread. What it raises ends the task with that error.

        Raises:
            ExecutorClosed: it was closed.
            WrongInput, RangeExceeded: the inputs do not fit the model; said at once, before any worker sees them.
            FileUnavailable, DecodeError: the key file is none, or not the one of this digest.
        """
        ...

    def close(self) -> None:
        """Cancels what is not done, and ends all workers."""
        ...
