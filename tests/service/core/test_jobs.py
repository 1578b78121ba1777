"""The queue: a job is accepted once, worked on by one, and ends once, whoever comes when."""

from __future__ import annotations

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.service.core.worlds import World, request

from zkseal.errors import (
    DecryptionFailed,
    IdempotencyConflict,
    InvalidParameters,
    JobAbandoned,
    JobCancelled,
    JobConflict,
    NotFound,
    RangeExceeded,
    StorageUnavailable,
    WrongInput,
)
from zkseal.receipts import cbor
from zkseal.service import events, jobs, models, tenants
from zkseal.service.artifacts.vault import OPENING, OUTPUTS, RECEIPT
from zkseal.service.database.tables import artifacts, receipts
from zkseal.service.database.tables import jobs as table
from zkseal.service.jobs import Beat, Claim, Retries, State
from zkseal.service.jobs.claims import PASSING
from zkseal.service.jobs.ending import Answer

RETRIES = Retries(max_losses=3, first_pause_ms=0)


def answer(world: World, digest: str = "d" * 64) -> Answer:
    """Results as a worker writes them; what they hold does not matter to the queue."""
    written = [world.vault.write(world.tenant.id, kind, [cbor.dumps([])]) for kind in (RECEIPT, OPENING, OUTPUTS)]
    return Answer(digest, *written, {"prove": 12})


def kinds(world: World, job: str) -> list[str]:
    return [event.kind for event in events.after(world.vault.database, world.tenant.id, job)]


def test_a_job_is_accepted_claimed_and_succeeds_with_its_receipt(world: World) -> None:
    job = world.submit()
    assert job.state is State.QUEUED
    (claim,) = world.claim("wrk_1")
    assert (claim.id, claim.attempt, claim.worker) == (job.id, 1, "wrk_1")
    asked = jobs.request_of(world.vault, claim)
    assert (asked.inputs[0]["x"] == request().inputs[0]["x"]).all()
    assert asked.context == request().context
    assert jobs.beat(world.vault.database, claim, lease_ms=1000, phase="prove", progress=0.5) is Beat.HELD
    running = world.job(job.id)
    assert (running.state, running.phase, running.progress) == (State.RUNNING, "prove", 0.5)
    assert jobs.succeed(world.vault, claim, answer(world))
    ended = world.job(job.id)
    assert (ended.state, ended.receipt_digest, ended.phase_ms) == (State.SUCCEEDED, "d" * 64, {"prove": 12})
    assert ended.finished_at is not None
    assert jobs.receipt(world.vault, world.tenant.id, "d" * 64) == cbor.dumps([])
    assert kinds(world, job.id) == ["queued", "running", "progress", "succeeded"]


def test_inputs_are_gone_when_a_job_has_ended(world: World) -> None:
    before = world.blobs()
    world.submit()
    (claim,) = world.claim()
    jobs.fail(world.vault, claim, WrongInput("x"))
    world.vault.sweep()
    assert world.blobs() == before


def test_a_job_is_claimed_by_one_of_many(world: World) -> None:
    for _ in range(12):
        world.submit()
    with ThreadPoolExecutor(6) as pool:
        claimed = list(pool.map(lambda n: world.claim(f"wrk_{n}", limit=3), range(6)))
    names = [claim.id for some in claimed for claim in some]
    assert len(names) == len(set(names)) == 12


def test_tenants_take_turns_and_jobs_of_one_go_in_order(world: World, key_file) -> None:  # type: ignore[no-untyped-def]
    mine = [world.submit().id for _ in range(4)]
    other = World.of(world.vault, key_file, "other")
    theirs = [other.submit().id for _ in range(2)]
    order = [claim.id for _ in range(6) for claim in world.claim()]
    assert order[:4] == [mine[0], theirs[0], mine[1], theirs[1]]
    assert order[4:] == mine[2:]


def test_a_claim_whose_answer_was_lost_is_given_out_again(world: World) -> None:
    world.submit()
    (lost,) = world.claim("wrk_1")
    database = world.vault.database
    assert jobs.claim(database, "wrk_2", limit=1, lease_ms=1000) == []
    assert jobs.claim(database, "wrk_1", limit=1, lease_ms=1000) == [lost]
    assert jobs.claim(database, "wrk_1", limit=1, lease_ms=1000, known=[lost.id]) == []


