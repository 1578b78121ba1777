"""Workers: real processes prove; whatever happens to them, the job ends once, with a receipt or a reason."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.e2e.small_models import SAMPLES
from tests.service.core.worlds import World, request

import zkseal
from zkseal.errors import OutOfDisk, RangeExceeded, StorageUnavailable, WrongInput
from zkseal.executors import Handle, Limits, LocalExecutor, ProveTask
from zkseal.receipts import Receipt
from zkseal.service import jobs, models, tenants
from zkseal.service.artifacts.directory import DirectoryStore
from zkseal.service.database.tables import artifacts
from zkseal.service.database.tables import jobs as jobs_table
from zkseal.service.jobs import Job, Kind, Request, Retries, State
from zkseal.service.tenants import Quotas
from zkseal.service.worker import Outcome, Worker, WorkerSettings
from zkseal.service.worker.proving_keys import ProvingKeys

SETTINGS = WorkerSettings(
    lease_s=1.5, beat_s=0.1, poll_s=0.05, grace_s=5.0, retries=Retries(max_losses=3, first_pause_ms=50)
)
END_S = 60.0


@pytest.fixture(scope="module")
def executor() -> Iterator[LocalExecutor]:
    """Two processes for all tests of this file: starting one takes a second."""
    with LocalExecutor(2, limits=Limits(max_attempts=1)) as made:
        yield made


def until(condition: Callable[[], Any], seconds: float = END_S) -> None:
    """Waits, and fails if it does not come about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def ended(world: World, job: str) -> Job:
    until(lambda: world.job(job).ended)
    return world.job(job)


class Run:
    """A worker for the length of a test."""

    def __init__(self, world: World, executor: Any, settings: WorkerSettings = SETTINGS) -> None:
        self.outcomes: list[Outcome] = []
        self.troubles: list[Exception] = []
        self.worker = Worker(
            world.vault, executor, settings=settings, told=self.outcomes.append, troubled=self.troubles.append
        )

    def __enter__(self) -> Run:
        self.worker.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.worker.stop()


def test_jobs_succeed_with_receipts_that_verify(world: World, executor: LocalExecutor) -> None:
    made = {row: world.submit(row) for row in range(4)}
    with Run(world, executor) as run:
        found = {row: ended(world, job.id) for row, job in made.items()}
        until(lambda: len(run.outcomes) == 4)
    assert {job.state for job in found.values()} == {State.SUCCEEDED}
    for row, job in found.items():
        receipt = Receipt.from_cbor(jobs.receipt(world.vault, world.tenant.id, job.receipt_digest or ""))
        proved = zkseal.verify(receipt, world.verifying_key, context=request().context)
        opened = zkseal.check_opening(receipt, jobs.opening(world.vault, world.tenant.id, job.id), world.verifying_key)
        assert np.abs(opened["x"] - SAMPLES[row]).max() < 0.01
        (outputs,) = jobs.outputs(world.vault, world.tenant.id, job.id)
        assert (outputs["y"] == proved.outputs["y"]).all()
        assert job.phase_ms
        assert job.attempt == 1
    assert {outcome.state for outcome in run.outcomes} == {State.SUCCEEDED}
    assert run.troubles == []


def test_an_input_at_fault_fails_at_once_with_its_error(world: World, executor: LocalExecutor) -> None:
    wide = Request(Kind.INFERENCE, ({"x": np.full((1, 6), 1e6, np.float32)},))
    unknown = Request(Kind.INFERENCE, ({"z": np.ones((1, 6), np.float32)},))
    two = Request(Kind.INFERENCE, ({"x": SAMPLES[:1]}, {"x": SAMPLES[:1]}))
    made = [jobs.submit(world.vault, world.tenant.id, world.model_id, each).job for each in (wide, unknown, two)]
    with Run(world, executor):
        found = [ended(world, job.id) for job in made]
    assert [job.failure_code for job in found] == ["RangeExceeded", "WrongInput", "StatementMismatch"]
    assert {job.attempt for job in found} == {1}
    assert isinstance(jobs.failure(world.vault, world.tenant.id, made[0].id), RangeExceeded)
    assert isinstance(jobs.failure(world.vault, world.tenant.id, made[1].id), WrongInput)


class Scripted:
    """An executor whose answers are scripted, for what real processes do seldom. It does not verify."""

    def __init__(self, answer: Callable[[ProveTask, Handle[Any]], Any], workers: int = 1) -> None:
        self.workers = workers
        self.tasks = 0
        self.cancelled = threading.Event()
        self._answer = answer

    def submit(self, task: ProveTask, told: Any = None) -> Handle[Any]:
        self.tasks += 1
        handle: Handle[Any] = Handle(self.cancelled.set)

        def run() -> None:
            try:
                handle.finish(self._answer(task, handle))
            except BaseException as error:
                handle.finish(error)

        threading.Thread(target=run, daemon=True).start()
        return handle

    def close(self) -> None:
        pass


