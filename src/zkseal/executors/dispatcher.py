"""Who gets which task, and what happens when a worker dies, lies, stalls or answers twice.

Every worker has a thread here that asks it and verifies what it answers. One more thread watches the deadlines.

=================  =====================================================================================
worker ..          then the task ..
=================  =====================================================================================
dies               is given to another one; a new worker takes the place
answers wrongly    the same: what does not verify is never a result (`ResultRejected`)
is late            is given to another one as well: the first result that verifies wins, the rest is dropped
is twice as late   the worker is ended
says an error      ends with it, if workers are our own; else somebody else is asked, until the last one
=================  =====================================================================================

A task is given to `Limits.max_attempts` workers in all, then it ends with the last error.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from zkseal.errors import (
    ExecutorClosed,
    InternalError,
    ResourceLimit,
    ResultRejected,
    TaskCancelled,
    WorkerLost,
    ZksealError,
)
from zkseal.executors.conversation import Answer
from zkseal.executors.executor import Handle, Limits, Told
from zkseal.executors.jobs import Job, Run, Worker
from zkseal.executors.key_files import KeyCache
from zkseal.executors.tasks import Task

__all__ = ["Dispatcher"]

Result = TypeVar("Result")

_CLOSE_S = 10.0


@dataclass(frozen=True)
class _Aborted(BaseException):
    """Whoever is told of progress wants no more of it."""

    cause: BaseException


class Dispatcher:
    """An `Executor` over workers of one kind.

    Args:
        start: starts the worker of a place, 0 .. count - 1. Raises `WorkerLost`.
        count: workers.
        cores: that each proves on, for predictions.
        believed: an error that a worker answers with is taken for the task's, at once.
    """

    def __init__(
        self, start: Callable[[int], Worker], count: int, *, cores: int, limits: Limits | None, believed: bool
    ) -> None:
        if count < 1:
            raise ValueError("an executor has at least one worker")
        self._start, self._count, self._cores = start, count, cores
        self._limits, self._believed = limits or Limits(), believed
        self._keys = KeyCache()
        self._changed = threading.Condition()
        self._queue: deque[Job] = deque()
        self._runs: list[Run] = []
        self._closed = False
        self._threads = [threading.Thread(target=self._watch, name="zkseal deadlines", daemon=True)]
        for place in range(count):
            name = f"zkseal worker {place}"
            self._threads.append(threading.Thread(target=self._serve, args=(place,), name=name, daemon=True))
        for thread in self._threads:
            thread.start()

    @property
    def workers(self) -> int:
        """Tasks that are worked on at a time."""
        return self._count

    def submit(self, task: Task[Result], told: Told | None = None) -> Handle[Result]:
        """See `Executor.submit`."""
        key = self._keys.load(task.key)
        question = task.question(key)
        timeout_s = self._limits.timeout_s(task.predicted_ms(key, self._cores), key.file_bytes)
        handle: Handle[Result] = Handle(lambda: self._cancel(job))
        job = Job(task, key, question, handle, told, timeout_s)
        with self._changed:
            if self._closed:
                raise ExecutorClosed("The executor was closed. Make a new one.")
            self._enqueue(job)
        return handle

    def close(self) -> None:
        """See `Executor.close`."""
        with self._changed:
            self._closed = True
            jobs = {*self._queue, *(run.job for run in self._runs)}
            self._changed.notify_all()
        for job in jobs:
            self._cancel(job)
        for thread in self._threads:
            thread.join(_CLOSE_S)

    def __enter__(self) -> Dispatcher:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # Each worker's thread. ------------------------------------------------------------------------------------------

    def _serve(self, place: int) -> None:
        worker = self._started(place)
        while (run := self._next(place)) is not None:
            worker = self._tried(run, worker)
        if worker is not None:
            worker.end()

    def _started(self, place: int) -> Worker | None:
        """A worker ahead of its first task. If there is none, the task will say why."""
        try:
            return self._start(place)
        except ZksealError:
            return None

    def _next(self, place: int) -> Run | None:
        """The next run of a worker; None when the executor is closed."""
        with self._changed:
            while not self._closed:
                for job in self._queue:
                    if place not in job.tried or len(job.tried) == self._count:
                        self._queue.remove(job)
                        return self._begin(job, place)
                self._changed.wait()
            return None

    def _begin(self, job: Job, place: int) -> Run:
        run = Run(job, place)
        job.queued = False
        job.started += 1
        job.tried.add(place)
        job.runs.append(run)
        self._runs.append(run)
        return run

    def _tried(self, run: Run, worker: Worker | None) -> Worker | None:
        """Has a worker, or a new one, do a run. The worker, if it can be asked again."""
        try:
            if worker is None or not worker.running:
                worker = self._start(run.place)
            if not self._set_off(run, worker):
                return worker
            answer = worker.ask(run.job.task.key, run.job.question, self._progress(run))
            if run.job.settled:
                self._conclude(run, "dropped")
                return worker
            result = _accepted(run, answer.value)
        except _Aborted as aborted:
            self._conclude(run, "dropped", error=aborted.cause, final=True)
        except (WorkerLost, ResultRejected) as error:
            self._fail(run, error)
        except ZksealError as error:
            # Lack of memory or a fault of ours may pass; what is wrong with the inputs or the key does not.
            final = self._believed and not isinstance(error, InternalError | ResourceLimit)
            self._fail(run, error, final=final)
            return worker
        except Exception as error:
            kind = type(error).__name__
            text = f"Asking a worker failed with {kind}. Please report this."
            self._fail(run, InternalError(text, kind=kind))
        else:
            self._conclude(run, "accepted", result=result, final=True, answer=answer)
            return worker
        if worker is not None:
            worker.end()
        return None

    def _set_off(self, run: Run, worker: Worker) -> bool:
        """The clock starts when the worker is there. False if nobody wants its result any more."""
        with self._changed:
            run.worker = worker
            run.began = time.monotonic()
            run.deadline = run.began + run.job.timeout_s
            self._changed.notify_all()
            wanted = not run.job.settled
        if not wanted:
            self._conclude(run, "dropped")
        return wanted

    def _progress(self, run: Run) -> Callable[[str, float], None]:
        def tell(stage: str, share: float) -> None:
            if run.job.told is None or run.job.settled or run.worker is None:
                return
            try:
                run.job.told(run.worker.name, stage, share)
            except BaseException as error:
                raise _Aborted(error) from error

        return tell

    # What becomes of a run. -----------------------------------------------------------------------------------------

    def _fail(self, run: Run, error: ZksealError, *, final: bool = False) -> None:
        error = run.reason(error)
        self._conclude(run, error.code, error=error, final=final)

    def _conclude(
        self,
        run: Run,
        outcome: str,
        *,
        result: Any = None,
        error: BaseException | None = None,
        final: bool = False,
        answer: Answer | None = None,
    ) -> None:
        """Ends a run. Settles its task, or gives it to somebody else, unless that was done already."""
        job = run.job
        with self._changed:
            self._runs.remove(run)
            job.runs.remove(run)
            job.handle.note(run.attempt("dropped" if job.settled else outcome, answer))
            alone = not job.settled and not job.runs and not job.queued
            exhausted = alone and job.started >= self._limits.max_attempts
            settles = not job.settled and (final or (error is not None and exhausted))
            others = list(job.runs) if settles else []
            if settles:
                self._settle(job)
            elif error is not None and alone:
                self._enqueue(job)
        if settles:
            job.handle.finish(result if error is None else error)
        for other in others:
            self._stop(other, "dropped")

    def _cancel(self, job: Job) -> None:
        with self._changed:
            if job.settled:
                return
            self._settle(job)
            runs = list(job.runs)
        job.handle.finish(TaskCancelled("The task was cancelled. Submit it again if its result is wanted."))
        for run in runs:
            self._stop(run, "dropped")

    def _settle(self, job: Job) -> None:
        """Under the lock: nobody else settles it, and no worker gets it any more."""
        job.settled = True
        if job.queued:
            self._queue.remove(job)
            job.queued = False

    def _enqueue(self, job: Job) -> None:
        job.queued = True
        self._queue.append(job)
        self._changed.notify_all()

    @staticmethod
    def _stop(run: Run, why: Any) -> None:
        run.stopped = run.stopped or why
        if run.worker is not None:
            run.worker.end()

    # The thread of deadlines. ---------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                overdue = [run for run in self._overdue() if not self._give_to_another(run)]
                if not overdue:
                    self._changed.wait(self._until_next())
            for run in overdue:
                self._stop(run, "stalled")

    def _overdue(self) -> list[Run]:
        now = time.monotonic()
        return [run for run in self._runs if run.deadline <= now and run.stopped is None]

    def _give_to_another(self, run: Run) -> bool:
        """Whether somebody else gets the task while this one goes on, for as long as it had already."""
        job = run.job
        if run.late or self._count == 1 or job.started >= self._limits.max_attempts:
            return False
        run.late = True
        run.deadline += job.timeout_s
        if not job.queued and not job.settled:
            self._enqueue(job)
        return True

    def _until_next(self) -> float | None:
        deadlines = [run.deadline for run in self._runs if run.stopped is None]
        if not deadlines or min(deadlines) == float("inf"):
            return None
        return max(0.0, min(deadlines) - time.monotonic())


def _accepted(run: Run, answer: Any) -> Any:
    """The result in an answer. Raises `ResultRejected`."""
    try:
        return run.job.task.accept(answer, run.job.key)
    except ZksealError as error:
        name = "?" if run.worker is None else run.worker.name
        raise ResultRejected(
            f"Worker '{name}' returned a result that does not hold ({error.code}). Find out who runs it.",
            worker=name,
            reason=error.code,
        ) from error
