"""A service whose jobs are proved on a Ray cluster."""

from __future__ import annotations

import base64
import io
import threading
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

pytest.importorskip("ray")

from tests.cluster.processes import until
from tests.cluster.ray_cluster import LocalCluster
from tests.cluster.worlds import FULL
from tests.service.http.served import CONTEXT, inputs, make_key_files, register_models, settings_in

import zkseal
from zkseal.files import load_verifying_key
from zkseal.receipts import Receipt
from zkseal.service.observing import ServiceLog
from zkseal.service.serving import running


@pytest.mark.skipif(not FULL, reason="takes a cluster: make test-ray")
def test_an_inference_over_http_is_proved_on_the_cluster(cluster: LocalCluster, tmp_path: Path) -> None:
    keys = make_key_files(tmp_path)
    settings, tenant, api_key = settings_in(tmp_path / "service")
    settings = replace(settings, worker=replace(settings.worker, ray_address=cluster.address))
    with running(settings, ServiceLog(io.StringIO()), "all", host="127.0.0.1", port=0) as process:
        register_models(process._service, tenant, keys)
        thread = threading.Thread(target=process.run)
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{process.port}", timeout=90, trust_env=False) as http:
                answer = http.post(
                    f"/v1/models/{keys.model_id}/inferences",
                    json={"inputs": inputs(), "context": base64.b64encode(CONTEXT).decode()},
                    headers={"Authorization": f"Bearer {api_key}", "Prefer": "wait=60"},
                )
            assert answer.status_code == 200, answer.text
            receipt = Receipt.from_cbor(base64.b64decode(answer.json()["receipt"]))
            zkseal.verify(receipt, load_verifying_key(keys.verifying), context=CONTEXT)
            assert any(cluster.key_files())
        finally:
            process.stop()
            thread.join(60)
    until(lambda: not any(cluster.key_files()))
