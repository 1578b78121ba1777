"""`zkseal broker serve` is killed two dozen times while clients ask at once: nobody holds a key without its entry.

After every kill the database opens, the log is one chain that holds the anchor's checkpoint, and nonces are used once.
"""

from __future__ import annotations

import hashlib
import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.broker.worlds import CONTENT, DEVELOPMENT, NOW, Enclave, head_of, sandbox_evidence

from zkseal._native import PublisherKey, SigningKey
from zkseal.broker import BrokerClient, BrokerFolder, DevReleasedKey, read_checkpoint, verify_log, write_checkpoint
from zkseal.broker.requests import nonce_digest
from zkseal.errors import DecodeError, FileUnavailable, KeyDenied
from zkseal.sealed import SealedModel, SealingTerms, seal
from zkseal.tee import Assurance, AttestationBundle, parse_policy

pytestmark = [pytest.mark.native, pytest.mark.slow]

KILLS = 24
CLIENTS = 4
SEED = 20261129
LONGEST_S = 0.5


@dataclass
class Clients:
    """Enclaves that ask as fast as they can, and remember every answer."""

    enclave: Enclave
    issuer: SigningKey
    url: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)
    held: list[tuple[bytes, AttestationBundle, DevReleasedKey]] = field(default_factory=list)
    unanswered: list[tuple[bytes, AttestationBundle]] = field(default_factory=list)
    strange: list[Exception] = field(default_factory=list)

    def ask(self) -> None:
        """Until told to stop; a broker that is gone is asked again."""
        while not self.stopping.is_set():
            client, bundle, nonce = BrokerClient(self.url), None, b""
            try:
                nonce = client.challenge()
                runtime = self.enclave.runtime(nonce)
                bundle = AttestationBundle(runtime, sandbox_evidence(runtime, self.issuer))
                self.held.append((nonce, bundle, client.release_development(bundle, *head_of(self.enclave.model))))
            except (FileUnavailable, DecodeError):
                if bundle is not None:
                    self.unanswered.append((nonce, bundle))
                time.sleep(0.01)
            except Exception as error:
                self.strange.append(error)
                return


def served(folder: Path, anchor: Path) -> tuple[subprocess.Popen[str], int]:
    """The broker as a process, and its port."""
    words = ["broker", "serve", str(folder), "--port", "0", "--anchor", str(anchor), "--nonce-lifetime", "300"]
    rates = ["--client-rate", "1000000", "--rate", "1000000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "zkseal", *words, *rates], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    assert '"serving"' in line, line + process.stderr.read()
    threading.Thread(target=process.stderr.read, daemon=True).start()
    return process, json.loads(line)["port"]


def test_two_dozen_kills(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    print(f"seed {SEED}")
    folder, anchor = BrokerFolder(tmp_path / "broker"), tmp_path / "elsewhere.checkpoint"
    folder.create(now=NOW)
    broker = folder.open()
    terms = SealingTerms("toy", 1, bytes(32), parse_policy(DEVELOPMENT).digest, Assurance.SANDBOX, NOW)
    seal(tmp_path / "toy.zks", {"proving-key": CONTENT}, terms, PublisherKey.generate(), [broker.public_key])
    model = SealedModel.open(tmp_path / "toy.zks")
    broker.add_model(model, DEVELOPMENT, now=NOW)
    write_checkpoint(anchor, broker.checkpoint(now=NOW))
    broker.close()

    clients = Clients(Enclave(model, Assurance.SANDBOX), SigningKey.generate(), url="http://127.0.0.1:1")
    threads = [threading.Thread(target=clients.ask) for _ in range(CLIENTS)]
    process, port = served(folder.path, anchor)
    clients.url = f"http://127.0.0.1:{port}"
    for thread in threads:
        thread.start()
    try:
        for _ in range(KILLS):
            time.sleep(rng.uniform(0.02, LONGEST_S))
            process.send_signal(signal.SIGKILL)
            process.wait()
            check(folder, anchor, clients)
            process, port = served(folder.path, anchor)
            clients.url = f"http://127.0.0.1:{port}"
        time.sleep(LONGEST_S)
    finally:
        clients.stopping.set()
        for thread in threads:
            thread.join()
    assert clients.strange == []
    answers = replayed(clients, f"http://127.0.0.1:{port}")
    assert set(answers) <= {"released", "replayed"}
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    check(folder, anchor, clients)
    print(
        f"{len(clients.held)} keys held, {len(clients.unanswered)} answers lost by {KILLS} kills, then: {dict(answers)}"
    )
    assert len(clients.held) > KILLS
    assert clients.unanswered, "no kill met a request: the test tests nothing"
    for nonce, _, released in clients.held[:: max(1, len(clients.held) // 20)]:
        assert clients.enclave.content(released, nonce) == CONTENT


def replayed(clients: Clients, url: str) -> Counter[str]:
    """Every nonce again: those that got a key get none; those whose answer was lost get one, or had one."""
    client, head, answers = BrokerClient(url), head_of(clients.enclave.model), Counter[str]()
    for _, bundle, _ in clients.held:
        with pytest.raises(KeyDenied) as caught:
            client.release_development(bundle, *head)
        assert caught.value.denial == "replayed"
    for nonce, bundle in clients.unanswered:
        try:
            clients.held.append((nonce, bundle, client.release_development(bundle, *head)))
            answers["released"] += 1
        except KeyDenied as denial:
            answers[denial.denial] += 1
    return answers


def check(folder: BrokerFolder, anchor: Path, clients: Clients) -> None:
    """What holds after every kill."""
    held = list(clients.held)
    with sqlite3.connect(folder.database) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    log = verify_log(folder.database, [read_checkpoint(anchor)])
    assert log.broken is None, log.broken
    released = [entry for entry in log.entries if entry.kind == "released_development"]
    uses = Counter(entry.fields["nonce_digest"] for entry in released)
    assert not uses or max(uses.values()) == 1
    for nonce, bundle, key in held:
        entry = log.entries[key.sequence]
        assert entry.hash == key.entry_hash
        assert entry.fields["wrapped_key_digest"] == hashlib.sha256(key.wrapped_key).digest()
        assert entry.fields["nonce_digest"] == nonce_digest(nonce)
        assert entry.fields["evidence_digest"] == hashlib.sha256(bundle.to_cbor()).digest()
