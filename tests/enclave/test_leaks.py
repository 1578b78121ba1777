"""Plaintext is in the enclave process and nowhere else: not in the host's memory, files or lines, whoever is killed."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from tests.enclave.served import SHARED_FOLDERS, Served, found_in_files, found_in_memory, served
from tests.enclave.worlds import POLICY, World, sample

from zkseal.enclave import DevEnclaveClient
from zkseal.enclave.messages import AnswerMode
from zkseal.errors import DecryptionFailed, EnclaveError, ZksealError

pytestmark = pytest.mark.native

KILLS = 24


def model_markers(world: World) -> list[bytes]:
    """Pieces of the proving key's file that no other file has: blindings, weights, program."""
    plaintext = world.plaintext
    blindings = world.proving_key.weights.blindings[:32]
    weights = max(world.proving_key.weights.weights.values(), key=lambda array: len(np.unique(array)))
    markers = [blindings, np.ascontiguousarray(weights).tobytes()[:64]]
    assert all(marker in plaintext and len(marker) >= 24 for marker in markers)
    return markers


def marked_input(index: int) -> tuple[np.ndarray, list[bytes]]:
    """An input and its bytes, of which six numbers are as good as a name."""
    values = sample(index) + np.float32(1e-3 * index)
    return values, [np.ascontiguousarray(values).tobytes(), np.ascontiguousarray(values, "f8").tobytes()]


def output_markers(outputs: np.ndarray) -> list[bytes]:
    """Of all outputs together: one alone is a round number, as other things are."""
    return [outputs.tobytes(), outputs.astype(np.float32).tobytes(), str(outputs.tolist()).strip("[]").encode()]


def test_the_host_never_holds_plaintext(world: World, tmp_path: Path) -> None:
    markers = model_markers(world)
    since = time.time() - 1
    with world.broker() as broker, served(world.sealed, broker, tmp_path / "host") as host:
        client = DevEnclaveClient(host.url, POLICY)
        for index in range(3):
            values, marks = marked_input(index)
            answered = client.ask(values, mode=AnswerMode.ZK_IN_TEE if index == 1 else AnswerMode.TEE)
            markers += marks + output_markers(answered.outputs["y"])
            markers += [column.blindings for column in (answered.opening.input, answered.opening.output) if column]
        with pytest.raises(ZksealError, match=r"98765\.4"):
            client.ask(np.full((1, 6), 98765.4321, np.float32))
        markers.append(b"98765.4")
        assert found_in_memory(host.process.pid, markers) == []
        lines = host.log.read_text()
        assert lines.count('"route": "/v1/infer"') == 4
    assert not any(marker in lines.encode() for marker in markers)
    folders = [world.folder, *SHARED_FOLDERS]
    assert found_in_files(folders, markers, since) == []


def test_the_search_finds_what_is_there(world: World, tmp_path: Path) -> None:
    """The searches above would find a marker: in this process, which holds it, and in a file."""
    markers = model_markers(world)
    kept = [bytes(bytearray(marker)) for marker in markers]
    assert found_in_memory(os.getpid(), kept) == [0, 1]
    since = time.time() - 1
    leak = tmp_path / "leak"
    leak.write_bytes(b"before" + markers[0] + b"after")
    assert found_in_files([tmp_path], markers, since) == [leak]
    leak.unlink()


@pytest.mark.slow
def test_killing_the_enclave_leaves_nothing_behind(world: World, tmp_path: Path) -> None:
    """Killed at random moments: starting, loading, answering, proving. The host says so, and starts another one."""
    moments = random.Random(5)
    markers = model_markers(world)
    since = time.time() - 1
    reported: list[str] = []
    with world.broker() as broker, served(world.sealed, broker, tmp_path / "host") as host:
        stop = threading.Event()
        thread = threading.Thread(target=_ask_until, args=(host, stop, markers, reported))
        thread.start()
        killed, deadline = 0, time.monotonic() + 240
        while killed < KILLS:
            assert time.monotonic() < deadline
            time.sleep(moments.uniform(0.0, 1.5))
            victims = host.enclaves
            if victims:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(moments.choice(victims), signal.SIGKILL)
                    killed += 1
        _until_it_answers(host)
        stop.set()
        thread.join()
        assert host.process.poll() is None
        assert found_in_memory(host.process.pid, markers) == []
        lines = host.log.read_text()
    assert {"EnclaveStopped"} <= set(reported)
    assert set(reported) <= {"ok", "EnclaveStopped", "EnclaveNotReady", "DecryptionFailed", "RateLimited"}
    assert '"event": "started anew"' in lines
    assert not any(marker in lines.encode() for marker in markers)
    assert found_in_files([world.folder, *SHARED_FOLDERS], markers, since) == []
    assert not [path for path in (tmp_path / "host").rglob("*") if path.name != "log"]


def _ask_until(host: Served, stop: threading.Event, markers: list[bytes], reported: list[str]) -> None:
    index = 0
    client = DevEnclaveClient(host.url, POLICY, timeout_s=60)
    while not stop.is_set():
        index += 1
        values, marks = marked_input(index % 50)
        markers += [mark for mark in marks if mark not in markers]
        try:
            if reported and reported[-1] != "ok":
                client.attest()
            client.ask(values, mode=AnswerMode.ZK_IN_TEE if index % 2 else AnswerMode.TEE)
            reported.append("ok")
        except (EnclaveError, DecryptionFailed) as error:
            reported.append(error.code)
            time.sleep(0.02)


def _until_it_answers(host: Served) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            DevEnclaveClient(host.url, POLICY).ask(sample())
            return
        except (EnclaveError, DecryptionFailed):
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_no_signal_makes_it_dump_its_memory(world: World, tmp_path: Path) -> None:
    """Nor ends it, but for SIGKILL: it is the first process of its namespace."""
    with world.broker() as broker, served(world.sealed, broker, tmp_path / "host") as host:
        launcher, enclave = host.enclaves
        assert resource.prlimit(enclave, resource.RLIMIT_CORE) == (0, 0)
        for number in (signal.SIGABRT, signal.SIGSEGV, signal.SIGQUIT, signal.SIGSYS):
            os.kill(enclave, number)
        os.kill(launcher, signal.SIGABRT)
        time.sleep(0.5)
        _until_it_answers(host)
    assert [path.name for path in (tmp_path / "host").rglob("*")] == ["log"]


def test_nobody_of_the_same_user_reads_the_enclave(world: World, tmp_path: Path) -> None:
    """Its memory belongs to root as far as the kernel is asked, so that a user without privileges cannot trace it."""
    with world.broker() as broker, served(world.sealed, broker, tmp_path / "host") as host:
        _, enclave = host.enclaves
        status = Path(f"/proc/{enclave}/status").read_text()
        assert "NoNewPrivs:\t1" in status
        assert "Seccomp:\t2" in status
        assert "CapEff:\t0000000000000000" in status
        own = Path("/proc/self/ns")
        for name in ("net", "ipc", "mnt", "pid", "user"):
            assert os.readlink(f"/proc/{enclave}/ns/{name}") != os.readlink(own / name)


def test_the_enclave_ends_with_its_host(world: World, tmp_path: Path) -> None:
    with world.broker() as broker, served(world.sealed, broker, tmp_path / "host") as host:
        processes = host.enclaves
        assert len(processes) == 2
        host.process.kill()
        host.process.wait()
        deadline = time.monotonic() + 10
        while any(Path(f"/proc/{pid}").exists() for pid in processes):
            assert time.monotonic() < deadline
            time.sleep(0.05)