def expired(world: World) -> tuple[Claim, Claim]:
    """The claims of a worker whose lease ended, and of its successor."""
    world.submit()
    (stale,) = world.claim("wrk_dead", lease_ms=1)
    time.sleep(0.02)
    assert jobs.expire(world.vault, retries=RETRIES) == 1
    (fresh,) = world.claim("wrk_new")
    return stale, fresh


def test_a_lease_that_is_kept_is_not_taken(world: World) -> None:
    world.submit()
    (claim,) = world.claim(lease_ms=1)
    time.sleep(0.02)
    assert jobs.beat(world.vault.database, claim, lease_ms=60_000) is Beat.HELD
    assert jobs.expire(world.vault, retries=RETRIES) == 0


def test_a_worker_that_lost_its_lease_cannot_end_the_job(world: World) -> None:
    stale, fresh = expired(world)
    assert (stale.id, stale.attempt, fresh.attempt) == (fresh.id, 1, 2)
    vault, kept = world.vault, world.blobs()
    assert jobs.beat(vault.database, stale, lease_ms=1000) is Beat.LOST
    assert not jobs.succeed(vault, stale, answer(world, "a" * 64))
    assert not jobs.fail(vault, stale, WrongInput("x"))
    assert not jobs.end_as_cancelled(vault, stale)
    assert jobs.give_back(vault, stale, lost="WorkerLost", retries=RETRIES) is None
    assert world.job(stale.id).state is State.RUNNING
    assert world.blobs() == kept
    assert jobs.succeed(vault, fresh, answer(world, "b" * 64))
    assert world.job(stale.id).receipt_digest == "b" * 64
    with pytest.raises(NotFound):
        jobs.receipt(vault, world.tenant.id, "a" * 64)


def test_two_ends_at_once_are_one(world: World) -> None:
    for number in range(5):
        world.submit()
        (claim,) = world.claim(f"wrk_{number}")
        answers = [answer(world, f"{number}{index}" * 32) for index in range(4)]
        with ThreadPoolExecutor(5) as pool:
            failing = pool.submit(jobs.fail, world.vault, claim, WrongInput("x"))
            ended = list(pool.map(lambda a, c=claim: jobs.succeed(world.vault, c, a), answers))
        assert [*ended, failing.result()].count(True) == 1
        rows = world.vault.database.read(
            lambda c, job=claim.id: c.execute(receipts.select().where(receipts.c.job_id == job)).fetchall()
        )
        assert len(rows) == ended.count(True)
        assert kinds(world, claim.id)[2:] == [str(world.job(claim.id).state)]
    # Results of the losers are deleted: what is stored is what rows name.
    world.vault.sweep()
    named = world.vault.database.read(lambda c: {row.blob for row in c.execute(artifacts.select())})
    assert world.blobs() == named


def test_an_end_whose_answer_was_lost_is_told_again(world: World) -> None:
    world.submit()
    (claim,) = world.claim()
    results = answer(world)
    assert jobs.succeed(world.vault, claim, results)
    kept = world.blobs()
    assert jobs.succeed(world.vault, claim, results)
    assert world.blobs() == kept
    assert kinds(world, claim.id).count("succeeded") == 1


def test_results_stay_when_it_is_unknown_whether_they_were_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.submit()
    (claim,) = world.claim()
    results = answer(world)
    run = type(world.vault.database).run

    def answer_is_lost(self, work):  # type: ignore[no-untyped-def]
        run(self, work)
        raise StorageUnavailable("gone", store="database", reason="gone")

    with monkeypatch.context() as patched:
        patched.setattr(type(world.vault.database), "run", answer_is_lost)
        with pytest.raises(StorageUnavailable):
            jobs.succeed(world.vault, claim, results)
    assert world.job(claim.id).state is State.SUCCEEDED
    assert jobs.outputs(world.vault, world.tenant.id, claim.id) == ()
    assert jobs.succeed(world.vault, claim, results)


