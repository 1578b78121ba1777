"""Things go when their time is over, and not before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import update
from tests.service.core.test_jobs import answer
from tests.service.core.worlds import World

from zkseal.errors import NotFound
from zkseal.service import jobs
from zkseal.service.database.tables import idempotency_keys, workers
from zkseal.service.database.tables import jobs as table
from zkseal.service.retention import Deleted, Retention, keep_house

HOUR_S = 3600
KEPT = Retention(openings_s=HOUR_S, outputs_s=2 * HOUR_S, jobs_s=3 * HOUR_S)


def succeeded(world: World) -> str:
    job = world.submit()
    (claim,) = world.claim()
    assert jobs.succeed(world.vault, claim, answer(world))
    world.vault.sweep()
    return job.id


def aged(world: World, hours: float) -> None:
    """As if everything had ended so many hours earlier."""
    earlier = update(table).values(finished_at=table.c.finished_at - int(hours * HOUR_S * 1000))
    world.vault.database.run(lambda connection: connection.execute(earlier))


def test_openings_go_first_then_outputs_then_the_job_with_its_receipt(world: World) -> None:
    before = world.blobs()
    job = succeeded(world)
    vault, tenant = world.vault, world.tenant.id
    digest = world.job(job).receipt_digest or ""
    looks: list[Callable[[], object]] = [
        lambda: jobs.opening(vault, tenant, job),
        lambda: jobs.outputs(vault, tenant, job),
        lambda: jobs.receipt(vault, tenant, digest),
    ]
    assert keep_house(vault, KEPT) == Deleted(0, 0, 0, 0)
    stages = [Deleted(1, 0, 0, 1), Deleted(0, 1, 0, 1), Deleted(0, 0, 1, 1)]
    for gone, expected in enumerate(stages):
        aged(world, 1.001)
        assert keep_house(vault, KEPT) == expected
        with pytest.raises(NotFound):
            looks[gone]()
    assert world.blobs() == before


def test_jobs_that_have_not_ended_stay(world: World) -> None:
    world.submit()
    job = world.submit()
    world.claim()
    keep_house(world.vault, Retention(openings_s=0, outputs_s=0, jobs_s=0))
    assert not world.job(job.id).ended
    assert len(jobs.list_of(world.vault.database, world.tenant.id)) == 2


def test_many_go_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zkseal.service.retention._AT_ONCE", 2)
    made = [world.submit() for _ in range(5)]
    for job in made:
        jobs.cancel(world.vault, world.tenant.id, job.id)
    assert keep_house(world.vault, Retention(jobs_s=0)).jobs == 5


def test_forgotten_keys_and_workers_that_were_not_seen_for_long_go(world: World) -> None:
    world.submit(idempotency_key="k")
    database = world.vault.database
    stale = [{"id": "wrk_old", "started_at": 1, "seen_at": 1, "capacity": 1}]
    database.run(lambda c: c.execute(workers.insert(), stale))
    database.run(lambda c: c.execute(update(idempotency_keys).values(expires_at=1)))
    keep_house(world.vault, KEPT)
    for gone in (workers, idempotency_keys):
        assert database.read(lambda c, t=gone: c.execute(t.select()).fetchall()) == []
