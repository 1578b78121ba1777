"""A real Ray cluster of several nodes on this machine, and everything that can happen in it."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("ray")

from tests.cluster.decoders import Decoder
from tests.cluster.ray_cluster import LocalCluster
from tests.cluster.worlds import QUICK, misbehaving

from zkseal import files, pipeline
from zkseal.errors import ClusterUnreachable, RangeExceeded
from zkseal.executors import KeyFile, Limits, ProveTask, RayExecutor, WorkerSettings, prove_in_segments
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
    settings = misbehaving(tmp_path / "misdeeds", ["corrupts", "dies", "duplicates", "stalls"])
    limits = Limits(IN_TIME.margin, IN_TIME.least_timeout_s, max_attempts=5)
    ids = decoder_keys.ids[-1:]
    with RayExecutor(cluster.address, 3, settings, limits) as executor:
        proof = prove_in_segments(executor, decoder_keys.segmented, ids, context=b"c")
    statement = pipeline.verify(proof.result.receipt, decoder_keys.verifying_key, context=b"c")
    outcomes = {attempt.outcome for attempts in proof.attempts.values() for attempt in attempts}
    assert {"accepted", "ResultRejected", "WorkerLost"} <= outcomes
    assert not any((tmp_path / "misdeeds").iterdir()), "every misdeed was done"
    here = files.load_segmented_proving_key(decoder_keys.path).prove(ids, context=b"c")
    local = pipeline.verify(here.receipt, decoder_keys.verifying_key, context=b"c")
    assert np.array_equal(statement.outputs["y"], local.outputs["y"])
    assert (statement.model_id, statement.context) == (local.model_id, local.context)
    for result in (proof.result, here):
        shown = pipeline.check_opening(result.receipt, result.opening, decoder_keys.verifying_key)
        assert np.array_equal(shown["ids"], ids)


def test_a_worker_of_a_cluster_is_not_believed_that_the_input_is_wrong(
    cluster: LocalCluster, key_file: Keys, inputs: Array, tmp_path: Path
) -> None:
    settings = misbehaving(tmp_path / "misdeeds", ["blames"])
    with RayExecutor(cluster.address, 1, settings, QUICK) as executor:
        handle = executor.submit(ProveTask(key_file[0], inputs[0]))
        with pytest.raises(RangeExceeded):
            handle.result(120)
        assert [attempt.outcome for attempt in handle.attempts] == ["RangeExceeded"] * 3
    settings = misbehaving(tmp_path / "other", ["blames"])
    with RayExecutor(cluster.address, 2, settings, QUICK) as executor:
        handle = executor.submit(ProveTask(key_file[0], inputs[0]))
        waiting = executor.submit(ProveTask(key_file[0], inputs[1]))
        assert handle.result(120).receipt != waiting.result(120).receipt


def test_the_loss_of_a_node_is_survived(key_file: Keys, inputs: Array, tmp_path: Path) -> None:
    cluster = LocalCluster(nodes=2)
    try:
        with RayExecutor(cluster.address, 2, limits=QUICK) as executor:
            proving = threading.Event()
            handles = [executor.submit(ProveTask(key_file[0], x), lambda *told: proving.set()) for x in inputs[:20]]
            assert proving.wait(60)
            cluster.lose_node()
            for handle in handles:
                pipeline.verify(handle.result(120).receipt, key_file[1])
            outcomes = [attempt.outcome for handle in handles for attempt in handle.attempts]
        assert outcomes.count("accepted") == 20
        assert "WorkerLost" in outcomes
    finally:
        cluster.close()


def test_an_address_without_a_cluster_is_an_error() -> None:
    for address in ("127.0.0.1:1", "nowhere", "ray://127.0.0.1"):
        with pytest.raises(ClusterUnreachable):
            RayExecutor(address, 1)


def test_a_cluster_without_room_is_an_error(cluster: LocalCluster) -> None:
    with pytest.raises(ClusterUnreachable):
        RayExecutor(cluster.address, settings=WorkerSettings(threads=64))
