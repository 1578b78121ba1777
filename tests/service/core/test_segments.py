"""Models in segments: they come in pieces, prove when all are here, and leave nothing behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.e2e.small_models import SAMPLES
from tests.service.core.test_worker import SETTINGS, Run, children, ended, until
from tests.service.core.worlds import World, request
from tests.service.segmented import SegmentedFiles

import zkseal
from zkseal.errors import DigestMismatch, InvalidEncoding, NotFound, QuotaExceeded, WrongFileKind, WrongModel
from zkseal.executors import Limits, LocalExecutor, SegmentedKeyFiles, SegmentTask
from zkseal.executors import WorkerSettings as ProcessSettings
from zkseal.files import SEGMENTED_PROVING_KEY, save_any_verifying_key
from zkseal.files.container import container, read_container
from zkseal.proving import check_segmented_opening
from zkseal.receipts import Receipt
from zkseal.segments import SegmentedProvingKey
from zkseal.service import jobs, models, tenants
from zkseal.service.database.tables import artifacts, model_segments
from zkseal.service.jobs import Kind, Request, Retries, State
from zkseal.service.models import Model
from zkseal.service.tenants import Quotas
from zkseal.service.worker import Outcome, Worker
from zkseal.service.worker.proving_keys import ProvingKeys

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def segmented(tmp_path_factory: pytest.TempPathFactory) -> SegmentedFiles:
    return SegmentedFiles.made(tmp_path_factory.mktemp("segmented") / "small.zkp")


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> SegmentedFiles:
    return SegmentedFiles.made(tmp_path_factory.mktemp("segmented") / "batch.zkp", batch=3)


@pytest.fixture(scope="module")
def executor() -> Iterator[LocalExecutor]:
    with LocalExecutor(2, limits=Limits(max_attempts=1)) as made:
        yield made


def register(world: World, files: SegmentedFiles) -> Model:
    return models.register(world.vault, world.tenant.id, "segmented", files.head)


def add(world: World, files: SegmentedFiles, digest: str, contents: memoryview | None = None) -> Model:
    sent = files.parts[digest] if contents is None else contents
    return models.add_segment(world.vault, world.tenant.id, files.model_id, digest, sent)


def whole(world: World, files: SegmentedFiles) -> Model:
    """The model, with all segments."""
    made = register(world, files)
    for digest in files.parts:
        made = add(world, files, digest)
    assert made.provable
    return made


def submit(world: World, files: SegmentedFiles, asked: Request | None = None) -> str:
    return jobs.submit(world.vault, world.tenant.id, files.model_id, asked or request()).job.id


def rows(world: World) -> list[Any]:
    return world.vault.database.read(lambda c: list(c.execute(model_segments.select()).all()))


def test_a_model_proves_when_all_of_its_segments_are_here(world: World, segmented: SegmentedFiles) -> None:
    digests = tuple(segmented.parts)
    made = register(world, segmented)
    assert (made.model_id, made.provable, made.missing_segments) == (segmented.model_id, False, digests)
    for sent, digest in enumerate(digests):
        with pytest.raises(NotFound) as raised:
            submit(world, segmented)
        assert raised.value.fields["kind"] == "segment"
        made = add(world, segmented, digest)
        assert made.missing_segments == digests[sent + 1 :]
    assert made.provable
    listed = {model.model_id: model for model in models.list_of(world.vault.database, world.tenant.id)}
    assert listed[segmented.model_id] == made == models.find(world.vault.database, world.tenant.id, made.model_id)
    assert listed[world.model_id].provable
    kept = world.vault.database.read(lambda c: {row.id: row.bytes for row in c.execute(artifacts.select())})
    mine = [made.verifying_key_artifact, made.proving_key_artifact, *(row.artifact for row in rows(world))]
    assert made.bytes == sum(kept[name] for name in mine)
    submit(world, segmented)


def test_what_is_sent_again_is_kept_once(world: World, segmented: SegmentedFiles) -> None:
    made = whole(world, segmented)
    blobs = world.blobs()
    assert register(world, segmented) == made
    assert [add(world, segmented, digest) for digest in segmented.parts] == [made, made]
    assert world.blobs() == blobs


def test_two_who_send_a_segment_at_once_keep_it_once(world: World, segmented: SegmentedFiles) -> None:
    register(world, segmented)
    before, (first, _) = world.blobs(), segmented.parts
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: add(world, segmented, first), range(4)))
    assert len({model.bytes for model in found}) == 1
    assert len(world.blobs() - before) == 1


def test_a_verifying_key_is_joined_by_its_proving_key(world: World, segmented: SegmentedFiles, tmp_path: Path) -> None:
    save_any_verifying_key(tmp_path / "key.zkv", segmented.verifying_key)
    contents = memoryview((tmp_path / "key.zkv").read_bytes())
    alone = models.register(world.vault, world.tenant.id, "segmented", contents)
    assert (alone.provable, alone.missing_segments) == (False, ())
    with pytest.raises(NotFound):
        submit(world, segmented)
    assert whole(world, segmented).verifying_key_artifact == alone.verifying_key_artifact
    assert models.register(world.vault, world.tenant.id, "segmented", contents).provable


def test_files_that_are_not_the_segment_are_refused(
    world: World, segmented: SegmentedFiles, batches: SegmentedFiles
) -> None:
    register(world, segmented)
    before = world.blobs()
    first, second = segmented.parts
    with pytest.raises(NotFound):
        add(world, segmented, "0" * 64, segmented.parts[first])
    with pytest.raises(DigestMismatch):
        add(world, segmented, first, segmented.parts[second])
    with pytest.raises(NotFound):
        models.add_segment(world.vault, world.tenant.id, world.model_id, first, segmented.parts[first])
    with pytest.raises(NotFound):
        models.add_segment(world.vault, world.tenant.id, batches.model_id, first, segmented.parts[first])
    with pytest.raises(WrongFileKind):
        models.register(world.vault, world.tenant.id, "segmented", segmented.parts[first])
    assert world.blobs() == before
    assert models.find(world.vault.database, world.tenant.id, segmented.model_id).missing_segments == (first, second)


def renamed(files: SegmentedFiles, digests: list[str]) -> memoryview:
    """The proving key, which names other files as its segments."""
    sections: dict[str, list[Any]] = {
        name: [section] for name, section in read_container(files.path, SEGMENTED_PROVING_KEY).items()
    }
    sections["segments"] = [bytes.fromhex("".join(digests))]
    return memoryview(b"".join(bytes(piece) for piece in container(SEGMENTED_PROVING_KEY, sections)))


def test_a_proving_key_that_names_other_segments_gets_none(world: World, segmented: SegmentedFiles) -> None:
    first, second = segmented.parts
    models.register(world.vault, world.tenant.id, "segmented", renamed(segmented, [second, first]))
    before = world.blobs()
    for digest in (first, second):
        with pytest.raises(WrongModel):
            add(world, segmented, digest)
    assert world.blobs() == before
    with pytest.raises(InvalidEncoding):
        models.register(world.vault, world.tenant.id, "segmented", renamed(segmented, [first, first]))
    # The right one can be registered once the wrong one is gone.
    assert register(world, segmented).missing_segments == (second, first)
    models.delete_model(world.vault, world.tenant.id, segmented.model_id)
    assert whole(world, segmented).provable


def test_a_segment_beyond_the_quota_is_not_kept(world: World, segmented: SegmentedFiles) -> None:
    register(world, segmented)
    used = tenants.usage(world.vault.database, world.tenant.id).stored_bytes
    tenants.set_quotas(world.vault.database, world.tenant.id, Quotas(max_stored_bytes=used + 100))
    before, (first, _) = world.blobs(), segmented.parts
    with pytest.raises(QuotaExceeded):
        add(world, segmented, first)
    assert world.blobs() == before
    assert [row.artifact for row in rows(world)] == [None, None]


def test_a_model_that_is_deleted_leaves_no_segment(world: World, segmented: SegmentedFiles) -> None:
    before = world.blobs()
    whole(world, segmented)
    job = submit(world, segmented)
    models.delete_model(world.vault, world.tenant.id, segmented.model_id)
    assert world.job(job).state is State.CANCELLED
    assert (rows(world), world.blobs()) == ([], before)


def test_a_tenant_that_is_deleted_leaves_no_segment(world: World, segmented: SegmentedFiles) -> None:
    whole(world, segmented)
    tenants.delete_tenant(world.vault, world.tenant.id)
    assert (rows(world), world.blobs()) == ([], set())


def test_other_tenants_have_no_part_in_it(world: World, segmented: SegmentedFiles) -> None:
    register(world, segmented)
    other = World.of(world.vault, world.key_file, "other")
    first, _ = segmented.parts
    with pytest.raises(NotFound):
        add(other, segmented, first)
    whole(other, segmented)
    assert not models.find(world.vault.database, world.tenant.id, segmented.model_id).provable
    models.delete_model(world.vault, world.tenant.id, segmented.model_id)
    assert models.find(world.vault.database, other.tenant.id, segmented.model_id).provable


def test_a_job_is_proved_by_many_workers_and_is_one_receipt(
    world: World, segmented: SegmentedFiles, executor: LocalExecutor
) -> None:
    whole(world, segmented)
    made = submit(world, segmented, request(4))
    with Run(world, executor) as run:
        job = ended(world, made)
        until(lambda: len(run.outcomes) == 1)
    assert (job.state, job.attempt) == (State.SUCCEEDED, 1)
    assert list(job.phase_ms) == ["execute", "segments"]
    receipt = Receipt.from_cbor(jobs.receipt(world.vault, world.tenant.id, job.receipt_digest or ""))
    proved = zkseal.verify(receipt, segmented.verifying_key, context=request().context)
    expected = zkseal.prove(zkseal.files.load_any_proving_key(segmented.path), SAMPLES[4:5])
    assert np.array_equal(proved.outputs["y"], expected.outputs["y"])
    opening = jobs.opening(world.vault, world.tenant.id, job.id)
    assert check_segmented_opening(receipt, opening, segmented.verifying_key)
    assert run.troubles == []


def test_a_batch_in_segments_is_one_receipt(world: World, batches: SegmentedFiles, executor: LocalExecutor) -> None:
    whole(world, batches)
    asked = Request(Kind.BATCH, tuple({"x": SAMPLES[row : row + 1]} for row in range(2)), request().context)
    made = submit(world, batches, asked)
    with Run(world, executor):
        job = ended(world, made)
    assert job.state is State.SUCCEEDED
    receipt = Receipt.from_cbor(jobs.receipt(world.vault, world.tenant.id, job.receipt_digest or ""))
    proved = zkseal.verify(receipt, batches.verifying_key, context=request().context)
    outputs = jobs.outputs(world.vault, world.tenant.id, job.id)
    assert len(outputs) == 2
    assert all(np.array_equal(outputs[row]["y"], proved.outputs["y"][row : row + 1]) for row in range(2))


def test_an_input_at_fault_fails_at_once(world: World, segmented: SegmentedFiles, executor: LocalExecutor) -> None:
    whole(world, segmented)
    wide = Request(Kind.INFERENCE, ({"x": np.full((1, 6), 1e6, np.float32)},))
    two = Request(Kind.INFERENCE, ({"x": SAMPLES[:1]}, {"x": SAMPLES[:1]}))
    made = [submit(world, segmented, each) for each in (wide, two)]
    with Run(world, executor):
        found = [ended(world, job) for job in made]
    assert [(job.failure_code, job.attempt) for job in found] == [("RangeExceeded", 1), ("StatementMismatch", 1)]


def with_other_scales(files: SegmentedFiles, path: Path) -> SegmentedFiles:
    """The same model by its id, with a program that reads and shows other numbers."""
    key = zkseal.files.load_any_proving_key(files.path)
    assert isinstance(key, SegmentedProvingKey)
    inputs = tuple(replace(value, exponent=value.exponent - 3) for value in key.head.inputs)
    outputs = tuple(replace(value, exponent=value.exponent - 3) for value in key.head.outputs)
    changed = replace(key, head=replace(key.head, inputs=inputs, outputs=outputs))
    zkseal.files.save_any_proving_key(path, changed)
    return SegmentedFiles(path, files.verifying_key)


def test_a_program_that_shows_other_numbers_than_the_key_gets_no_receipt(
    world: World, segmented: SegmentedFiles, executor: LocalExecutor, tmp_path: Path
) -> None:
    """The program comes with the proving key, and is in no model id."""
    whole(world, with_other_scales(segmented, tmp_path / "other.zkp"))
    made = submit(world, segmented)
    with Run(world, executor):
        job = ended(world, made)
    assert (job.state, job.failure_code, job.receipt_digest) == (State.FAILED, "StatementMismatch", None)


def test_a_key_that_comes_while_its_model_is_deleted_is_deleted_too(
    world: World, segmented: SegmentedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not world.vault.database.postgresql:
        pytest.skip("SQLite lets one write at a time")
    save_any_verifying_key(tmp_path / "key.zkv", segmented.verifying_key)
    before = world.blobs()
    models.register(world.vault, world.tenant.id, "m", memoryview((tmp_path / "key.zkv").read_bytes()))
    original = models.cancel_all_of

    def meanwhile(*arguments: Any) -> None:
        with ThreadPoolExecutor(1) as other:
            other.submit(whole, world, segmented).result()
        original(*arguments)

    monkeypatch.setattr(models, "cancel_all_of", meanwhile)
    models.delete_model(world.vault, world.tenant.id, segmented.model_id)
    assert (rows(world), world.blobs()) == ([], before)
    kept = world.vault.database.read(lambda c: len(c.execute(artifacts.select()).all()))
    assert kept == len(before)


def test_keys_that_nobody_uses_hold_few_descriptors(world: World, segmented: SegmentedFiles) -> None:
    whole(world, segmented)
    submit(world, segmented)
    (claim,) = world.claim()
    keys = ProvingKeys(world.vault, max_files=1)
    before = len(os.listdir("/proc/self/fd"))
    with keys.lent(claim) as lent:
        assert isinstance(lent, SegmentedKeyFiles)
        assert len(os.listdir("/proc/self/fd")) - before >= 3
    assert len(os.listdir("/proc/self/fd")) - before == 1
    keys.close()


def test_the_program_is_run_in_a_process_with_the_bounds_of_a_prover(
    world: World, segmented: SegmentedFiles, executor: LocalExecutor
) -> None:
    whole(world, segmented)
    made = submit(world, segmented)
    outcomes: list[Outcome] = []
    bounds = ProcessSettings(memory_bytes=40 << 20)
    settings = replace(SETTINGS, retries=Retries(max_losses=1))
    worker = Worker(world.vault, executor, settings=settings, processes=bounds, told=outcomes.append)
    worker.start()
    job = ended(world, made)
    worker.stop()
    assert (job.state, job.failure_code) == (State.FAILED, "JobAbandoned")


def test_a_worker_that_is_killed_at_a_segment_costs_an_attempt_and_no_receipt(
    world: World, segmented: SegmentedFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole(world, segmented)
    others = children()
    with LocalExecutor(1, limits=Limits(max_attempts=1)) as executor:
        until(lambda: children() - others)
        (child,) = children() - others
        original, killed = SegmentTask.question, []

        def kill_first(self: SegmentTask, key: Any) -> Any:
            if self.index == 1 and not killed:
                killed.append(child)
                os.kill(child, signal.SIGKILL)
            return original(self, key)

        monkeypatch.setattr(SegmentTask, "question", kill_first)
        made = submit(world, segmented)
        with Run(world, executor, SETTINGS):
            job = ended(world, made)
    assert killed
    assert job.state is State.SUCCEEDED


def test_a_job_in_segments_is_cancelled(world: World, segmented: SegmentedFiles) -> None:
    """Its workers never come to it."""
    whole(world, segmented)
    before = world.blobs()

    class Stuck:
        """An executor without a free worker."""

        workers = 1
        submitted = cancelled = 0

        def submit(self, task: Any, told: Any = None) -> Any:
            Stuck.submitted += 1

            def cancel() -> None:
                Stuck.cancelled += 1
                if not handle.done:
                    handle.finish(zkseal.errors.TaskCancelled("cancelled"))

            handle: Any = zkseal.executors.Handle(cancel)
            return handle

    made = submit(world, segmented)
    with Run(world, Stuck()):
        until(lambda: Stuck.submitted == 2)
        jobs.cancel(world.vault, world.tenant.id, made)
        assert ended(world, made).state is State.CANCELLED
    assert Stuck.cancelled >= 2
    assert world.blobs() == before
