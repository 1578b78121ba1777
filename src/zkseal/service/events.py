"""Events of jobs: what happened, in order, kept so that a stream can be resumed after the last event that arrived.

A change of state and its event are one transaction. Events hold states, phases, shares and error codes, and nothing
private.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from zkseal.json_text import parse_json
from zkseal.service.database import Connection, Database
from zkseal.service.database.clock import now_ms
from zkseal.service.database.tables import job_events, jobs

__all__ = ["Event", "after", "append"]


@dataclass(frozen=True)
class Event:
    """Something that happened to a job.

    Attributes:
        sequence: 1 for the first event of the job, then one more for each.
        at: milliseconds since 1970.
        kind: `queued`, `running`, `progress`, `retrying`, `cancelling`, `succeeded`, `failed`, `cancelled`. After
            one of the last three there is none.
        data: JSON values: `phase`, `progress` (0 to 1), `attempt`, `code`, `receipt`.
    """

    sequence: int
    at: int
    kind: str
    data: Mapping[str, Any]


def append(connection: Connection, job: str, kind: str, **data: Any) -> None:
    """Adds an event, in the transaction that makes what it tells of. The job's row is locked by then."""
    counted = update(jobs).where(jobs.c.id == job).values(last_event=jobs.c.last_event + 1).returning(jobs.c.last_event)
    sequence = connection.execute(counted).scalar_one()
    text = json.dumps(data, separators=(",", ":"), sort_keys=True)
    values = {"job_id": job, "sequence": sequence, "at": now_ms(connection), "kind": kind, "data": text}
    connection.execute(insert(job_events).values(**values))


def after(database: Database, tenant: str, job: str, sequence: int = 0, *, limit: int = 256) -> list[Event]:
    """Events of a tenant's job beyond `sequence`, oldest first; none for a job that is not there.

    Ask again for more: an event that is told later has a higher number than all that were told before.
    """
    query = (
        select(job_events)
        .join(jobs, jobs.c.id == job_events.c.job_id)
        .where(jobs.c.tenant_id == tenant, job_events.c.job_id == job, job_events.c.sequence > sequence)
        .order_by(job_events.c.sequence)
        .limit(limit)
    )
    return database.read(
        lambda connection: [
            Event(row.sequence, row.at, row.kind, parse_json(row.data)) for row in connection.execute(query)
        ]
    )
