"""The ends of a job. Each is one transaction that compares the attempt: who holds no more the job ends nothing.

When the state says `succeeded`, the receipt was verified, is durable, and has its row; there is no other way to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, select, update

from zkseal.errors import ResultRejected, ZksealError
from zkseal.plain_errors import encode_error
from zkseal.receipts import cbor
from zkseal.service import events
from zkseal.service.artifacts.vault import Artifact, Vault
from zkseal.service.at_rest import Place
from zkseal.service.database import Connection
from zkseal.service.database.clock import now_ms
from zkseal.service.database.tables import jobs, receipts
from zkseal.service.jobs.job import State

__all__ = ["FAILURE", "Answer", "Held", "end_as_cancelled", "end_in", "fail", "fail_in", "held", "succeed"]

FAILURE = "failure"


@dataclass(frozen=True)
class Held:
    """A job in the hands of one worker: what `held` compares."""

    id: str
    attempt: int
    worker: str


@dataclass(frozen=True)
class Answer:
    """What a job has led to: a receipt that was verified, and artifacts that are written and have no rows yet.

    Attributes:
        receipt_digest: SHA-256 of the receipt's CBOR, hexadecimal.
        phase_ms: how long each phase took.
    """

    receipt_digest: str
    receipt: Artifact
    opening: Artifact
    outputs: Artifact
    phase_ms: Mapping[str, int]

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """All of them."""
        return self.receipt, self.opening, self.outputs


def held(mine: Held) -> ColumnElement[bool]:
    """The job, if its worker still holds it."""
    fence = (jobs.c.attempt == mine.attempt, jobs.c.worker == mine.worker)
    return and_(jobs.c.id == mine.id, jobs.c.state == State.RUNNING, *fence)


def succeed(vault: Vault, mine: Held, answer: Answer) -> bool:
    """Ends a job with its receipt, if this worker holds it and nobody cancelled it. Whether it did.

    Where it did not, the artifacts are deleted: the job is another's, has ended, or waits to be ended as cancelled.

    Raises:
        QuotaExceeded: the tenant has no room for the results; they are deleted.
        ResultRejected: another job has this receipt: each proof has randomness of its own; they are deleted.
        StorageUnavailable: it is not known whether the job has ended. Call again.
    """

    def end(connection: Connection) -> tuple[bool, bool]:
        done = {"receipt_digest": answer.receipt_digest, "opening_artifact": answer.opening.name}
        values = {"outputs_artifact": answer.outputs.name, "phase_ms": json.dumps(dict(answer.phase_ms))}
        holding = select(jobs.c.tenant_id, jobs.c.model_id).where(held(mine), jobs.c.cancel_requested == 0)
        row = connection.execute(holding.with_for_update()).one_or_none()
        if row is None:
            # A commit whose answer was lost had its effect: then this very opening is the job's.
            named = select(jobs.c.opening_artifact).where(jobs.c.id == mine.id)
            ended = connection.execute(named).scalar_one_or_none() == answer.opening.name
            return ended, ended
        mine_too = (receipts.c.tenant_id == row.tenant_id) & (receipts.c.digest == answer.receipt_digest)
        if connection.execute(select(receipts.c.job_id).where(mine_too)).first():
            text = "The executor returned the receipt of an earlier job. Find out which of its workers did so."
            raise ResultRejected(text, worker=mine.worker, reason="repeated")
        for artifact in answer.artifacts:
            vault.record(connection, artifact)
        kept = {"tenant_id": row.tenant_id, "model_id": row.model_id, "job_id": mine.id}
        named_by = {"digest": answer.receipt_digest, "artifact_id": answer.receipt.name}
        connection.execute(insert(receipts).values(created_at=now_ms(connection), **kept, **named_by))
        end_in(vault, connection, mine.id, State.SUCCEEDED, told={"receipt": answer.receipt_digest}, **done, **values)
        return True, True

    return vault.keeping(answer.artifacts, end)


def fail(vault: Vault, mine: Held, error: ZksealError) -> bool:
    """Ends a job with an error, if this worker holds it; as cancelled, if that was asked for. Whether it did."""

    def end(connection: Connection) -> bool:
        columns = (jobs.c.tenant_id, jobs.c.cancel_requested)
        row = connection.execute(select(*columns).where(held(mine)).with_for_update()).one_or_none()
        if row is None:
            return False
        if row.cancel_requested:
            end_in(vault, connection, mine.id, State.CANCELLED)
        else:
            fail_in(vault, connection, mine.id, row.tenant_id, error)
        return True

    return vault.database.run(end)


def end_as_cancelled(vault: Vault, mine: Held) -> bool:
    """Ends a job whose worker was told to cancel it. Whether it did."""

    def end(connection: Connection) -> bool:
        if connection.execute(select(jobs.c.id).where(held(mine)).with_for_update()).one_or_none() is None:
            return False
        end_in(vault, connection, mine.id, State.CANCELLED)
        return True

    return vault.database.run(end)


def fail_in(vault: Vault, connection: Connection, job: str, tenant: str, error: ZksealError) -> None:
    """Ends a job that the transaction holds. The error is sealed: `RangeExceeded` says a value of the input."""
    document = cbor.dumps(encode_error(error))
    sealed = vault.data_key_in(connection, tenant).seal(document, Place(tenant, FAILURE, job))
    end_in(
        vault,
        connection,
        job,
        State.FAILED,
        told={"code": error.code},
        failure_code=error.code,
        sealed_failure=sealed,
    )


def end_in(
    vault: Vault,
    connection: Connection,
    job: str,
    state: State,
    told: Mapping[str, Any] | None = None,
    **values: Any,
) -> None:
    """Ends a job that the transaction holds: nobody works on it any more, and its inputs are deleted."""
    inputs = connection.execute(select(jobs.c.input_artifact).where(jobs.c.id == job)).scalar_one()
    ended = {"state": state, "finished_at": now_ms(connection), "worker": None, "lease_until": None}
    connection.execute(update(jobs).where(jobs.c.id == job).values(**ended, input_artifact=None, **values))
    vault.doom(connection, [inputs])
    events.append(connection, job, str(state), **(told or {}))
