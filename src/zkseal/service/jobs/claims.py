"""Leases: which worker is at which job, and what happens when it stops telling.

A claim raises the job's attempt number and gives a lease that ends unless the worker beats. Whose lease has ended may
be replaced: the next claim has a higher attempt, and from then on nothing that the earlier worker sends has an effect.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Row, func, select, update

from zkseal.errors import JobAbandoned
from zkseal.service import events
from zkseal.service.artifacts.vault import Vault
from zkseal.service.database import Connection, Database
from zkseal.service.database.clock import now_ms
from zkseal.service.database.tables import jobs, model_segments, models, tenants
from zkseal.service.jobs.ending import Held, end_in, fail_in, held
from zkseal.service.jobs.job import Kind, State

__all__ = ["Beat", "Claim", "Retries", "SegmentKey", "beat", "claim", "expire", "give_back"]

PASSING = frozenset({"OutOfDisk", "StorageUnavailable", "FileUnavailable", "ExecutorClosed", "ClusterUnreachable"})
"""Troubles of a machine that no job is at fault for: jobs wait until they have passed."""
_CLAIMING = 0x7A6B636C
"""PostgreSQL's advisory lock that the one claiming worker holds: quotas are counted by one at a time."""


@dataclass(frozen=True)
class SegmentKey:
    """Where the key of a segment is stored, and the SHA-256 of its file, hexadecimal."""

    artifact: str | None
    digest: str


@dataclass(frozen=True)
class Claim(Held):
    """A job that a worker is at, with what it needs to work. `id`, `attempt` and `worker` are its fence.

    Attributes:
        proving_key_artifact: None if the model is gone, or has its verifying key only.
        segments: of a model in segments, in order.
        losses: attempts that ended without an answer before this one.
    """

    tenant: str
    model_id: str
    kind: Kind
    losses: int
    input_artifact: str
    proving_key_artifact: str | None
    proving_key_digest: str | None
    segments: tuple[SegmentKey, ...] = ()


class Beat(StrEnum):
    """What a worker hears when it beats."""

    HELD = "held"
    """Go on."""
    CANCEL = "cancel"
    """Stop, and end the job as cancelled."""
    LOST = "lost"
    """Stop: the job is another's, or has ended."""


@dataclass(frozen=True)
class Retries:
    """How often a job is begun anew whose worker was lost.

    Attributes:
        max_losses: with so many, it fails as `JobAbandoned`: it may be the job that ends its workers.
        max_attempts: with so many, it fails even if no attempt was its own fault: the trouble does not pass.
        first_pause_ms: before it is begun again; doubled each time, up to 32 times as long.
    """

    max_losses: int = 3
    max_attempts: int = 30
    first_pause_ms: int = 1000

    def pause_ms(self, times: int) -> int:
        """How long a job waits that was begun so many times."""
        return self.first_pause_ms << min(times - 1, 5)


def claim(database: Database, worker: str, *, limit: int, lease_ms: int, known: Collection[str] = ()) -> list[Claim]:
    """Takes up to `limit` jobs: of tenants that have the fewest running ones first, and oldest first.

    Args:
        worker: identifier of this worker process, used by nobody else ever.
        known: jobs that the worker is at. Others that the database holds for it were claimed by an earlier call whose
            answer was lost, and are given out again.
    """

    def take(connection: Connection) -> list[Claim]:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_CLAIMING)))
        now = now_ms(connection)
        mine = select(jobs.c.id).where(jobs.c.worker == worker, jobs.c.id.not_in(list(known)))
        taken = list(connection.execute(mine.limit(limit)).scalars())
        connection.execute(update(jobs).where(jobs.c.id.in_(taken)).values(lease_until=now + lease_ms))
        while len(taken) < limit and (job := _next(connection, now)) is not None:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job)
                .values(
                    state=State.RUNNING,
                    worker=worker,
                    attempt=jobs.c.attempt + 1,
                    started_at=func.coalesce(jobs.c.started_at, now),
                    lease_until=now + lease_ms,
                    phase=None,
                    progress_permille=0,
                )
            )
            attempt = connection.execute(select(jobs.c.attempt).where(jobs.c.id == job)).scalar_one()
            events.append(connection, job, "running", attempt=attempt)
            taken.append(job)
        return _claims(connection, taken)

    return database.run(take) if limit > 0 else []


def _next(connection: Connection, now: int) -> str | None:
    """The job that is to be begun next, if there is one, locked."""
    running = (
        select(jobs.c.tenant_id, func.count().label("number"))
        .where(jobs.c.state == State.RUNNING)
        .group_by(jobs.c.tenant_id)
        .subquery()
    )
    number = func.coalesce(running.c.number, 0)
    query = (
        select(jobs.c.id)
        .join(tenants, tenants.c.id == jobs.c.tenant_id)
        .join(running, running.c.tenant_id == jobs.c.tenant_id, isouter=True)
        .where(jobs.c.state == State.QUEUED, jobs.c.not_before <= now, number < tenants.c.max_running_jobs)
        .order_by(number, jobs.c.created_at, jobs.c.id)
        .limit(1)
        .with_for_update(of=jobs, skip_locked=True)
    )
    return connection.execute(query).scalar_one_or_none()


