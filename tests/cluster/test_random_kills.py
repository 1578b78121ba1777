"""Workers that are killed at random moments, one after the other, while many tasks run: each task ends once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("ray")

from tests.cluster.processes import kill_all, with_argument
from tests.cluster.ray_cluster import LocalCluster
from tests.cluster.worlds import FULL, misbehaving

from zkseal import pipeline
from zkseal.errors import WorkerLost
from zkseal.executors import Executor, KeyFile, Limits, LocalExecutor, ProveTask, RayExecutor
from zkseal.proving import VerifyingKey

Keys = tuple[KeyFile, VerifyingKey]
LIMITS = Limits(margin=1.0, least_timeout_s=60.0, max_attempts=4)


def under_fire(executor: Executor, keys: Keys, x: npt.NDArray[np.float32], kill: Callable[[], int], kills: int) -> None:
    """Proves until so many workers were killed; then looks at what became of every task."""
    chance = random.Random(kills)
    over = threading.Event()

    def shoot() -> None:
        killed = 0
        while killed < kills:
            time.sleep(chance.uniform(0.05, 0.5))
            killed += kill()
        over.set()

    thread = threading.Thread(target=shoot, daemon=True)
    thread.start()
    calls: list[int] = []
    handles = []
    while not over.is_set():
        number = len(handles)
        handle = executor.submit(ProveTask(keys[0], x, number.to_bytes(4, "big")))
        handle.when_done(lambda number=number: calls.append(number))  # type: ignore[misc]
        handles.append(handle)
        time.sleep(0.05)
    thread.join()
    ends = [_end(handle, keys[1], number) for number, handle in enumerate(handles)]
    assert sorted(calls) == list(range(len(handles))), "each task ends once"
    lost = [attempt for handle in handles for attempt in handle.attempts if attempt.outcome == WorkerLost.code]
    assert lost
    # Four workers in a row are rarely killed under one task.
    assert ends.count("proved") > 0.9 * len(ends)


def _end(handle: object, verifying_key: VerifyingKey, number: int) -> str:
    try:
        receipt = handle.result(120).receipt  # type: ignore[attr-defined]
    except WorkerLost:
        return "lost"
    pipeline.verify(receipt, verifying_key, context=number.to_bytes(4, "big"))
    return "proved"


def killing(mark: str) -> Callable[[], int]:
    """Kills one of the processes with this in their command line. How many."""
    chance = random.Random(mark)

    def kill() -> int:
        found = with_argument(mark)
        if found:
            kill_all([chance.choice(found)])
        return min(1, len(found))

    return kill


def test_processes_of_this_machine(key_file: Keys, inputs: npt.NDArray[np.float32], tmp_path: Path) -> None:
    settings = misbehaving(tmp_path / "honest", [])
    with LocalExecutor(2, settings, LIMITS) as executor:
        under_fire(executor, key_file, inputs[0], killing(str(tmp_path)), kills=12)


@pytest.mark.skipif(not FULL, reason="takes minutes: make test-ray")
@pytest.mark.parametrize("victim", ["worker", "actor"])
def test_workers_and_actors_of_a_cluster(
    cluster: LocalCluster, key_file: Keys, inputs: npt.NDArray[np.float32], tmp_path: Path, victim: str
) -> None:
    settings = misbehaving(tmp_path / "honest", [])
    # A process of Ray has the name of the actor that it is.
    mark = str(tmp_path) if victim == "worker" else "ray::Relay"
    with RayExecutor(cluster.address, 3, settings, LIMITS) as executor:
        under_fire(executor, key_file, inputs[0], killing(mark), kills=25)
