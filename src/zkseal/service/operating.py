"""What operators see of all tenants: counts, times, codes, ids. One picture of a moment, for the dashboard.

Everything is read from the database, so that every process shows the same; only verifications are those of one process.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from zkseal._version import __version__
from zkseal.json_text import parse_json
from zkseal.service.database import Connection, Database
from zkseal.service.database.clock import now_ms
from zkseal.service.database.tables import artifacts, jobs, models, receipts, tenants, workers
from zkseal.service.jobs import State

__all__ = ["summary"]

MINUTE_MS = 60_000
MINUTES = 60
"""How far back throughput, phases and failures go."""
MOST_JOBS = 2000
"""Ended jobs that are looked at, the newest first."""
MOST_LISTED = 20


def summary(database: Database) -> dict[str, Any]:
    """The picture, JSON-ready. `operating_schemas` describes it."""
    return database.read(_summary)


def _summary(connection: Connection) -> dict[str, Any]:
    now = now_ms(connection)
    since = now - MINUTES * MINUTE_MS
    times = (jobs.c.finished_at, jobs.c.started_at, jobs.c.phase_ms)
    ended = connection.execute(
        select(jobs.c.tenant_id, jobs.c.model_id, jobs.c.state, jobs.c.failure_code, *times)
        .where(jobs.c.finished_at >= since)
        .order_by(jobs.c.finished_at.desc())
        .limit(MOST_JOBS)
    ).all()
    return {
        "at": now,
        "version": __version__,
        "minutes": MINUTES,
        "queue": _queue(connection, now),
        "workers": _workers(connection, now),
        "throughput": _throughput(ended, now),
        "phases": _phases(ended),
        "failures": _failures(ended),
        "models": _models(connection, ended),
        "receipts": _receipts(connection),
        "running": _running(connection, now),
        "storage": _storage(connection),
    }


def _queue(connection: Connection, now: int) -> dict[str, Any]:
    counted = connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)).all()
    found = {state: int(number) for state, number in counted}
    oldest = connection.execute(select(func.min(jobs.c.created_at)).where(jobs.c.state == State.QUEUED)).scalar_one()
    return {
        **{str(state): found.get(str(state), 0) for state in State},
        "oldest_queued_ms": None if oldest is None else max(0, now - oldest),
    }


def _workers(connection: Connection, now: int) -> list[dict[str, Any]]:
    rows = connection.execute(select(workers).order_by(workers.c.started_at)).all()
    return [
        {"id": row.id, "capacity": row.capacity, "started_at": row.started_at, "seen_ms_ago": max(0, now - row.seen_at)}
        for row in rows
    ]


def _throughput(ended: Sequence[Any], now: int) -> list[dict[str, int]]:
    """Ended jobs by minute, the oldest first; the last one is the minute that runs."""
    last = now // MINUTE_MS
    minutes = {
        minute: {"minute": minute * MINUTE_MS, "succeeded": 0, "failed": 0, "cancelled": 0}
        for minute in range(last - MINUTES + 1, last + 1)
    }
    for row in ended:
        if (counted := minutes.get(row.finished_at // MINUTE_MS)) is not None:
            counted[row.state] += 1
    return list(minutes.values())


def _phases(ended: Sequence[Any]) -> list[dict[str, Any]]:
    """Time of succeeded jobs by phase, in the order in which they happen."""
    times: dict[str, list[int]] = defaultdict(list)
    for row in ended:
        for phase, spent_ms in parse_json(row.phase_ms).items():
            times[phase].append(int(spent_ms))
    return [
        {
            "phase": phase,
            "jobs": len(spent),
            "mean_ms": round(sum(spent) / len(spent), 1),
            "p95_ms": sorted(spent)[min(len(spent) - 1, round(0.95 * len(spent)))],
            "total_ms": sum(spent),
        }
        for phase, spent in times.items()
    ]


def _failures(ended: Sequence[Any]) -> list[dict[str, Any]]:
    """Codes of failed jobs, the most frequent first."""
    found: dict[str, dict[str, Any]] = {}
    for row in ended:
        if row.failure_code is not None:
            entry = found.setdefault(row.failure_code, {"code": row.failure_code, "count": 0, "last_at": 0})
            entry["count"] += 1
            entry["last_at"] = max(entry["last_at"], row.finished_at)
    return sorted(found.values(), key=lambda entry: (-entry["count"], entry["code"]))


def _models(connection: Connection, ended: Sequence[Any]) -> list[dict[str, Any]]:
    """What each model has cost: time of workers for its jobs, the most costly first."""
    names: Mapping[tuple[str, str], str] = {
        (row.tenant_id, row.model_id): row.name
        for row in connection.execute(select(models.c.tenant_id, models.c.model_id, models.c.name))
    }
    tenant_names = {row.id: row.name for row in connection.execute(select(tenants.c.id, tenants.c.name))}
    found: dict[tuple[str, str], dict[str, Any]] = {
        key: _model(key[1], name, tenant_names.get(key[0])) for key, name in names.items()
    }
    for row in ended:
        key = (row.tenant_id, row.model_id)
        entry = found.setdefault(key, _model(row.model_id, None, tenant_names.get(row.tenant_id)))
        entry[row.state] += 1
        if row.started_at is not None:
            entry["busy_ms"] += max(0, row.finished_at - row.started_at)
    for entry in found.values():
        done = entry["succeeded"]
        entry["mean_ms"] = round(entry["busy_ms"] / done, 1) if done else None
    return sorted(found.values(), key=lambda entry: -entry["busy_ms"])


def _model(model_id: str, name: str | None, tenant: str | None) -> dict[str, Any]:
    counts = {"succeeded": 0, "failed": 0, "cancelled": 0, "busy_ms": 0}
    return {"model_id": model_id, "name": name, "tenant": tenant, **counts}


def _receipts(connection: Connection) -> dict[str, Any]:
    columns = (receipts.c.digest, receipts.c.model_id, receipts.c.job_id, receipts.c.created_at)
    newest = connection.execute(select(*columns).order_by(receipts.c.created_at.desc()).limit(MOST_LISTED)).all()
    count = connection.execute(select(func.count()).select_from(receipts)).scalar_one()
    return {"count": int(count), "newest": [dict(row._mapping) for row in newest]}


def _running(connection: Connection, now: int) -> list[dict[str, Any]]:
    """Jobs that workers are at, with how far they are."""
    columns = (jobs.c.id, jobs.c.model_id, jobs.c.kind, jobs.c.phase, jobs.c.progress_permille, jobs.c.started_at)
    query = select(*columns, jobs.c.worker, jobs.c.attempt).where(jobs.c.state == State.RUNNING)
    rows = connection.execute(query.order_by(jobs.c.started_at).limit(MOST_LISTED)).all()
    return [
        {
            "id": row.id,
            "model_id": row.model_id,
            "kind": row.kind,
            "phase": row.phase,
            "progress": row.progress_permille / 1000,
            "running_ms": max(0, now - row.started_at) if row.started_at is not None else 0,
            "worker": row.worker,
            "attempt": row.attempt,
        }
        for row in rows
    ]


def _storage(connection: Connection) -> dict[str, int]:
    number, total = connection.execute(select(func.count(), func.coalesce(func.sum(artifacts.c.bytes), 0))).one()
    there = connection.execute(select(func.count()).select_from(tenants).where(tenants.c.deleted_at.is_(None)))
    return {"artifacts": int(number), "artifact_bytes": int(total), "tenants": int(there.scalar_one())}
