"""Jobs as their owners read them, and counts for operators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt
from sqlalchemy import and_, func, or_, select

from zkseal.errors import JobCancelled, JobConflict, NotFound, ZksealError
from zkseal.plain_errors import decode_error
from zkseal.proving import Opening
from zkseal.proving.plain_arrays import arrays_from_plain, opening_from_plain
from zkseal.receipts import cbor
from zkseal.service.artifacts.vault import Vault
from zkseal.service.at_rest import Place
from zkseal.service.database import Connection, Database
from zkseal.service.database.tables import jobs, receipts
from zkseal.service.jobs.claims import Claim
from zkseal.service.jobs.ending import FAILURE
from zkseal.service.jobs.job import MAX_REQUEST_BYTES, Job, Request, State, job_of

__all__ = ["counts", "failure", "find", "list_of", "opening", "outputs", "receipt", "request_of"]


def find(database: Database, tenant: str, job: str) -> Job:
    """A job of a tenant. Raises `NotFound`."""
    query = select(jobs).where(jobs.c.tenant_id == tenant, jobs.c.id == job)
    row = database.read(lambda connection: connection.execute(query).one_or_none())
    if row is None:
        raise NotFound(f"There is no job '{job[:64]}'.", kind="job", name=job[:64])
    return job_of(row)


def list_of(
    database: Database,
    tenant: str,
    *,
    model_id: str | None = None,
    state: State | None = None,
    limit: int = 50,
    before: str | None = None,
) -> list[Job]:
    """Jobs of a tenant, newest first.

    Args:
        before: the last job of the page before this one. Raises `NotFound` if there is none.
    """
    wanted = [jobs.c.tenant_id == tenant]
    wanted += [] if model_id is None else [jobs.c.model_id == model_id]
    wanted += [] if state is None else [jobs.c.state == state]
    if before is not None:
        last = find(database, tenant, before)
        same_moment = and_(jobs.c.created_at == last.created_at, jobs.c.id < last.id)
        wanted.append(or_(jobs.c.created_at < last.created_at, same_moment))
    query = select(jobs).where(*wanted).order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit)
    return database.read(lambda connection: [job_of(row) for row in connection.execute(query)])


def receipt(vault: Vault, tenant: str, digest: str) -> bytes:
    """The CBOR of a receipt of a tenant, by its SHA-256 in hexadecimal. Raises `NotFound`."""
    query = select(receipts.c.artifact_id).where(receipts.c.tenant_id == tenant, receipts.c.digest == digest)
    artifact = vault.database.read(lambda connection: connection.execute(query).scalar_one_or_none())
    if artifact is None:
        raise NotFound(f"There is no receipt '{digest[:64]}'.", kind="receipt", name=digest[:64])
    return vault.read_whole(tenant, artifact)


def opening(vault: Vault, tenant: str, job: str) -> Opening:
    """The opening of a job's receipt: a secret of its owner. Raises as `outputs`."""
    return opening_from_plain(_result(vault, tenant, job, "opening_artifact"))


def outputs(vault: Vault, tenant: str, job: str) -> tuple[Mapping[str, npt.NDArray[Any]], ...]:
    """The outputs of a job by name: one map of an inference, one for each input of a batch.

    Raises:
        NotFound: the tenant has no such job, or it was deleted.
        JobConflict: it has not ended.
        JobCancelled: it was cancelled.
        ZksealError: it failed; with the error that it failed with.
    """
    return tuple(arrays_from_plain(entry) for entry in _result(vault, tenant, job, "outputs_artifact"))


def failure(vault: Vault, tenant: str, job: str) -> ZksealError:
    """The error that a failed job ended with. Raises `NotFound`; `JobConflict` for a job that has not failed."""
    query = select(jobs.c.state, jobs.c.sealed_failure).where(jobs.c.tenant_id == tenant, jobs.c.id == job)
    row = vault.database.read(lambda connection: connection.execute(query).one_or_none())
    if row is None:
        raise NotFound(f"There is no job '{job[:64]}'.", kind="job", name=job[:64])
    if row.sealed_failure is None:
        raise JobConflict(
            f"Job {job} is {row.state}, and has not failed.", job=job, state=row.state, expected=["failed"]
        )
    document = vault.data_key(tenant).open(row.sealed_failure, Place(tenant, FAILURE, job))
    return decode_error(cbor.loads(document, max_bytes=MAX_REQUEST_BYTES))


def request_of(vault: Vault, claim: Claim) -> Request:
    """What a claimed job was asked for. Raises `NotFound` if its tenant was deleted."""
    return Request.decode(vault.read_whole(claim.tenant, claim.input_artifact))


def counts(database: Database) -> dict[State, int]:
    """How many jobs are in each state, of all tenants."""
    query = select(jobs.c.state, func.count()).group_by(jobs.c.state)
    found = database.read(lambda connection: {State(state): int(n) for state, n in connection.execute(query)})
    return {state: found.get(state, 0) for state in State}


def _result(vault: Vault, tenant: str, job: str, column: str) -> Any:
    def look_up(connection: Connection) -> tuple[Job, str | None] | None:
        query = select(jobs).where(jobs.c.tenant_id == tenant, jobs.c.id == job)
        row = connection.execute(query).one_or_none()
        return None if row is None else (job_of(row), row._mapping[column])

    found = vault.database.read(look_up)
    if found is None:
        raise NotFound(f"There is no job '{job[:64]}'.", kind="job", name=job[:64])
    state, artifact = found[0].state, found[1]
    if state is State.CANCELLED:
        raise JobCancelled(f"Job {job} was cancelled, and has no result.", job=job)
    if state is State.FAILED:
        raise failure(vault, tenant, job)
    if state is not State.SUCCEEDED:
        raise JobConflict(
            f"Job {job} is {state}. Ask again when it has ended.", job=job, state=str(state), expected=["succeeded"]
        )
    if artifact is None:
        raise NotFound(f"The result of job {job} was deleted.", kind=column.removesuffix("_artifact"), name=job)
    return cbor.loads(vault.read_whole(tenant, artifact), max_bytes=MAX_REQUEST_BYTES)