def test_a_job_that_ends_its_workers_fails_after_a_bounded_number(world: World) -> None:
    job = world.submit()
    for attempt in range(1, 4):
        (claim,) = world.claim(f"wrk_{attempt}", lease_ms=1)
        assert claim.attempt == attempt
        time.sleep(0.02)
        assert jobs.expire(world.vault, retries=RETRIES) == 1
    assert world.claim() == []
    ended = world.job(job.id)
    assert (ended.state, ended.failure_code, ended.attempt, ended.losses) == (State.FAILED, "JobAbandoned", 3, 3)
    failure = jobs.failure(world.vault, world.tenant.id, job.id)
    assert isinstance(failure, JobAbandoned)
    assert (failure.attempts, failure.reason) == (3, "WorkerLost")
    assert kinds(world, job.id)[-2:] == ["running", "failed"]


def test_a_worker_that_is_told_to_stop_counts_nothing_against_the_job(world: World) -> None:
    job = world.submit()
    for _ in range(5):
        (claim,) = world.claim()
        assert jobs.give_back(world.vault, claim, lost=None, retries=RETRIES) is State.QUEUED
    assert (world.job(job.id).losses, world.job(job.id).attempt) == (0, 5)


def test_a_trouble_that_passes_counts_nothing_against_the_job_and_one_that_does_not_pass_ends_it(world: World) -> None:
    job = world.submit()
    patient = Retries(max_losses=1, max_attempts=6, first_pause_ms=0)
    for code in (*sorted(PASSING), "OutOfDisk"):
        (claim,) = world.claim()
        state = jobs.give_back(world.vault, claim, lost=code, retries=patient)
        assert (state, world.job(job.id).losses) == (State.FAILED if claim.attempt == 6 else State.QUEUED, 0)
    assert jobs.failure(world.vault, world.tenant.id, job.id).reason == "OutOfDisk"


def test_a_lost_job_waits_longer_each_time(world: World) -> None:
    assert [Retries(first_pause_ms=1000).pause_ms(n) for n in (1, 2, 3, 6, 99)] == [1000, 2000, 4000, 32000, 32000]
    world.submit()
    (claim,) = world.claim()
    jobs.give_back(world.vault, claim, lost="OutOfDisk", retries=Retries(first_pause_ms=300))
    assert world.claim() == []
    time.sleep(0.35)
    assert len(world.claim()) == 1


def test_a_failure_is_read_by_its_owner_and_sealed_in_the_database(world: World) -> None:
    job = world.submit()
    (claim,) = world.claim()
    jobs.fail(world.vault, claim, RangeExceeded("value 77177 is too large", tensor="x", value=77177))
    failure = jobs.failure(world.vault, world.tenant.id, job.id)
    assert isinstance(failure, RangeExceeded)
    assert failure.tensor == "x"
    with pytest.raises(RangeExceeded):
        jobs.outputs(world.vault, world.tenant.id, job.id)
    row = world.vault.database.read(lambda c: c.execute(table.select()).one())
    assert b"77177" not in bytes(row.sealed_failure)
    assert "77177" not in repr(row)
    told = events.after(world.vault.database, world.tenant.id, job.id)[-1]
    assert (told.kind, told.data) == ("failed", {"code": "RangeExceeded"})


def test_a_failure_moved_to_another_job_does_not_open(world: World) -> None:
    first, second = world.submit(), world.submit()
    for claim in world.claim(limit=2):
        jobs.fail(world.vault, claim, WrongInput("x"))

    def move(connection):  # type: ignore[no-untyped-def]
        stolen = connection.execute(table.select().where(table.c.id == first.id)).one().sealed_failure
        connection.execute(table.update().where(table.c.id == second.id).values(sealed_failure=stolen))

    world.vault.database.run(move)
    with pytest.raises(DecryptionFailed):
        jobs.failure(world.vault, world.tenant.id, second.id)


# Cancelling. ----------------------------------------------------------------------------------------------------------


def test_a_queued_job_is_cancelled_at_once_and_leaves_nothing(world: World) -> None:
    before = world.blobs()
    job = world.submit()
    assert jobs.cancel(world.vault, world.tenant.id, job.id).state is State.CANCELLED
    assert jobs.cancel(world.vault, world.tenant.id, job.id).state is State.CANCELLED
    assert world.claim() == []
    assert world.blobs() == before
    with pytest.raises(JobCancelled):
        jobs.outputs(world.vault, world.tenant.id, job.id)


