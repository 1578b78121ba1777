"""What is deleted when: openings, outputs and receipts some time after their job, then the job itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, select, update

from zkseal.service.artifacts import Vault
from zkseal.service.database import Connection
from zkseal.service.database.clock import now_ms
from zkseal.service.database.tables import jobs, workers
from zkseal.service.idempotency import forget_expired
from zkseal.service.jobs.cancelling import delete_in

__all__ = ["Deleted", "Retention", "keep_house"]

_DAY_S = 24 * 3600
_AT_ONCE = 200
_WORKER_SEEN_S = 3600


@dataclass(frozen=True)
class Retention:
    """How long things are kept after their job has ended, in seconds. Inputs go at the end of the job.

    Attributes:
        openings_s: without its opening nobody can show what a receipt's commitments hold.
        outputs_s: outputs as the owner reads them.
        jobs_s: the job, its events and its receipt.
    """

    openings_s: int = 7 * _DAY_S
    outputs_s: int = 7 * _DAY_S
    jobs_s: int = 90 * _DAY_S


@dataclass(frozen=True)
class Deleted:
    """What one round has deleted."""

    openings: int
    outputs: int
    jobs: int
    blobs: int


def keep_house(vault: Vault, retention: Retention) -> Deleted:
    """Deletes what is over its time, and its blobs.

    Raises:
        StorageUnavailable, FileUnavailable, OutOfDisk: something did not answer; the next round goes on.
    """
    openings = _artifacts(vault, "opening_artifact", retention.openings_s)
    outputs = _artifacts(vault, "outputs_artifact", retention.outputs_s)
    ended = _jobs(vault, retention.jobs_s)
    vault.database.run(_forget)
    return Deleted(openings, outputs, ended, vault.sweep())


def _artifacts(vault: Vault, name: str, after_s: int) -> int:
    """Deletes one kind of artifact of jobs that ended so long ago; how many."""
    column = jobs.c[name]

    def some(connection: Connection) -> int:
        old = jobs.c.finished_at <= now_ms(connection) - 1000 * after_s
        wanted = select(jobs.c.id, column).where(old, column.is_not(None)).limit(_AT_ONCE)
        rows = connection.execute(wanted.with_for_update(skip_locked=True)).all()
        connection.execute(update(jobs).where(jobs.c.id.in_([row[0] for row in rows])).values({name: None}))
        vault.doom(connection, [row[1] for row in rows])
        return len(rows)

    return _until_none(vault, some)


def _jobs(vault: Vault, after_s: int) -> int:
    def some(connection: Connection) -> int:
        old = jobs.c.finished_at <= now_ms(connection) - 1000 * after_s
        wanted = select(jobs.c.id).where(old).limit(_AT_ONCE).with_for_update(skip_locked=True)
        names = list(connection.execute(wanted).scalars())
        if names:
            delete_in(vault, connection, names)
        return len(names)

    return _until_none(vault, some)


def _until_none(vault: Vault, some: Callable[[Connection], int]) -> int:
    """Works in pieces, so that nobody else waits for long."""
    total = 0
    while done := vault.database.run(some):
        total += done
    return total


def _forget(connection: Connection) -> None:
    forget_expired(connection)
    connection.execute(delete(workers).where(workers.c.seen_at < now_ms(connection) - 1000 * _WORKER_SEEN_S))
