"""What a relay returns is bytes of others, without a cluster: whatever is no message is the worker's fault, by name."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from zkseal import frames
from zkseal.errors import ResultRejected
from zkseal.executors import ray_cluster
from zkseal.executors.child import WorkerSettings
from zkseal.executors.key_files import KeyFile

STARTED = {"node": "n", "relay_pid": 1, "worker_pid": 2}


def worker(monkeypatch: pytest.MonkeyPatch, **returned: Any) -> ray_cluster.RayWorker:
    """A worker whose relay returns these values, by method."""
    values = {"start": STARTED, "has_key": True, "send": None} | returned

    def method(name: str) -> SimpleNamespace:
        return SimpleNamespace(remote=lambda *args: frames.encode({"ok": values[name]}))

    actor = SimpleNamespace(**{name: method(name) for name in values})
    made = SimpleNamespace(remote=lambda *args: actor)
    ray = SimpleNamespace(
        remote=lambda kind: SimpleNamespace(options=lambda **options: made),
        get=lambda value, timeout: value,
        kill=lambda actor, no_restart: None,
        exceptions=SimpleNamespace(RayError=type("RayError", (Exception,), {})),
    )
    monkeypatch.setattr(ray_cluster, "_ray", lambda: ray)
    return ray_cluster.RayWorker(0, WorkerSettings(), ray_cluster._Sharing(None))


@pytest.mark.parametrize("message", [5, None, "text", [b"bytes"]])
def test_a_message_that_is_no_bytes_is_rejected(monkeypatch: pytest.MonkeyPatch, message: Any) -> None:
    asked = worker(monkeypatch, receive=message)
    with pytest.raises(ResultRejected):
        asked.ask(KeyFile(bytes(32), Path("model.zkp")), {"do": "prove"}, lambda stage, share: None)


@pytest.mark.parametrize("started", [5, {}, {**STARTED, "node": 1}, {**STARTED, "relay_pid": "1"}])
def test_a_start_that_says_something_else_is_rejected(monkeypatch: pytest.MonkeyPatch, started: Any) -> None:
    with pytest.raises(ResultRejected):
        worker(monkeypatch, start=started)
