"""Faults at random moments under load, and what has to hold afterwards."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from tests.service.faults.load import Load, Sent
from tests.service.faults.site import Site
from tests.service.faults.strikes import Strike

from zkseal.client import Client
from zkseal.service import events, jobs
from zkseal.service.database.tables import artifacts, job_events, receipts
from zkseal.service.database.tables import jobs as table
from zkseal.service.jobs import State

__all__ = ["Report", "run"]

DRAIN_S = 240.0
AT_ONCE = 0.2
CLEAR = {"JobAbandoned", "OutOfDisk", "StorageUnavailable"}
"""Codes that a job may fail with because of faults. Anything else would be a wrong answer about the input."""


@dataclass
class Report:
    """What was done, what came of it, and what did not hold, in words; empty if all is well."""

    faults: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    verified_receipts: int = 0
    begun_again: int = 0
    duration_s: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """For people."""
        return [
            f"faults            {sum(self.faults.values())}  {dict(sorted(self.faults.items()))}",
            f"accepted jobs     {self.requests}  {dict(sorted(self.states.items()))}",
            f"receipts verified {self.verified_receipts}",
            f"jobs begun again  {self.begun_again}",
            f"clear failures    {dict(self.failures)}",
            f"refused requests  {dict(self.refusals)} (each was sent again, under its idempotency key, and accepted)",
            f"seconds           {self.duration_s:.0f}",
            *(f"WRONG: {text}" for text in self.wrong),
        ]


def run(
    site: Site,
    key_file: Path,
    *,
    strikes: Sequence[Strike],
    seed: int,
    gap_s: tuple[float, float] = (0.5, 3.0),
    clients: int = 6,
    pause_s: float = 0.4,
) -> Report:
    """Strikes a site under load, one fault after the other, then looks at everything that it accepted.

    Args:
        gap_s: from when the service answers again to the next fault, at random.
        pause_s: between the requests of one client.
    """
    report, chance, began = Report(), random.Random(seed), time.monotonic()
    load = Load(site, key_file, clients=clients, pause_s=pause_s, seed=seed)
    load.start()
    try:
        for strike in strikes:
            # Mostly while there is load; now and then while the last fault is not over.
            if chance.random() > AT_ONCE:
                site.wait_until_ready()
            time.sleep(chance.uniform(*gap_s))
            strike(site, chance)
            report.faults[strike.__name__] += 1
    finally:
        load.stop()
    site.wait_until_ready()
    _drain(site, report)
    report.requests = len(load.sent)
    report.refusals = Counter(error.code for error in load.refused)
    with load.client() as client:
        for sent in load.sent:
            _check(site, client, load, sent, report)
    _check_database(site, load, report)
    report.duration_s = time.monotonic() - began
    return report


def _drain(site: Site, report: Report) -> None:
    """Waits until every job has ended."""
    until = time.monotonic() + DRAIN_S
    while True:
        counted = jobs.counts(site.vault.database)
        if counted[State.QUEUED] == counted[State.RUNNING] == 0:
            return
        if time.monotonic() > until:
            report.wrong.append(f"jobs that do not end: {counted}")
            return
        time.sleep(0.2)


def _check(site: Site, client: Client, load: Load, sent: Sent, report: Report) -> None:
    """One request: one job, one end, and a receipt of exactly what was asked for, or a clear failure."""
    name = sent.idempotency_key
    if len(sent.jobs) != 1:
        report.wrong.append(f"request {name} became {len(sent.jobs)} jobs")
        return
    (job_id,) = sent.jobs
    # Sent once more: the same job, and no other.
    job = load.send(client, sent)
    if job.id != job_id:
        report.wrong.append(f"request {name} was accepted as {job_id} and is {job.id} now")
    job = job.refresh()
    report.states[job.state] += 1
    report.begun_again += int(job.document["attempt"]) > 1
    told = [event.kind for event in events.after(site.vault.database, site.tenant, job_id, limit=10_000)]
    ends = [kind for kind in told if kind in ("succeeded", "failed", "cancelled")]
    if ends != [job.state] or told[-1] != job.state:
        report.wrong.append(f"job {job_id} is {job.state}, and its events end with {told[-3:]}")
    if job.state == "succeeded":
        # Verifies the receipt under the pinned key, for these inputs and this context.
        job.result(30)
        report.verified_receipts += 1
    elif job.state == "failed":
        code = str(job.document["failure"]["code"])
        report.failures[code] += 1
        if code not in CLEAR:
            report.wrong.append(f"job {job_id} failed with {code}")
    elif not sent.cancelled:
        report.wrong.append(f"job {job_id} was cancelled by nobody")


def _check_database(site: Site, load: Load, report: Report) -> None:
    """As many jobs as requests, a receipt for each that succeeded, no artifact without a use, no blob without a row."""

    def look(connection: Any) -> None:
        count = connection.execute(select(func.count()).select_from(table)).scalar_one()
        if count != len(load.sent):
            report.wrong.append(f"{len(load.sent)} requests became {count} jobs")
        succeeded = select(table.c.id).where(table.c.state == "succeeded")
        with_receipts = list(connection.execute(select(receipts.c.job_id)).scalars())
        if sorted(with_receipts) != sorted(connection.execute(succeeded).scalars()):
            report.wrong.append("receipts are not those of the jobs that succeeded")
        left = connection.execute(select(func.count()).where(artifacts.c.kind == "inputs")).scalar_one()
        if left:
            report.wrong.append(f"{left} inputs of jobs that ended are still there")
        kinds = dict(connection.execute(select(artifacts.c.kind, func.count()).group_by(artifacts.c.kind)).all())
        for kind in ("receipt", "opening", "outputs"):
            if kinds.get(kind, 0) != len(with_receipts):
                report.wrong.append(f"{kinds.get(kind, 0)} artifacts of kind {kind} for {len(with_receipts)} receipts")
        orphaned = select(func.count()).where(job_events.c.job_id.not_in(select(table.c.id)))
        if connection.execute(orphaned).scalar_one():
            report.wrong.append("events of jobs that are not there")
        if connection.dialect.name == "sqlite":
            checked = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
            if checked != "ok":
                report.wrong.append(f"SQLite: {checked}")

    vault = site.vault
    vault.database.read(look)
    vault.sweep()
    vault.collect_orphans(older_than_s=0)
    named = vault.database.read(lambda connection: set(connection.execute(select(artifacts.c.blob)).scalars()))
    if set(vault.store.names(older_than_s=0)) != named:
        report.wrong.append("the store holds other blobs than the rows name")
