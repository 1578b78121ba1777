"""What a dispatcher knows of a task: how often it was tried, who is at it, and whether it is settled."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from zkseal.errors import WorkerStalled, ZksealError
from zkseal.executors.conversation import Answer
from zkseal.executors.executor import Attempt, Handle, Told
from zkseal.executors.key_files import KeyFile, LoadedKey
from zkseal.executors.tasks import Task

__all__ = ["Job", "Run", "Worker"]


class Worker(Protocol):
    """A process somewhere that answers questions, one at a time."""

    @property
    def name(self) -> str:
        """What it is called in errors and progress."""
        ...

    @property
    def running(self) -> bool:
        """Whether it may be asked."""
        ...

    def ask(self, key: KeyFile, question: dict[str, Any], progress: Callable[[str, float], None]) -> Answer:
        """Its answer. Raises `WorkerLost`, also when it is ended meanwhile; else what it answers with."""
        ...

    def end(self) -> None:
        """Ends it, whatever it does, and whoever calls."""
        ...


@dataclass(eq=False)
class Job:
    """A task that was submitted. Everything that changes is guarded by the dispatcher's lock.

    Attributes:
        timeout_s: what one worker may take.
        started: workers that it was given to so far.
        tried: their places, which it is not given to again while there is another.
        queued: it waits for a worker.
        settled: it has a result or an error, or will have one at once.
    """

    task: Task[Any]
    key: LoadedKey
    question: dict[str, Any] = field(repr=False)
    handle: Handle[Any]
    told: Told | None
    timeout_s: float
    started: int = 0
    tried: set[int] = field(default_factory=set)
    runs: list[Run] = field(default_factory=list)
    queued: bool = False
    settled: bool = False


@dataclass(eq=False)
class Run:
    """One worker at a task.

    Attributes:
        place: of the worker in the pool.
        deadline: on the monotonic clock. When it passes first, somebody else gets the task as well; then it is ended.
        stopped: why it was ended by us.
    """

    job: Job
    place: int
    worker: Worker | None = None
    began: float = field(default_factory=time.monotonic)
    deadline: float = float("inf")
    late: bool = False
    stopped: Literal["stalled", "dropped"] | None = None

    def attempt(self, outcome: str, answer: Answer | None) -> Attempt:
        """What is told of it once it has ended."""
        name = f"{self.place}" if self.worker is None else self.worker.name
        used = (None, None) if answer is None else (answer.memory_bytes, answer.cpu_ms)
        return Attempt(name, outcome, (time.monotonic() - self.began) * 1000, *used)

    def reason(self, error: ZksealError) -> ZksealError:
        """The error that it ended with: one that we caused is not the worker's."""
        if self.stopped != "stalled":
            return error
        worker = "?" if self.worker is None else self.worker.name
        return WorkerStalled(
            f"Worker '{worker}' gave no result within {self.job.timeout_s:.0f} s, which is a multiple of what is "
            "predicted. Give its machine less to do, or raise the margin of the limits.",
            worker=worker,
            timeout_s=round(self.job.timeout_s, 3),
        )
