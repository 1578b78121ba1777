"""A real Ray cluster of several nodes on this machine, and everything that can happen in it."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("ray")

from tests.cluster.decoders import Decoder
from tests.cluster.processes import until, with_argument
from tests.cluster.ray_cluster import LocalCluster
from tests.cluster.worlds import FULL, QUICK, done, misbehaving

from zkseal import files, pipeline
from zkseal.errors import ClusterUnreachable, WorkerLost
from zkseal.executors import (
    BatchTask,
    Handle,
    KeyFile,
    Limits,
    ProveTask,
    RayExecutor,
    WorkerSettings,
    prove_in_segments,
)
from zkseal.proving import VerifyingKey

Array = npt.NDArray[np.float32]
Keys = tuple[KeyFile, VerifyingKey]

IN_TIME = Limits(margin=1.0, least_timeout_s=8.0)
"""Of a cluster on two busy cores, where a worker of one stalls."""


def test_many_inferences_are_proved_with_keys_that_were_sent(
    cluster: LocalCluster, key_file: Keys, inputs: Array
) -> None:
    key, verifying_key = key_file
    with RayExecutor(cluster.address, 3, limits=QUICK) as executor:
        handles = [executor.submit(ProveTask(key, x, b"visit")) for x in inputs[:6]]
        for handle in handles:
            pipeline.verify(handle.result(120).receipt, verifying_key, context=b"visit")
        used = {attempt.worker for handle in handles for attempt in handle.attempts}
        sent = [names for names in cluster.key_files() if names]
        assert sent == [[f"{key.digest.hex()}.zkp"]] * len(used)
    assert not any(cluster.key_files()), "keys hold weights: they are removed when the executor is closed"


def test_a_segmented_proof_comes_out_right_with_workers_that_die_lie_stall_and_duplicate(
    cluster: LocalCluster, decoder_keys: Decoder, tmp_path: Path
) -> None:
    settings = misbehaving(tmp_path / "misdeeds", ["stalls", "dies", "corrupts", "duplicates"])
    limits = Limits(IN_TIME.margin, IN_TIME.least_timeout_s, max_attempts=5)
    ids = decoder_keys.ids[-1:]
    with RayExecutor(cluster.address, 3, settings, limits) as executor:
        proof = prove_in_segments(executor, decoder_keys.segmented, ids, context=b"c")
    statement = pipeline.verify(proof.result.receipt, decoder_keys.verifying_key, context=b"c")
    outcomes = {attempt.outcome for attempts in proof.attempts.values() for attempt in attempts}
    assert {"accepted", "ResultRejected", "WorkerLost"} <= outcomes
    assert done(tmp_path / "misdeeds") >= {"stalls", "dies", "corrupts", "duplicates"}
    until(lambda: not with_argument(str(tmp_path)))
    here = files.load_segmented_proving_key(decoder_keys.path).prove(ids, context=b"c")
    local = pipeline.verify(here.receipt, decoder_keys.verifying_key, context=b"c")
    assert np.array_equal(statement.outputs["y"], local.outputs["y"])
    assert (statement.model_id, statement.context) == (local.model_id, local.context)
    for result in (proof.result, here):
        shown = pipeline.check_opening(result.receipt, result.opening, decoder_keys.verifying_key)
        assert np.array_equal(shown["ids"], ids)


@pytest.mark.skipif(not FULL, reason="takes a while: make test-ray")
def test_no_file_of_ray_holds_an_input(cluster: LocalCluster, key_file: Keys, tmp_path: Path) -> None:
    """Its logs least of all: also not of a worker that fails with the input in its hands."""
    marked = np.frombuffer(b"marked-1marked-2", np.float32) * np.float32(1)
    marked = np.clip(marked, -2, 2) + np.array([0.12345, 0.23456, 0.34567, 0.45678], np.float32)
    settings = misbehaving(tmp_path / "misdeeds", ["corrupts", "dies"])
    with RayExecutor(cluster.address, 1, settings, QUICK) as executor:
        executor.submit(ProveTask(key_file[0], marked, b"c")).result(120)
    data = marked.tobytes()
    forms = [data, data.hex().encode(), base64.b64encode(data)[:-4], repr(float(marked[0])).encode()]
    read = 0
    for path in cluster.folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            contents = path.read_bytes()
            read += len(contents)
            assert not any(form in contents for form in forms), path
    assert read > 100_000, "there are logs"


@pytest.mark.skipif(not FULL, reason="takes a cluster of its own: make test-ray")
def test_the_loss_of_a_node_is_survived(key_file: Keys, inputs: Array) -> None:
    cluster = LocalCluster(nodes=2)
    try:
        with RayExecutor(cluster.address, 2, limits=QUICK) as executor:
            used: set[str] = set()

            def prove(count: int) -> list[Handle[pipeline.ProveResult]]:
                task = ProveTask(key_file[0], inputs[0])
                return [executor.submit(task, lambda worker, *told: used.add(worker)) for _ in range(count)]

            until(lambda: [handle.result(60) for handle in prove(4)] and len(used) == 2, limit_s=90)
            handles = prove(20)
            cluster.lose_node()
            for handle in handles:
                pipeline.verify(handle.result(120).receipt, key_file[1])
            outcomes = [attempt.outcome for handle in handles for attempt in handle.attempts]
        assert outcomes.count("accepted") == 20
        assert "WorkerLost" in outcomes
    finally:
        cluster.close()


@pytest.mark.skipif(not FULL, reason="takes a while: make test-ray")
def test_a_key_that_somebody_removed_is_sent_again(
    cluster: LocalCluster, key_file: Keys, batch_key_file: Keys, inputs: Array
) -> None:
    with RayExecutor(cluster.address, 1, WorkerSettings(keys_held=1), QUICK) as executor:
        executor.submit(ProveTask(key_file[0], inputs[0])).result(120)
        executor.submit(BatchTask(batch_key_file[0], list(inputs[:4]))).result(120)
        for path in cluster.folder.glob(f"node*/zkseal/keys/{key_file[0].digest.hex()}.zkp"):
            path.unlink()
        handle = executor.submit(ProveTask(key_file[0], inputs[0]))
        handle.result(120)
        assert [attempt.outcome for attempt in handle.attempts] == ["FileUnavailable", "accepted"]


@pytest.mark.skipif(not FULL, reason="takes a while: make test-ray")
def test_a_worker_that_finds_no_place_is_an_error_and_is_not_waited_for_any_more(
    cluster: LocalCluster, key_file: Keys, inputs: Array
) -> None:
    too_large = WorkerSettings(threads=2, start_timeout_s=2)
    with RayExecutor(cluster.address, 1, too_large, QUICK) as executor, pytest.raises(WorkerLost):
        executor.submit(ProveTask(key_file[0], inputs[0])).result(120)
    with RayExecutor(cluster.address, 3, limits=QUICK) as executor:
        executor.submit(ProveTask(key_file[0], inputs[0])).result(120)


def test_an_address_without_a_cluster_is_an_error() -> None:
    for address in ("127.0.0.1:1", "nowhere", "ray://127.0.0.1"):
        with pytest.raises(ClusterUnreachable):
            RayExecutor(address, 1)


def test_a_cluster_without_room_is_an_error(cluster: LocalCluster) -> None:
    with pytest.raises(ClusterUnreachable):
        RayExecutor(cluster.address, settings=WorkerSettings(threads=64))


@pytest.mark.skipif(not FULL, reason="Ray tries for twenty seconds: make test-ray")
def test_who_has_another_token_is_refused(cluster: LocalCluster) -> None:
    program = "import sys; from zkseal.executors import RayExecutor; RayExecutor(sys.argv[1], 1)"
    for mode in ({"RAY_AUTH_TOKEN": "f" * 64}, {"RAY_AUTH_MODE": "disabled"}):
        done = subprocess.run(
            [sys.executable, "-c", program, cluster.address],
            env={**os.environ, **mode},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode != 0
        assert "ClusterUnreachable" in done.stderr