def _claims(connection: Connection, taken: list[str]) -> list[Claim]:
    same_model = (models.c.tenant_id == jobs.c.tenant_id) & (models.c.model_id == jobs.c.model_id)
    query = (
        select(jobs, models.c.proving_key_artifact, models.c.proving_key_digest)
        .join(models, same_model, isouter=True)
        .where(jobs.c.id.in_(taken))
    )
    return [
        Claim(
            id=row.id,
            attempt=row.attempt,
            worker=row.worker,
            tenant=row.tenant_id,
            model_id=row.model_id,
            kind=Kind(row.kind),
            losses=row.losses,
            input_artifact=row.input_artifact,
            proving_key_artifact=row.proving_key_artifact,
            proving_key_digest=row.proving_key_digest,
            segments=_segments(connection, row.tenant_id, row.model_id),
        )
        for row in connection.execute(query)
    ]


def _segments(connection: Connection, tenant: str, model_id: str) -> tuple[SegmentKey, ...]:
    mine = (model_segments.c.tenant_id == tenant) & (model_segments.c.model_id == model_id)
    query = select(model_segments.c.artifact, model_segments.c.digest).where(mine).order_by(model_segments.c.position)
    return tuple(SegmentKey(row.artifact, row.digest) for row in connection.execute(query))


def beat(
    database: Database, mine: Held, *, lease_ms: int, phase: str | None = None, progress: float | None = None
) -> Beat:
    """Keeps the lease, and tells how far the job is; also after it has ended, as long as nobody took the job."""

    def keep(connection: Connection) -> Beat:
        values = {"lease_until": now_ms(connection) + lease_ms}
        told = {} if phase is None else {"phase": phase, "progress_permille": round(1000 * (progress or 0.0))}
        kept = update(jobs).where(held(mine)).values(**values, **told).returning(jobs.c.cancel_requested)
        cancel = connection.execute(kept).scalar_one_or_none()
        if cancel is None:
            return Beat.LOST
        if phase is not None and not cancel:
            events.append(connection, mine.id, "progress", phase=phase, progress=round(progress or 0.0, 3))
        return Beat.CANCEL if cancel else Beat.HELD

    return database.run(keep)


def give_back(vault: Vault, mine: Claim, *, lost: str | None, retries: Retries) -> State | None:
    """Puts a job back into the queue that this worker cannot end. The state that it is in then; None: it is another's.

    Args:
        lost: the code of what went wrong, which counts against the job unless it is one of `PASSING`; None for a worker
            that is told to stop.
    """

    def put_back(connection: Connection) -> State | None:
        row = connection.execute(select(jobs).where(held(mine)).with_for_update()).one_or_none()
        return None if row is None else _requeue(vault, connection, row, lost, retries)

    return vault.database.run(put_back)


def expire(vault: Vault, *, retries: Retries) -> int:
    """Takes the jobs from workers whose leases have ended; how many. Any worker may call it, at any time."""

    def take_away(connection: Connection) -> int:
        dead = select(jobs).where(jobs.c.state == State.RUNNING, jobs.c.lease_until < now_ms(connection))
        rows = connection.execute(dead.with_for_update(skip_locked=True)).all()
        for row in rows:
            _requeue(vault, connection, row, "WorkerLost", retries)
        return len(rows)

    return vault.database.run(take_away)


def _requeue(
    vault: Vault, connection: Connection, row: Row[tuple[object, ...]], lost: str | None, retries: Retries
) -> State:
    """Back to the queue, or to the end: of a job that was cancelled meanwhile, or was lost too often."""
    job = row._mapping
    losses = job["losses"] + (lost is not None and lost not in PASSING)
    if job["cancel_requested"]:
        end_in(vault, connection, job["id"], State.CANCELLED)
        return State.CANCELLED
    if losses >= retries.max_losses or (lost is not None and job["attempt"] >= retries.max_attempts):
        error = JobAbandoned(
            f"The job was begun {job['attempt']} times, and its workers ended without an answer (at last: {lost}). "
            "Look at the log of the workers; the job may need more memory than they have.",
            attempts=job["attempt"],
            reason=lost,
        )
        connection.execute(update(jobs).where(jobs.c.id == job["id"]).values(losses=losses))
        fail_in(vault, connection, job["id"], job["tenant_id"], error)
        return State.FAILED
    pause = 0 if lost is None else retries.pause_ms(job["attempt"])
    waiting = {"state": State.QUEUED, "worker": None, "lease_until": None, "losses": losses, "phase": None}
    later = {"not_before": now_ms(connection) + pause, "progress_permille": 0}
    connection.execute(update(jobs).where(jobs.c.id == job["id"]).values(**waiting, **later))
    events.append(connection, job["id"], "retrying", attempt=job["attempt"], code=lost)
    return State.QUEUED