def test_a_running_job_is_cancelled_by_its_worker_whose_result_is_not_taken(world: World) -> None:
    before = world.blobs()
    job = world.submit()
    (claim,) = world.claim()
    cancelled = jobs.cancel(world.vault, world.tenant.id, job.id)
    assert (cancelled.state, cancelled.cancel_requested) == (State.RUNNING, True)
    assert jobs.beat(world.vault.database, claim, lease_ms=1000) is Beat.CANCEL
    assert not jobs.succeed(world.vault, claim, answer(world))
    assert jobs.end_as_cancelled(world.vault, claim)
    assert world.job(job.id).state is State.CANCELLED
    world.vault.sweep()
    assert world.blobs() == before
    assert kinds(world, job.id) == ["queued", "running", "cancelling", "cancelled"]


@pytest.mark.parametrize("how", ["expires", "fails", "is given back"])
def test_a_cancelled_job_ends_as_cancelled_however_its_worker_ends(world: World, how: str) -> None:
    job = world.submit()
    (claim,) = world.claim(lease_ms=1)
    jobs.cancel(world.vault, world.tenant.id, job.id)
    if how == "expires":
        time.sleep(0.02)
        jobs.expire(world.vault, retries=RETRIES)
    elif how == "fails":
        jobs.fail(world.vault, claim, WrongInput("x"))
    else:
        jobs.give_back(world.vault, claim, lost=None, retries=RETRIES)
    assert world.job(job.id).state is State.CANCELLED


def test_a_job_that_has_ended_is_not_cancelled(world: World) -> None:
    job = world.submit()
    (claim,) = world.claim()
    jobs.succeed(world.vault, claim, answer(world))
    with pytest.raises(JobConflict):
        jobs.cancel(world.vault, world.tenant.id, job.id)


def test_cancelling_and_ending_at_once_leave_one_end(world: World) -> None:
    for number in range(6):
        job = world.submit()
        (claim,) = world.claim(f"wrk_{number}")
        results = answer(world, f"{number:x}" * 64)
        gate = threading.Barrier(2)

        def cancel(job=job, gate=gate) -> bool:  # type: ignore[no-untyped-def]
            gate.wait()
            try:
                jobs.cancel(world.vault, world.tenant.id, job.id)
            except JobConflict:
                return False
            return True

        def succeed(claim=claim, results=results, gate=gate) -> bool:  # type: ignore[no-untyped-def]
            gate.wait()
            return jobs.succeed(world.vault, claim, results)

        with ThreadPoolExecutor(2) as pool:
            cancelled, succeeded = pool.submit(cancel), pool.submit(succeed)
        assert cancelled.result() != succeeded.result()


def test_deleting_a_job_deletes_all_of_it(world: World) -> None:
    before = world.blobs()
    job = world.submit(idempotency_key="once")
    (claim,) = world.claim()
    jobs.succeed(world.vault, claim, answer(world))
    jobs.delete_job(world.vault, world.tenant.id, job.id)
    assert world.blobs() == before
    assert events.after(world.vault.database, world.tenant.id, job.id) == []
    for gone in (lambda: world.job(job.id), lambda: jobs.receipt(world.vault, world.tenant.id, "d" * 64)):
        with pytest.raises(NotFound):
            gone()
    assert world.submit(idempotency_key="once").id != job.id


def test_deleting_a_model_cancels_its_jobs(world: World) -> None:
    waiting, running = world.submit(), world.submit()
    (claim,) = world.claim()
    models.delete_model(world.vault, world.tenant.id, world.model_id)
    assert {world.job(waiting.id).state, world.job(running.id).state} == {State.RUNNING, State.CANCELLED}
    assert jobs.beat(world.vault.database, claim, lease_ms=1000) is Beat.CANCEL
    with pytest.raises(NotFound):
        world.submit()
    with pytest.raises(NotFound):
        models.verifying_key(world.vault, world.tenant.id, world.model_id)


# Idempotency. ---------------------------------------------------------------------------------------------------------


def test_the_same_request_makes_one_job(world: World) -> None:
    first = jobs.submit(world.vault, world.tenant.id, world.model_id, request(), idempotency_key="k")
    kept = world.blobs()
    again = jobs.submit(world.vault, world.tenant.id, world.model_id, request(), idempotency_key="k")
    assert (first.replayed, again.replayed) == (False, True)
    assert first.job.id == again.job.id
    assert world.blobs() == kept
    (claim,) = world.claim(limit=5)
    jobs.succeed(world.vault, claim, answer(world))
    assert world.submit(idempotency_key="k").state is State.SUCCEEDED


