"""`LocalExecutor`: workers are processes of this machine. The default, with no dependency."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zkseal.executors.child import ChildProcess, WorkerSettings
from zkseal.executors.conversation import Answer, Question, read_answer
from zkseal.executors.dispatcher import Dispatcher
from zkseal.executors.executor import Limits
from zkseal.executors.key_files import KeyFile
from zkseal.proving.cost import usable_cores

__all__ = ["LocalExecutor", "LocalWorker"]


class LocalExecutor(Dispatcher):
    """A pool of processes.

    Args:
        workers: processes; as many as there are cores, if left out.
        settings: of each; by default they share the cores evenly.
        limits: how long and how often a task is tried.
    """

    def __init__(
        self, workers: int | None = None, settings: WorkerSettings | None = None, limits: Limits | None = None
    ) -> None:
        cores = usable_cores()
        count = cores if workers is None else workers
        chosen = settings or WorkerSettings(threads=max(1, cores // max(1, count)))
        super().__init__(
            lambda place: LocalWorker(str(place), chosen), count, cores=chosen.threads, limits=limits, believed=True
        )


class LocalWorker:
    """One process of this machine."""

    def __init__(self, name: str, settings: WorkerSettings) -> None:
        self._child = ChildProcess(name, settings)

    @property
    def name(self) -> str:
        """What it is called."""
        return self._child.name

    @property
    def running(self) -> bool:
        """Whether its process has not ended."""
        return self._child.running

    def ask(self, key: KeyFile, question: dict[str, Any], progress: Callable[[str, float], None]) -> Answer:
        """Its answer. Raises `WorkerLost`, `ResultRejected`, and the error that it answers with."""
        asked = Question.of({**question, "key": key.digest, "path": str(key.path.absolute())})
        self._child.send(asked.frame)
        return read_answer(self.name, self._child.receive, asked, progress)

    def end(self) -> None:
        """Kills it."""
        self._child.end()