def test_a_receipt_that_does_not_verify_is_never_stored(world: World) -> None:
    key = zkseal.files.load_proving_key(world.key_file)
    honest = zkseal.prove(key, SAMPLES[:1], context=request().context)
    elsewhere = zkseal.prove(key, SAMPLES[:1], context=b"another context")
    proof = bytearray(honest.receipt.proof)
    proof[len(proof) // 2] ^= 1
    forged = Receipt(honest.receipt.statement, (zkseal.ZkEvidence(bytes(proof)),))
    lies = iter([replace(honest, receipt=forged), elsewhere, replace(honest, receipt=forged)])
    job = world.submit()
    with Run(world, Scripted(lambda task, handle: next(lies))):
        found = ended(world, job.id)
    assert (found.state, found.failure_code, found.losses) == (State.FAILED, "JobAbandoned", 3)
    assert jobs.failure(world.vault, world.tenant.id, job.id).reason == "ResultRejected"
    assert found.receipt_digest is None


def test_a_receipt_that_an_earlier_job_has_is_not_stored_again(world: World) -> None:
    """A worker that remembers what it proved, and is asked the same once more."""
    key = zkseal.files.load_proving_key(world.key_file)
    remembered = zkseal.prove(key, SAMPLES[:1], context=request().context)
    with Run(world, Scripted(lambda task, handle: remembered)):
        assert ended(world, world.submit().id).state is State.SUCCEEDED
        again = ended(world, world.submit().id)
    assert (again.state, again.failure_code, again.losses) == (State.FAILED, "JobAbandoned", 3)


def test_a_process_that_is_killed_is_replaced_and_the_job_succeeds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = children()
    with LocalExecutor(1, limits=Limits(max_attempts=1)) as executor:
        until(lambda: children() - others)
        (child,) = children() - others
        job = world.submit()
        original = ProveTask.question
        killed: list[int] = []

        def kill_first(self: ProveTask, key: Any) -> Any:
            if not killed:
                killed.append(child)
                os.kill(child, signal.SIGKILL)
            return original(self, key)

        monkeypatch.setattr(ProveTask, "question", kill_first)
        with Run(world, executor):
            found = ended(world, job.id)
    assert killed
    assert found.state is State.SUCCEEDED


def children() -> set[int]:
    """Processes of executors that this process has started."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            status = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if int(status[1]) == os.getpid() and b"zkseal.executors.process" in command:
            found.add(int(entry.name))
    return found


def test_cancelling_a_running_job_stops_the_executor_and_leaves_nothing(world: World) -> None:
    before = world.blobs()

    def waits(task: ProveTask, handle: Handle[Any]) -> Any:
        executor.cancelled.wait(END_S)
        raise zkseal.errors.TaskCancelled("cancelled")

    executor = Scripted(waits)
    job = world.submit()
    with Run(world, executor) as run:
        until(lambda: executor.tasks == 1)
        began = time.monotonic()
        jobs.cancel(world.vault, world.tenant.id, job.id)
        assert ended(world, job.id).state is State.CANCELLED
        assert time.monotonic() - began < 5
        until(lambda: len(run.outcomes) == 1)
    assert executor.cancelled.is_set()
    assert world.blobs() == before


def test_a_worker_that_is_stopped_puts_its_jobs_back_and_another_one_ends_them(
    world: World, executor: LocalExecutor
) -> None:
    def waits(task: ProveTask, handle: Handle[Any]) -> Any:
        stuck.cancelled.wait(END_S)
        raise zkseal.errors.TaskCancelled("cancelled")

    stuck = Scripted(waits)
    job = world.submit()
    with Run(world, stuck, replace(SETTINGS, grace_s=0.2)):
        until(lambda: stuck.tasks == 1)
    back = world.job(job.id)
    assert (back.state, back.losses) == (State.QUEUED, 0)
    with Run(world, executor):
        assert ended(world, job.id).state is State.SUCCEEDED
    assert world.job(job.id).attempt == 2


def test_a_worker_whose_lease_ended_drops_its_result(world: World) -> None:
    key = zkseal.files.load_proving_key(world.key_file)
    go_on = threading.Event()

    def late(task: ProveTask, handle: Handle[Any]) -> Any:
        go_on.wait(END_S)
        return zkseal.prove(key, task.inputs, context=task.context)

    executor = Scripted(late)
    job = world.submit()
    with Run(world, executor, replace(SETTINGS, beat_s=END_S, lease_s=4 * END_S)) as run:
        until(lambda: executor.tasks == 1)
        world.vault.database.run(
            lambda c: c.execute(jobs_table.update().values(lease_until=1))  # as if it had been silent for long
        )
        assert jobs.expire(world.vault, retries=SETTINGS.retries) == 1
        run.worker._stopping.set()
        go_on.set()
        until(lambda: len(run.outcomes) == 1)
        assert run.outcomes[0].state is None
    assert world.job(job.id).state is State.QUEUED
    kept = {row.blob for row in world.vault.database.read(lambda c: c.execute(artifacts.select()).fetchall())}
    assert world.blobs() == kept


def test_a_full_disk_puts_the_job_back_until_there_is_room(
    world: World, executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, refusals = DirectoryStore.put, []

    def full_twice(self: DirectoryStore, chunks: Any) -> Any:
        if len(refusals) < 2:
            refusals.append(1)
            raise OutOfDisk("full", path="x")
        return original(self, chunks)

    job = world.submit()
    monkeypatch.setattr(DirectoryStore, "put", full_twice)
    with Run(world, executor):
        found = ended(world, job.id)
    assert (found.state, found.attempt, found.losses) == (State.SUCCEEDED, 3, 0)


def test_a_disk_that_stays_full_fails_the_job_and_leaves_nothing_half_written(
    world: World, executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = world.submit()
    before = world.blobs()
    calls = []
    original = DirectoryStore.put

    def second_is_too_much(self: DirectoryStore, chunks: Any) -> Any:
        calls.append(1)
        if len(calls) % 2 == 0:
            raise OutOfDisk("full", path="x")
        return original(self, chunks)

    monkeypatch.setattr(DirectoryStore, "put", second_is_too_much)
    with Run(world, executor, replace(SETTINGS, retries=Retries(max_attempts=3, first_pause_ms=10))):
        found = ended(world, job.id)
    assert (found.state, found.failure_code, found.attempt) == (State.FAILED, "JobAbandoned", 3)
    assert jobs.failure(world.vault, world.tenant.id, job.id).reason == "OutOfDisk"
    assert len(world.blobs()) == len(before) - 1


def test_results_beyond_the_quota_fail_the_job(world: World, executor: LocalExecutor) -> None:
    job = world.submit()
    used = tenants.usage(world.vault.database, world.tenant.id).stored_bytes
    tenants.set_quotas(world.vault.database, world.tenant.id, Quotas(max_stored_bytes=used + 100))
    before = world.blobs()
    with Run(world, executor):
        found = ended(world, job.id)
    assert (found.state, found.failure_code) == (State.FAILED, "QuotaExceeded")
    world.vault.sweep()
    assert len(world.blobs()) == len(before) - 1


def test_an_outage_of_the_database_at_the_end_is_outlasted(
    world: World, executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = world.submit()
    original, refusals = jobs.succeed, []

    def gone_twice(*args: Any) -> bool:
        if len(refusals) < 2:
            refusals.append(1)
            raise StorageUnavailable("gone", store="database", reason="gone")
        return original(*args)

    monkeypatch.setattr(jobs, "succeed", gone_twice)
    with Run(world, executor):
        found = ended(world, job.id)
    assert (found.state, len(refusals)) == (State.SUCCEEDED, 2)


def test_a_key_that_takes_longer_to_open_than_a_lease_loses_no_job(
    world: World, executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = ProvingKeys._open

    def slow(self: ProvingKeys, *args: Any) -> Any:
        time.sleep(2.5 * SETTINGS.lease_s)
        return original(self, *args)

    monkeypatch.setattr(ProvingKeys, "_open", slow)
    job = world.submit()
    with Run(world, executor):
        found = ended(world, job.id)
    assert (found.state, found.attempt) == (State.SUCCEEDED, 1)


def test_a_loop_that_meets_a_fault_of_ours_goes_on(
    world: World, executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = jobs.expire, []

    def broken_once(*args: Any, **options: Any) -> int:
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError
        return original(*args, **options)

    monkeypatch.setattr(jobs, "expire", broken_once)
    with Run(world, executor) as run:
        until(lambda: run.troubles)
        assert ended(world, world.submit().id).state is State.SUCCEEDED
    assert [type(trouble).__name__ for trouble in run.troubles] == ["InternalError"]


def test_a_deleted_model_fails_nothing_but_cancels(world: World, executor: LocalExecutor) -> None:
    job = world.submit()
    models.delete_model(world.vault, world.tenant.id, world.model_id)
    with Run(world, executor):
        assert ended(world, job.id).state is State.CANCELLED


def test_proving_keys_are_in_memory_only_and_let_go(world: World) -> None:
    world.submit()
    (claim,) = world.claim()
    keys = ProvingKeys(world.vault, max_bytes=1)
    with keys.lent(claim) as key, keys.lent(claim) as same:
        assert key == same
        assert key.path.read_bytes() == world.key_file.read_bytes()
        assert "memfd" in os.readlink(key.path)
        with open(key.path, "r+b", buffering=0) as file, pytest.raises(PermissionError):
            file.write(b"x")
        path = key.path
    # Beyond `max_bytes` with no job left that uses it: gone.
    assert not path.exists()
    stale = replace(claim, proving_key_digest="0" * 64)
    with pytest.raises(zkseal.errors.DigestMismatch), keys.lent(stale):
        pass
    keys.close()
