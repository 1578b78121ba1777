"""Taking a job: when `submit` returns, it is durable; when it raises, there is none (where it says so, at most one)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, insert, select

from zkseal.errors import NotFound, QuotaExceeded
from zkseal.service import events
from zkseal.service.artifacts.vault import INPUTS, Artifact, Vault
from zkseal.service.database import Connection
from zkseal.service.database.clock import now_ms
from zkseal.service.database.tables import jobs, model_segments, models, tenants
from zkseal.service.idempotency import LIFETIME_S, Idempotency, known_job, remember
from zkseal.service.jobs.job import Job, Request, State, job_of
from zkseal.service.names import new_name

__all__ = ["Submitted", "submit"]


@dataclass(frozen=True)
class Submitted:
    """A job that was accepted. `replayed`: by an earlier request with the same idempotency key."""

    job: Job
    replayed: bool


def submit(
    vault: Vault,
    tenant: str,
    model_id: str,
    request: Request,
    *,
    idempotency_key: str | None = None,
    remembered_s: int = LIFETIME_S,
) -> Submitted:
    """Accepts a job.

    Args:
        idempotency_key: makes this safe to call again: the same request makes no second job.
        remembered_s: for how long the key is remembered, in seconds.

    Raises:
        NotFound: the tenant has no such model, only its verifying key, or not all of its segments.
        QuotaExceeded: too many jobs wait, or too many bytes are stored.
        IdempotencyConflict: the key was used for another request.
        InvalidParameters: the idempotency key is none.
        OutOfDisk, FileUnavailable: it could not be kept, and there is no job.
        StorageUnavailable: as well, but if the database went away at the last moment, there may be a job: ask again
            with the same idempotency key.
    """
    data, data_key = request.encode(), vault.data_key(tenant)
    key = None
    if idempotency_key is not None:
        whole = f"{model_id}\n".encode() + data
        key = Idempotency.of(data_key, idempotency_key, whole, lifetime_s=remembered_s)
        # Looked up before anything is stored; looked up again in the transaction that decides.
        if (known := vault.database.read(lambda connection: _known(connection, tenant, key))) is not None:
            return Submitted(known, True)
    job_id = new_name("job")
    inputs = vault.write(tenant, INPUTS, [data])

    def accept(connection: Connection) -> tuple[Submitted, bool]:
        limit = _locked_limit(connection, tenant)
        if (mine := _job(connection, job_id)) is not None:
            return Submitted(mine, False), True
        if key is not None and (known := _known(connection, tenant, key)) is not None:
            return Submitted(known, True), False
        _require_provable(connection, tenant, model_id)
        _require_room(connection, tenant, limit)
        vault.record(connection, inputs)
        _insert(connection, job_id, tenant, model_id, request, inputs)
        if key is not None:
            remember(connection, tenant, key, job_id)
        return Submitted(_present(connection, job_id), False), True

    return vault.keeping([inputs], accept)


def _locked_limit(connection: Connection, tenant: str) -> int:
    """How many jobs of a tenant may wait. The lock makes its requests take turns."""
    mine = select(tenants.c.max_queued_jobs).where(tenants.c.id == tenant, tenants.c.deleted_at.is_(None))
    limit = connection.execute(mine.with_for_update()).scalar_one_or_none()
    if limit is None:
        raise NotFound(f"There is no tenant '{tenant}'.", kind="tenant", name=tenant)
    return int(limit)


def _known(connection: Connection, tenant: str, key: Idempotency) -> Job | None:
    job_id = known_job(connection, tenant, key)
    return None if job_id is None else _job(connection, job_id)


def _require_provable(connection: Connection, tenant: str, model_id: str) -> None:
    mine = select(models.c.proving_key_artifact).where(models.c.tenant_id == tenant, models.c.model_id == model_id)
    row = connection.execute(mine).one_or_none()
    if row is None:
        raise NotFound(f"There is no model '{model_id[:64]}'.", kind="model", name=model_id[:64])
    if row.proving_key_artifact is None:
        raise NotFound(
            f"Model {model_id} was registered with its verifying key alone, and cannot prove here. Upload its proving "
            "key.",
            kind="proving key",
            name=model_id,
        )
    of_model = (model_segments.c.tenant_id == tenant) & (model_segments.c.model_id == model_id)
    lacking = select(func.count()).where(of_model, model_segments.c.artifact.is_(None))
    if count := connection.execute(lacking).scalar_one():
        raise NotFound(
            f"Model {model_id} lacks {count} of its segments, and cannot prove yet. Upload them.",
            kind="segment",
            name=model_id,
        )


def _require_room(connection: Connection, tenant: str, limit: int) -> None:
    waiting = select(func.count()).where(jobs.c.tenant_id == tenant, jobs.c.state == State.QUEUED)
    queued = connection.execute(waiting).scalar_one()
    if queued >= limit:
        raise QuotaExceeded(
            f"{queued} jobs of the tenant wait, and {limit} may. Wait for some of them, or ask the operator for more.",
            quota="queued_jobs",
            limit=limit,
            got=queued + 1,
        )


def _insert(
    connection: Connection, job_id: str, tenant: str, model_id: str, request: Request, inputs: Artifact
) -> None:
    now = now_ms(connection)
    connection.execute(
        insert(jobs).values(
            id=job_id,
            tenant_id=tenant,
            model_id=model_id,
            kind=request.kind,
            state=State.QUEUED,
            created_at=now,
            attempt=0,
            losses=0,
            not_before=now,
            cancel_requested=0,
            progress_permille=0,
            phase_ms="{}",
            last_event=0,
            input_artifact=inputs.name,
        )
    )
    events.append(connection, job_id, "queued")


def _job(connection: Connection, job_id: str) -> Job | None:
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
    return None if row is None else job_of(row)


def _present(connection: Connection, job_id: str) -> Job:
    return job_of(connection.execute(select(jobs).where(jobs.c.id == job_id)).one())
