"""Many tasks through one executor: results in order, and never more tasks waiting than keep the workers busy."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TypeVar

from zkseal.executors.executor import Executor, Handle, Told
from zkseal.executors.tasks import Task

__all__ = ["in_turn"]

Result = TypeVar("Result")

_AHEAD = 2
"""Tasks that are submitted for each worker: one that it does and one that waits."""


def in_turn(executor: Executor, tasks: Iterable[Task[Result]], told: Told | None = None) -> Iterator[Result]:
    """The results of the tasks, in their order. The first error ends it, and cancels what was submitted.

    Raises:
        ZksealError: as `Executor.submit` and `Handle.result`.
    """
    waiting: deque[Handle[Result]] = deque()
    try:
        for task in tasks:
            waiting.append(executor.submit(task, told))
            if len(waiting) >= _AHEAD * executor.workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for handle in waiting:
            handle.cancel()
