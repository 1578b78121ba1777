"""Workers that are processes of this machine: results, and every way in which a worker can go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.cluster.conftest import saved
from tests.cluster.processes import until, with_argument
from tests.cluster.worlds import QUICK, STALLED, misbehaving

from zkseal import files, pipeline
from zkseal.conftest import tiny_graph
from zkseal.errors import (
    DigestMismatch,
    ExecutorClosed,
    RangeExceeded,
    ResultRejected,
    TaskCancelled,
    WorkerLost,
    WorkerStalled,
    WrongInput,
)
from zkseal.executors import BatchTask, Handle, KeyFile, LocalExecutor, ProveTask, WorkerSettings, in_batches
from zkseal.executors.child import ChildProcess
from zkseal.executors.dispatcher import Dispatcher
from zkseal.executors.local import LocalWorker
from zkseal.proving import VerifyingKey

Array = npt.NDArray[np.float32]
Keys = tuple[KeyFile, VerifyingKey]


def outcomes(handle: Handle[Any]) -> list[str]:
    return [attempt.outcome for attempt in handle.attempts]


def test_many_inferences_are_proved_as_if_each_were_proved_here(key_file: Keys, inputs: Array) -> None:
    key, verifying_key = key_file
    here = files.load_proving_key(key.path)
    with LocalExecutor(2, limits=QUICK) as executor:
        handles = [executor.submit(ProveTask(key, x, b"visit")) for x in inputs[:6]]
        results = [handle.result(60) for handle in handles]
    for x, result, handle in zip(inputs, results, handles, strict=False):
        pipeline.verify(result.receipt, verifying_key, context=b"visit")
        pipeline.check_opening(result.receipt, result.opening, verifying_key)
        expected = pipeline.answer(here, x).outputs["y"]
        assert np.array_equal(result.outputs["y"], expected)
        assert result.outputs["y"].dtype == expected.dtype
        assert outcomes(handle) == ["accepted"]


def test_workers_prove_at_the_same_time(key_file: Keys, inputs: Array) -> None:
    both = threading.Barrier(2, timeout=60)

    def meet(worker: str, stage: str, share: float) -> None:
        if (stage, share) == ("commit", 0.1):
            both.wait()

    with LocalExecutor(2, limits=QUICK) as executor:
        handles = [executor.submit(ProveTask(key_file[0], x), told=meet) for x in inputs[:2]]
        for handle in handles:
            handle.result(60)
    assert {handle.attempts[0].worker for handle in handles} == {"0", "1"}


def test_a_batch_is_one_receipt_with_the_outputs_of_each_input(
    key_file: Keys, batch_key_file: Keys, inputs: Array
) -> None:
    key, verifying_key = batch_key_file
    with LocalExecutor(1, limits=QUICK) as executor:
        tasks = in_batches(key, list(inputs[:7]), b"batch")
        results = [executor.submit(task).result(60) for task in tasks]
    assert [len(result.outputs) for result in results] == [4, 3]
    for result in results:
        pipeline.verify(result.receipt, verifying_key, context=b"batch")
    found = np.concatenate([row["y"] for result in results for row in result.outputs])
    single = files.load_proving_key(key_file[0].path)
    assert np.array_equal(found, np.concatenate([pipeline.answer(single, x).outputs["y"] for x in inputs[:7]]))


def test_an_answer_is_proved_with_its_opening(key_file: Keys, inputs: Array) -> None:
    key, verifying_key = key_file
    answer = pipeline.answer(files.load_proving_key(key.path), inputs[3], context=b"later")
    with LocalExecutor(1, limits=QUICK) as executor:
        proved = executor.submit(ProveTask(key, inputs[3], b"later", answer.opening)).result(60)
    assert proved.receipt.statement == answer.statement
    pipeline.verify(proved.receipt, verifying_key, context=b"later")


@pytest.mark.parametrize(
    ("misdeed", "outcome"),
    [
        ("dies", "WorkerLost"),
        ("corrupts", "ResultRejected"),
        ("other_input", "ResultRejected"),
        ("other_context", "ResultRejected"),
        ("babbles", "ResultRejected"),
    ],
)
def test_somebody_else_does_what_a_worker_did_wrong(
    key_file: Keys, inputs: Array, tmp_path: Path, misdeed: str, outcome: str
) -> None:
    key, verifying_key = key_file
    settings = misbehaving(tmp_path / "misdeeds", [misdeed])
    with LocalExecutor(1, settings, QUICK) as executor:
        handle = executor.submit(ProveTask(key, inputs[0], b"c"))
        pipeline.verify(handle.result(60).receipt, verifying_key, context=b"c")
        assert outcomes(handle) == [outcome, "accepted"]
        again = executor.submit(ProveTask(key, inputs[1], b"c"))
        again.result(60)
        assert outcomes(again) == ["accepted"]


def test_a_task_is_not_tried_for_ever(key_file: Keys, inputs: Array, tmp_path: Path) -> None:
    for misdeed, error in (("dies", WorkerLost), ("corrupts", ResultRejected)):
        with LocalExecutor(2, misbehaving(tmp_path / misdeed, [misdeed] * 9), QUICK) as executor:
            handle = executor.submit(ProveTask(key_file[0], inputs[0]))
            with pytest.raises(error) as caught:
                handle.result(60)
            assert caught.value.worker in ("0", "1")
            assert outcomes(handle) == [error.code] * 3


def test_the_first_result_counts_when_a_worker_is_late(key_file: Keys, inputs: Array, tmp_path: Path) -> None:
    settings = misbehaving(tmp_path / "misdeeds", ["stalls"])
    with LocalExecutor(2, settings, STALLED) as executor:
        # Both workers get one task, whoever stalls; and both tasks end.
        handles = [executor.submit(ProveTask(key_file[0], x)) for x in inputs[:2]]
        for handle in handles:
            handle.result(60)
        deadline = time.monotonic() + 10
        while sorted(outcome for handle in handles for outcome in outcomes(handle)) != [
            "accepted",
            "accepted",
            "dropped",
        ]:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_a_worker_that_stalls_alone_is_replaced(key_file: Keys, inputs: Array, tmp_path: Path) -> None:
    with LocalExecutor(1, misbehaving(tmp_path / "misdeeds", ["stalls"]), STALLED) as executor:
        handle = executor.submit(ProveTask(key_file[0], inputs[0]))
        handle.result(60)
        assert outcomes(handle) == [WorkerStalled.code, "accepted"]


def test_a_second_copy_of_an_answer_is_not_taken_for_the_next_one(
    key_file: Keys, inputs: Array, tmp_path: Path
) -> None:
    with LocalExecutor(1, misbehaving(tmp_path / "misdeeds", ["duplicates"]), QUICK) as executor:
        handles = [executor.submit(ProveTask(key_file[0], x, bytes([k]))) for k, x in enumerate(inputs[:3])]
        for k, handle in enumerate(handles):
            pipeline.verify(handle.result(60).receipt, key_file[1], context=bytes([k]))
            assert outcomes(handle) == ["accepted"]


def test_an_error_of_our_own_worker_is_the_tasks(key_file: Keys, inputs: Array, tmp_path: Path) -> None:
    with LocalExecutor(1, misbehaving(tmp_path / "misdeeds", ["blames"]), QUICK) as executor:
        handle = executor.submit(ProveTask(key_file[0], inputs[0]))
        with pytest.raises(RangeExceeded):
            handle.result(60)
        assert outcomes(handle) == ["RangeExceeded"]


def test_a_worker_of_others_is_not_believed_that_the_input_is_wrong(
    key_file: Keys, inputs: Array, tmp_path: Path
) -> None:
    def executor(workers: int, settings: WorkerSettings) -> Dispatcher:
        return Dispatcher(lambda n: LocalWorker(str(n), settings), workers, cores=1, limits=QUICK, believed=False)

    with executor(2, misbehaving(tmp_path / "one", ["blames"])) as some:
        handles = [some.submit(ProveTask(key_file[0], x)) for x in inputs[:6]]
        for handle in handles:
            pipeline.verify(handle.result(60).receipt, key_file[1])
    with executor(1, misbehaving(tmp_path / "all", ["blames"])) as all_of_them:
        handle = all_of_them.submit(ProveTask(key_file[0], inputs[0]))
        with pytest.raises(RangeExceeded):
            handle.result(60)
        assert outcomes(handle) == ["RangeExceeded"] * 3


def test_inputs_are_refused_before_a_worker_sees_them(key_file: Keys, batch_key_file: Keys, inputs: Array) -> None:
    with LocalExecutor(1, limits=QUICK) as executor:
        for wrong in (inputs[:2], {"z": inputs[0]}, np.array([[1.0, 2.0, np.nan, 0.0]])):
            with pytest.raises(WrongInput):
                executor.submit(ProveTask(key_file[0], wrong))
        with pytest.raises(RangeExceeded):
            executor.submit(ProveTask(key_file[0], np.full((1, 4), 1e9)))
        with pytest.raises(WrongInput):
            executor.submit(BatchTask(batch_key_file[0], list(inputs[:5])))
        with pytest.raises(WrongInput):
            executor.submit(BatchTask(batch_key_file[0], []))


def test_a_key_file_that_was_replaced_is_not_used(key_file: Keys, inputs: Array, tmp_path: Path) -> None:
    good = key_file[0].path.read_bytes()
    changed = good[:-1] + bytes([good[-1] ^ 1])
    copy = tmp_path / "copy.zkp"
    copy.write_bytes(changed)
    key = KeyFile(key_file[0].digest, copy)
    with LocalExecutor(1, WorkerSettings(keys_held=1), QUICK) as executor:
        with pytest.raises(DigestMismatch):
            executor.submit(ProveTask(key, inputs[0]))
        copy.write_bytes(good)
        executor.submit(ProveTask(key, inputs[0])).result(60)
        other = tmp_path / "other"
        other.mkdir()
        executor.submit(ProveTask(saved(tiny_graph(), inputs, other)[0], inputs[0])).result(60)
        # Now the coordinator knows the key, and the worker has to read it again.
        copy.write_bytes(changed)
        handle = executor.submit(ProveTask(key, inputs[0]))
        with pytest.raises(DigestMismatch):
            handle.result(60)


def test_cancelling_ends_the_worker_and_the_next_task_gets_another(
    key_file: Keys, inputs: Array, tmp_path: Path
) -> None:
    with LocalExecutor(1, misbehaving(tmp_path / "misdeeds", ["stalls"]), QUICK) as executor:
        proving = threading.Event()
        running = executor.submit(ProveTask(key_file[0], inputs[0]), told=lambda *told: proving.set())
        waiting = executor.submit(ProveTask(key_file[0], inputs[1]))
        proving.wait(30)
        waiting.cancel()
        running.cancel()
        for handle in (running, waiting):
            with pytest.raises(TaskCancelled):
                handle.result(5)
        executor.submit(ProveTask(key_file[0], inputs[2])).result(60)


def test_closing_cancels_what_is_not_done_and_leaves_no_process(key_file: Keys, inputs: Array, tmp_path: Path) -> None:
    executor = LocalExecutor(2, misbehaving(tmp_path / "misdeeds", ["stalls"] * 2), QUICK)
    handles = [executor.submit(ProveTask(key_file[0], x)) for x in inputs[:4]]
    time.sleep(0.5)
    executor.close()
    for handle in handles:
        with pytest.raises(TaskCancelled):
            handle.result(5)
    with pytest.raises(ExecutorClosed):
        executor.submit(ProveTask(key_file[0], inputs[0]))
    assert not with_argument(str(tmp_path))


def test_progress_names_worker_and_stage_and_what_it_raises_ends_the_task(key_file: Keys, inputs: Array) -> None:
    told: list[tuple[str, str, float]] = []
    with LocalExecutor(1, limits=QUICK) as executor:
        executor.submit(ProveTask(key_file[0], inputs[0]), told=lambda *update: told.append(update)).result(60)
        assert {worker for worker, _, _ in told} == {"0"}
        assert {"load key", "execute"} < {stage for _, stage, _ in told}
        assert all(0 <= share <= 1 for _, _, share in told)

        def stop(worker: str, stage: str, share: float) -> None:
            raise KeyError("enough")

        with pytest.raises(KeyError):
            executor.submit(ProveTask(key_file[0], inputs[0]), told=stop).result(60)
        executor.submit(ProveTask(key_file[0], inputs[0])).result(60)


def test_a_worker_without_enough_memory_is_said(key_file: Keys, inputs: Array) -> None:
    with LocalExecutor(1, WorkerSettings(memory_bytes=1 << 20), QUICK) as executor:
        handle = executor.submit(ProveTask(key_file[0], inputs[0]))
        with pytest.raises(WorkerLost):
            handle.result(60)


def test_workers_end_with_whoever_started_them(tmp_path: Path) -> None:
    """Killed, it can tell them nothing: they see that their socket ends."""
    program = (
        "import sys, time; from zkseal.executors import *; from zkseal.executors.local import LocalWorker;"
        "worker = LocalWorker('0', WorkerSettings(program=sys.argv[1:])); print('ready', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, *misbehaving(tmp_path / "misdeeds", []).program]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        assert len(with_argument(str(tmp_path))) == 2
        parent.send_signal(signal.SIGKILL)
        parent.wait(10)
    until(lambda: not with_argument(str(tmp_path)))


def test_a_workers_process_has_no_streams_and_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZKSEAL_TEST_SECRET", "abc")
    child = ChildProcess("0", WorkerSettings(threads=3))
    try:
        folder = Path("/proc") / str(child.process_id)
        assert {os.readlink(folder / "fd" / str(number)) for number in range(3)} == {"/dev/null"}
        environment = (folder / "environ").read_bytes().split(b"\0")
        assert not any(b"ZKSEAL_TEST_SECRET" in entry for entry in environment)
        assert b"RAYON_NUM_THREADS=3" in environment
        limits = (folder / "limits").read_text().splitlines()
        assert next(line for line in limits if "core file" in line).split()[4:6] == ["0", "0"]
    finally:
        child.end()
