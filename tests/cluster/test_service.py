"""A service whose jobs are proved on a Ray cluster."""

from __future__ import annotations

import base64
import contextlib
import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

pytest.importorskip("ray")

from tests.cluster.processes import until
from tests.cluster.ray_cluster import LocalCluster
from tests.cluster.worlds import FULL
from tests.service.http.served import CONTEXT, inputs, make_key_files, register_models, settings_in
from tests.service.segmented import SegmentedFiles

import zkseal
from zkseal.client import Client
from zkseal.files import load_verifying_key
from zkseal.receipts import Receipt
from zkseal.service.observing import ServiceLog
from zkseal.service.service import Service
from zkseal.service.serving import running

pytestmark = pytest.mark.skipif(not FULL, reason="takes a cluster: make test-ray")


@contextlib.contextmanager
def serving(cluster: LocalCluster, folder: Path) -> Iterator[tuple[Service, str, str, str]]:
    """A service whose worker is on the cluster: the service, its URL, a tenant and an API key of it."""
    settings, tenant, api_key = settings_in(folder)
    settings = replace(settings, worker=replace(settings.worker, ray_address=cluster.address))
    with running(settings, ServiceLog(io.StringIO()), "all", host="127.0.0.1", port=0) as process:
        thread = threading.Thread(target=process.run)
        thread.start()
        try:
            yield process._service, f"http://127.0.0.1:{process.port}", tenant, api_key
        finally:
            process.stop()
            thread.join(60)
    until(lambda: not any(cluster.key_files()))


def test_an_inference_over_http_is_proved_on_the_cluster(cluster: LocalCluster, tmp_path: Path) -> None:
    keys = make_key_files(tmp_path)
    with serving(cluster, tmp_path / "service") as (service, url, tenant, api_key):
        register_models(service, tenant, keys)
        with httpx.Client(base_url=url, timeout=90, trust_env=False) as http:
            answer = http.post(
                f"/v1/models/{keys.model_id}/inferences",
                json={"inputs": inputs(), "context": base64.b64encode(CONTEXT).decode()},
                headers={"Authorization": f"Bearer {api_key}", "Prefer": "wait=60"},
            )
        assert answer.status_code == 200, answer.text
        receipt = Receipt.from_cbor(base64.b64decode(answer.json()["receipt"]))
        zkseal.verify(receipt, load_verifying_key(keys.verifying), context=CONTEXT)
        assert any(cluster.key_files())


def test_a_model_in_segments_is_proved_on_the_cluster(cluster: LocalCluster, tmp_path: Path) -> None:
    keys = SegmentedFiles.made(tmp_path / "segments.zkp")
    with serving(cluster, tmp_path / "service") as (_, url, _, api_key), Client(url, api_key) as client:
        result = client.prove(client.register(keys.path), inputs()["x"], context=CONTEXT)
        zkseal.verify(result.receipt, keys.verifying_key, context=CONTEXT)
        assert any(cluster.key_files())
