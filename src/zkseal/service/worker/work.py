"""One job, from its claim to its end. Whatever goes wrong is one of three things:

=======================  ========================================================================
the input's fault        the job fails with the error, at once: it would fail again
the machine's, or ours   the job goes back into the queue; too often, and it fails (`JobAbandoned`)
another worker has it    nothing is done about it: it is not ours any more
=======================  ========================================================================
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from zkseal.errors import ExecutorError, InternalError, OutOfDisk, ResourceLimit, StorageUnavailable, ZksealError
from zkseal.executors import Executor, Handle
from zkseal.proving import AnyVerifyingKey, decode_verifying_key
from zkseal.service import jobs, models
from zkseal.service.artifacts import Vault
from zkseal.service.jobs import Beat, Claim, Request, Retries, State
from zkseal.service.worker.heart import Heart
from zkseal.service.worker.progress import Progress
from zkseal.service.worker.proving_keys import ProvingKeys
from zkseal.service.worker.results import Result, require_proved, result_of, stages, store
from zkseal.service.worker.runner import Runner

__all__ = ["Outcome", "Work", "WorkerSettings"]

Returned = TypeVar("Returned")


@dataclass(frozen=True)
class WorkerSettings:
    """How a worker works. Times are in seconds.

    Attributes:
        lease_s: how long a worker that was killed keeps its jobs from others.
        beat_s: how often a worker says that it is there, and hears of cancellations.
        poll_s: how often an idle worker looks for jobs.
        grace_s: what jobs may still take when the worker is told to stop; then they go back into the queue.
        end_for_s: how long the end of a job is tried again while the database does not answer.
        retries: how often a job is begun anew.
        key_bytes: of proving keys that are kept in memory while no job uses them.
    """

    lease_s: float = 30.0
    beat_s: float = 2.0
    poll_s: float = 0.2
    grace_s: float = 20.0
    end_for_s: float = 300.0
    retries: Retries = field(default_factory=Retries)
    key_bytes: int = 4 << 30

    @property
    def pulse_s(self) -> float:
        """Time between two beats: several of them fit into a lease."""
        return min(self.beat_s, self.lease_s / 4)

    @property
    def lease_ms(self) -> int:
        """`lease_s` in milliseconds."""
        return int(self.lease_s * 1000)


@dataclass(frozen=True)
class Outcome:
    """What a worker did with a job, for logs and metrics. Nothing private.

    Attributes:
        state: that it ended in; `queued`: it was put back; None: it was lost to another worker.
        code: of the error, if there was one.
        phase_ms: how long each phase took.
    """

    job: str
    tenant: str
    model_id: str
    kind: str
    attempt: int
    state: State | None
    code: str | None
    duration_ms: int
    phase_ms: dict[str, int]


class Work:
    """One job in the hands of this worker. `run` is its thread; `stop` may be called from any other."""

    def __init__(
        self,
        vault: Vault,
        executor: Executor,
        runner: Runner,
        keys: ProvingKeys,
        claim: Claim,
        settings: WorkerSettings,
    ) -> None:
        self.claim = claim
        self._vault, self._executor, self._runner = vault, executor, runner
        self._keys, self._settings = keys, settings
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._progress = Progress()
        self._heart = Heart(
            vault.database,
            claim,
            self._progress,
            every_s=settings.pulse_s,
            lease_ms=settings.lease_ms,
            told=self._woken.set,
        )

    def stop(self) -> None:
        """Puts the job back into the queue, unless it has ended by then."""
        self._stopping.set()
        self._woken.set()

    def run(self) -> Outcome:
        """Works on the job until it is out of our hands."""
        began = time.monotonic()
        with self._heart:
            state, code = self._ended()
        lasted = int((time.monotonic() - began) * 1000)
        claim = self.claim
        return Outcome(
            claim.id,
            claim.tenant,
            claim.model_id,
            str(claim.kind),
            claim.attempt,
            state,
            code,
            lasted,
            self._progress.phase_ms(),
        )

    def _ended(self) -> tuple[State | None, str | None]:
        """The state that the job is left in, and the code of the error that it was left with."""
        try:
            try:
                return self._attempt()
            except (ExecutorError, ResourceLimit, StorageUnavailable, InternalError) as error:
                return self._put_back(error.code)
            except ZksealError as error:
                # Bound here: `error` is gone when the function below runs again.
                failed = error
                done = self._persistently(lambda: jobs.fail(self._vault, self.claim, failed))
                return (State.FAILED if done else None), error.code
            except Exception as error:
                return self._put_back(type(error).__name__)
        except (StorageUnavailable, OutOfDisk) as error:
            # The database is gone for long. The lease ends, and the job is given out again when it is back.
            return None, error.code

    def _attempt(self) -> tuple[State | None, str | None]:
        """Raises whatever kept the job from succeeding."""
        request = jobs.request_of(self._vault, self.claim)
        key = decode_verifying_key(models.verifying_key(self._vault, self.claim.tenant, self.claim.model_id))
        found: Any = None
        finished = False
        with self._keys.lent(self.claim) as proving_key:
            for stage in stages(self._executor, self._runner, request, proving_key, self._progress.told):
                handle = stage(found)
                handle.when_done(self._woken.set)
                try:
                    self._wait_for(handle)
                    finished = handle.done
                finally:
                    handle.cancel()
                if not finished or self._heart.heard is not Beat.HELD:
                    break
                found = handle.result(0)
        if self._heart.heard is Beat.LOST:
            return None, None
        if self._heart.heard is Beat.CANCEL:
            return self._cancelled()
        if not finished:
            return self._put_back(None)
        return self._succeed(result_of(found, request), key, request)

    def _wait_for(self, handle: Handle[Any]) -> None:
        """Returns when the executor is done, or the job is to be given up."""
        while not (handle.done or self._stopping.is_set() or self._heart.heard is not Beat.HELD):
            self._woken.wait()
            self._woken.clear()

    def _succeed(self, result: Result, key: AnyVerifyingKey, request: Request) -> tuple[State | None, str | None]:
        require_proved(result, self.claim, request, key)
        answer = store(self._vault, self.claim, result, self._progress.phase_ms())
        if self._persistently(lambda: jobs.succeed(self._vault, self.claim, answer)):
            return State.SUCCEEDED, None
        # Cancelled at the last moment, or not ours any more.
        return self._cancelled()

    def _cancelled(self) -> tuple[State | None, str | None]:
        done = self._persistently(lambda: jobs.end_as_cancelled(self._vault, self.claim))
        return (State.CANCELLED if done else None), None

    def _put_back(self, lost: str | None) -> tuple[State | None, str | None]:
        retries = self._settings.retries
        back = self._persistently(lambda: jobs.give_back(self._vault, self.claim, lost=lost, retries=retries))
        return back, lost

    def _persistently(self, end: Callable[[], Returned]) -> Returned:
        """Ends the job, again and again while the database does not answer or has no room."""
        until = time.monotonic() + self._settings.end_for_s
        while True:
            try:
                return end()
            except (StorageUnavailable, OutOfDisk):
                if time.monotonic() > until or self._stopping.wait(1.0):
                    raise
