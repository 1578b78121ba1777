"""`Worker`: the loop that claims jobs, watches over other workers' leases, and keeps house."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from sqlalchemy import delete, insert, select, update

from zkseal.errors import InternalError, ZksealError
from zkseal.executors import Executor
from zkseal.executors import WorkerSettings as ProcessSettings
from zkseal.service import jobs
from zkseal.service.artifacts import Vault
from zkseal.service.database import Connection
from zkseal.service.database.clock import now_ms
from zkseal.service.database.tables import jobs as jobs_table
from zkseal.service.database.tables import workers
from zkseal.service.jobs import State
from zkseal.service.names import new_name
from zkseal.service.retention import Retention, keep_house
from zkseal.service.worker.proving_keys import ProvingKeys
from zkseal.service.worker.runner import Runner
from zkseal.service.worker.work import Outcome, Work, WorkerSettings

__all__ = ["Worker"]

_HOUSEKEEPING_S = 60.0
_ORPHANS_S = 3600.0
_LONGEST_PAUSE_S = 5.0


class Worker:
    """Works on jobs from `start` to `stop`. Any number of them, in any number of processes, share a database.

    Args:
        executor: who proves. The worker claims as many jobs as it has workers, and leaves it open.
        processes: how the process runs in which programs of models in segments are run.
        retention: what is deleted when; by whichever worker comes first.
        told: told of each job that is out of the worker's hands; from threads of the jobs.
        troubled: told of errors that no job is at fault for: a database that does not answer.
    """

    def __init__(
        self,
        vault: Vault,
        executor: Executor,
        *,
        settings: WorkerSettings | None = None,
        processes: ProcessSettings | None = None,
        retention: Retention | None = None,
        told: Callable[[Outcome], None] = lambda outcome: None,
        troubled: Callable[[ZksealError], None] = lambda error: None,
    ) -> None:
        self.id = new_name("wrk")
        self._vault, self._executor = vault, executor
        self._settings, self._retention = settings or WorkerSettings(), retention or Retention()
        self._told, self._troubled = told, troubled
        self._keys = ProvingKeys(vault, max_bytes=self._settings.key_bytes)
        self._runner = Runner(processes)
        self._lock = threading.Lock()
        # A job whose lease ended may be claimed anew while the earlier attempt at it winds up.
        self._works: dict[tuple[str, int], Work] = {}
        self._wake, self._stopping, self._hastened = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"zkseal {self.id}", daemon=True)
        self._looked_at = self._kept_house_at = float("-inf")
        self._collected_at = time.monotonic()

    @property
    def running(self) -> int:
        """Jobs that it is at."""
        with self._lock:
            return len(self._works)

    def start(self) -> None:
        """Begins to claim jobs."""
        self._thread.start()

    def wake(self) -> None:
        """Looks for jobs at once: there is a new one."""
        self._wake.set()

    def stop(self) -> None:
        """Claims no more; waits `grace_s` for its jobs, and puts the rest back into the queue."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()
        until = time.monotonic() + self._settings.grace_s
        while self.running and time.monotonic() < until and not self._hastened.is_set():
            time.sleep(0.05)
        with self._lock:
            left = list(self._works.values())
        for work in left:
            work.stop()
        while self.running:
            time.sleep(0.05)
        self._runner.close()
        self._keys.close()
        with contextlib.suppress(ZksealError):
            self._vault.database.run(
                lambda connection: connection.execute(delete(workers).where(workers.c.id == self.id))
            )

    def hasten(self) -> None:
        """Shortens a `stop` that waits: jobs go back into the queue at once. From any thread or signal handler."""
        self._hastened.set()

    def _run(self) -> None:
        pause = self._settings.poll_s
        while not self._stopping.is_set():
            try:
                claimed = self._claim()
                self._watch_over()
                pause = self._settings.poll_s
            except Exception as error:
                # The loop outlives every outage and every fault of ours. Jobs that run have threads of their own.
                self._troubled(error if isinstance(error, ZksealError) else _unexpected(error))
                claimed, pause = 0, min(2 * pause, _LONGEST_PAUSE_S)
            if not claimed:
                self._wake.wait(pause)
            self._wake.clear()

    def _claim(self) -> int:
        """Claims as many jobs as there are free workers, and begins them; how many."""
        with self._lock:
            known, free = self._known(), self._executor.workers - len(self._works)
        if free <= 0 or not self._vault.database.read(self._waiting):
            return 0
        lease_ms = self._settings.lease_ms
        claims = jobs.claim(self._vault.database, self.id, limit=free, lease_ms=lease_ms, known=known)
        for claim in claims:
            work = Work(self._vault, self._executor, self._runner, self._keys, claim, self._settings)
            with self._lock:
                self._works[claim.id, claim.attempt] = work
            threading.Thread(target=self._work, args=(work,), name=f"zkseal {claim.id}", daemon=True).start()
        return len(claims)

    def _known(self) -> list[str]:
        """Jobs that this worker is at; under the lock."""
        return [job for job, _ in self._works]

    def _waiting(self, connection: Connection) -> bool:
        """Whether a job waits, or is held for this worker without its knowledge; without a lock."""
        due = (jobs_table.c.state == State.QUEUED) & (jobs_table.c.not_before <= now_ms(connection))
        with self._lock:
            known = self._known()
        forgotten = (jobs_table.c.worker == self.id) & jobs_table.c.id.not_in(known)
        return connection.execute(select(jobs_table.c.id).where(due | forgotten).limit(1)).first() is not None

    def _work(self, work: Work) -> None:
        try:
            self._told(work.run())
            # Inputs go at once, not when the house is kept.
            self._vault.sweep_quietly()
        finally:
            with self._lock:
                del self._works[work.claim.id, work.claim.attempt]
            self._wake.set()

    def _watch_over(self) -> None:
        """Now and then: says that it is there, takes jobs from workers that are not, deletes what is to go."""
        now = time.monotonic()
        if now >= self._looked_at + self._settings.pulse_s:
            self._looked_at = now
            self._vault.database.run(self._say_hello)
            if jobs.expire(self._vault, retries=self._settings.retries):
                self._wake.set()
            self._keys.tidy()
        if now >= self._kept_house_at + _HOUSEKEEPING_S:
            self._kept_house_at = now
            keep_house(self._vault, self._retention)
        if now >= self._collected_at + _ORPHANS_S:
            self._collected_at = now
            self._vault.collect_orphans()

    def _say_hello(self, connection: Connection) -> None:
        now = now_ms(connection)
        seen = update(workers).where(workers.c.id == self.id).values(seen_at=now)
        if connection.execute(seen).rowcount == 0:
            values = {"id": self.id, "started_at": now, "seen_at": now, "capacity": self._executor.workers}
            connection.execute(insert(workers).values(**values))


def _unexpected(error: Exception) -> InternalError:
    kind = type(error).__name__
    return InternalError(f"The loop of a worker failed with {kind}. Please report this.", kind=kind)
