"""Stopping jobs, and deleting what is left of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, delete, select, update

from zkseal.errors import JobConflict, NotFound
from zkseal.service import events
from zkseal.service.artifacts.vault import Vault
from zkseal.service.database import Connection
from zkseal.service.database.tables import idempotency_keys, job_events, jobs, receipts
from zkseal.service.jobs.ending import end_in
from zkseal.service.jobs.job import ENDED, Job, State, job_of

__all__ = ["cancel", "cancel_all_of", "delete_in", "delete_job"]


def cancel(vault: Vault, tenant: str, job: str) -> Job:
    """Cancels a job: at once if it waits; else its worker ends it, kills the process that is at it, and deletes.

    A second time changes nothing.

    Raises:
        NotFound: the tenant has no such job.
        JobConflict: it has succeeded or failed.
    """

    def stop(connection: Connection) -> Job:
        row = connection.execute(_of(tenant, job).with_for_update()).one_or_none()
        if row is None:
            raise _missing(job)
        found = job_of(row)
        if found.state in (State.SUCCEEDED, State.FAILED):
            raise JobConflict(
                f"Job {job} has {found.state}, and cannot be cancelled. It can be deleted.",
                job=job,
                state=str(found.state),
                expected=[str(State.QUEUED), str(State.RUNNING)],
            )
        _cancel(vault, connection, found)
        return job_of(connection.execute(_of(tenant, job)).one())

    stopped = vault.database.run(stop)
    vault.sweep_quietly()
    return stopped


def cancel_all_of(vault: Vault, connection: Connection, tenant: str, model_id: str) -> None:
    """Cancels the jobs of a model that have not ended, in the transaction that deletes the model."""
    open_jobs = select(jobs).where(
        jobs.c.tenant_id == tenant, jobs.c.model_id == model_id, jobs.c.finished_at.is_(None)
    )
    for row in connection.execute(open_jobs.with_for_update()).all():
        _cancel(vault, connection, job_of(row))


def delete_job(vault: Vault, tenant: str, job: str) -> None:
    """Deletes an ended job with its receipt, opening, outputs and events.

    Raises:
        NotFound: the tenant has no such job.
        JobConflict: it has not ended. Cancel it first.
        StorageUnavailable, FileUnavailable: it is deleted; some of its blobs will be by a later sweep.
    """

    def forget(connection: Connection) -> None:
        row = connection.execute(_of(tenant, job).with_for_update()).one_or_none()
        if row is None:
            raise _missing(job)
        if not job_of(row).ended:
            raise JobConflict(
                f"Job {job} is {row.state}. Cancel it before you delete it.",
                job=job,
                state=row.state,
                expected=[str(state) for state in ENDED],
            )
        delete_in(vault, connection, [job])

    vault.database.run(forget)
    vault.sweep()


def delete_in(vault: Vault, connection: Connection, names: list[str]) -> None:
    """Deletes ended jobs and all that belongs to them, in the caller's transaction."""
    held = select(jobs.c.opening_artifact, jobs.c.outputs_artifact).where(jobs.c.id.in_(names))
    artifacts = [name for row in connection.execute(held) for name in row]
    artifacts += connection.execute(select(receipts.c.artifact_id).where(receipts.c.job_id.in_(names))).scalars()
    vault.doom(connection, artifacts)
    connection.execute(delete(receipts).where(receipts.c.job_id.in_(names)))
    connection.execute(delete(job_events).where(job_events.c.job_id.in_(names)))
    connection.execute(delete(idempotency_keys).where(idempotency_keys.c.job_id.in_(names)))
    connection.execute(delete(jobs).where(jobs.c.id.in_(names)))


def _cancel(vault: Vault, connection: Connection, found: Job) -> None:
    if found.state is State.QUEUED:
        end_in(vault, connection, found.id, State.CANCELLED, cancel_requested=1)
    elif found.state is State.RUNNING and not found.cancel_requested:
        connection.execute(update(jobs).where(jobs.c.id == found.id).values(cancel_requested=1))
        events.append(connection, found.id, "cancelling")


def _of(tenant: str, job: str) -> Select[Any]:
    return select(jobs).where(jobs.c.tenant_id == tenant, jobs.c.id == job)


def _missing(job: str) -> NotFound:
    return NotFound(f"There is no job '{job[:64]}'.", kind="job", name=job[:64])