def test_another_request_with_the_same_key_is_refused(world: World) -> None:
    world.submit(0, idempotency_key="k")
    with pytest.raises(IdempotencyConflict):
        world.submit(1, idempotency_key="k")
    with pytest.raises(IdempotencyConflict):
        jobs.submit(world.vault, world.tenant.id, world.model_id, request(0, b"other"), idempotency_key="k")
    assert len(world.claim(limit=5)) == 1


def test_requests_that_come_at_once_with_one_key_make_one_job(world: World) -> None:
    before = len(world.blobs())
    with ThreadPoolExecutor(8) as pool:
        made = {job.id for job in pool.map(lambda _: world.submit(idempotency_key="k"), range(8))}
    assert len(made) == 1
    assert len(world.blobs()) == before + 1


def test_keys_of_tenants_are_apart(world: World, key_file) -> None:  # type: ignore[no-untyped-def]
    other = World.of(world.vault, key_file, "other")
    assert world.submit(0, "k").id != other.submit(1, "k").id


def test_a_key_is_forgotten_after_its_time(world: World) -> None:
    def send(row: int) -> str:
        sent = jobs.submit(
            world.vault, world.tenant.id, world.model_id, request(row), idempotency_key="k", remembered_s=1
        )
        return sent.job.id

    first = send(0)
    assert send(0) == first
    time.sleep(1.1)
    assert send(1) != first


def test_neither_key_nor_request_can_be_guessed_from_the_database(world: World) -> None:
    world.submit(0, idempotency_key="a telling name")
    everything = world.vault.database.read(
        lambda c: repr(c.exec_driver_sql("SELECT * FROM idempotency_keys").fetchall())
    )
    assert "telling" not in everything
    for guess in (b"a telling name", request().encode(), f"{world.model_id}\n".encode() + request().encode()):
        digest = hashlib.sha256(guess)
        assert digest.hexdigest() not in everything
        assert repr(digest.digest())[2:-1] not in everything


@pytest.mark.parametrize("key", ["", "x" * 256, "zeile\n", "ä"])
def test_what_is_no_idempotency_key_is_refused(world: World, key: str) -> None:
    with pytest.raises(InvalidParameters):
        world.submit(0, idempotency_key=key)


# Reading. -------------------------------------------------------------------------------------------------------------


def test_jobs_are_listed_newest_first_in_pages(world: World) -> None:
    made = [world.submit().id for _ in range(7)]
    database, tenant = world.vault.database, world.tenant.id
    page = jobs.list_of(database, tenant, limit=3)
    seen = [job.id for job in page]
    while page:
        page = jobs.list_of(database, tenant, limit=3, before=page[-1].id)
        seen += [job.id for job in page]
    assert sorted(seen) == sorted(made)
    assert len(seen) == 7
    jobs.cancel(world.vault, tenant, made[0])
    assert [job.id for job in jobs.list_of(database, tenant, state=State.CANCELLED)] == [made[0]]
    assert jobs.list_of(database, tenant, model_id="f" * 64) == []
    assert jobs.counts(database)[State.QUEUED] == 6


def test_events_are_read_on_from_the_last_that_arrived(world: World) -> None:
    job = world.submit()
    (claim,) = world.claim()
    for share in (0.1, 0.2, 0.3):
        jobs.beat(world.vault.database, claim, lease_ms=1000, phase="prove", progress=share)
    database, tenant = world.vault.database, world.tenant.id
    all_of_them = events.after(database, tenant, job.id)
    assert [event.sequence for event in all_of_them] == [1, 2, 3, 4, 5]
    assert events.after(database, tenant, job.id, 3) == all_of_them[3:]
    assert events.after(database, tenant, job.id, limit=2) == all_of_them[:2]
    assert events.after(database, "ten_other", job.id) == []


def test_the_result_of_a_job_that_runs_is_not_there_yet(world: World) -> None:
    job = world.submit()
    for look in (jobs.outputs, jobs.opening, jobs.failure):
        with pytest.raises(JobConflict):
            look(world.vault, world.tenant.id, job.id)
        with pytest.raises(NotFound):
            look(world.vault, world.tenant.id, "job_none")


def test_a_deleted_tenants_name_tells_nothing(world: World) -> None:
    tenants.delete_tenant(world.vault, "acme")
    with pytest.raises(NotFound):
        world.submit()
