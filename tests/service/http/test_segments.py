"""Models in segments over HTTP: sent piece by piece, proved by the worker, verified by the client."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.e2e.small_models import SAMPLES
from tests.service.http.served import CONTEXT, Served, require_problem
from tests.service.http.test_client import Liar
from tests.service.segmented import SegmentedFiles

import zkseal
from zkseal.errors import FileUnavailable, InvalidEncoding, NotFound, WrongModel
from zkseal.files import load_any_proving_key, save_any_proving_key, save_any_verifying_key

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def segmented(tmp_path_factory: pytest.TempPathFactory) -> SegmentedFiles:
    return SegmentedFiles.made(tmp_path_factory.mktemp("segmented") / "small.zkp")


@pytest.fixture
def tenant(served: Served, request: pytest.FixtureRequest) -> Served:
    """The service, for a tenant of the test's own."""
    return served.for_new_tenant(f"tenant {abs(hash(request.node.nodeid))}")


def test_the_client_sends_a_model_with_its_segments_and_proves(tenant: Served, segmented: SegmentedFiles) -> None:
    with tenant.client() as client:
        model = client.register(segmented.path, "in segments")
        assert (model.provable, model.model_id.hex()) == (True, segmented.model_id)
        phases: list[str] = []
        result = client.prove(model, SAMPLES[7], context=CONTEXT, progress=lambda phase, share: phases.append(phase))
        expected = zkseal.prove(load_any_proving_key(segmented.path), SAMPLES[7])
        assert np.array_equal(result.outputs["y"], expected.outputs["y"])
        zkseal.verify(result.receipt, segmented.verifying_key, context=CONTEXT)
        opened = zkseal.check_opening(result.receipt, result.opening, segmented.verifying_key)
        assert np.allclose(opened["x"], SAMPLES[7:8], atol=0.05)
        assert set(phases) <= {"execute", "segments"}
        said = client.verify_there(result.receipt, context=CONTEXT)
        assert said.model_id.hex() == segmented.model_id
        (found,) = [each for each in client.models() if each.model_id == model.model_id]
        assert found.provable
        assert client.model(segmented.model_id).verifying_key.data == segmented.verifying_key.data
    with tenant.http() as http:
        details = http.get(f"/v1/models/{segmented.model_id}").json()
        assert details["missing_segments"] == []
        assert details["description"] == json.loads(json.dumps(zkseal.describe(segmented.verifying_key)))


def test_an_upload_that_was_broken_off_goes_on(tenant: Served, segmented: SegmentedFiles) -> None:
    first, second = segmented.parts
    with tenant.http() as http:
        made = http.post("/v1/models?name=m", content=bytes(segmented.head))
        assert (made.status_code, made.json()["missing_segments"]) == (201, [first, second])
        path = f"/v1/models/{segmented.model_id}"
        asked = {"inputs": {"x": SAMPLES[:1].tolist()}}
        document = require_problem(http.post(f"{path}/inferences", json=asked), 404, "NotFound")
        assert document["fields"]["kind"] == "segment"
        put = http.put(f"{path}/segments/{first}", content=bytes(segmented.parts[first]))
        assert (put.status_code, put.json()["missing_segments"], put.json()["provable"]) == (200, [second], False)
        asked_for: list[str] = []
        with tenant.client() as client:
            Liar(client, lambda path, response: asked_for.append(path))
            for _ in range(2):
                assert client.register(segmented.path).provable
        assert [each.rpartition("/")[2] for each in asked_for] == ["models", second, "models"]
        assert http.post(f"{path}/inferences", json=asked).status_code == 200
        assert http.delete(path).status_code == 204
        require_problem(http.put(f"{path}/segments/{first}", content=bytes(segmented.parts[first])), 404)


def test_what_is_no_segment_is_refused_by_its_name(tenant: Served, segmented: SegmentedFiles) -> None:
    first, second = segmented.parts
    with tenant.http() as http:
        path = f"/v1/models/{segmented.model_id}/segments"
        require_problem(http.put(f"{path}/{first}", content=bytes(segmented.parts[first])), 404, "NotFound")
        http.post("/v1/models", content=bytes(segmented.head))
        require_problem(http.put(f"{path}/{first}", content=bytes(segmented.parts[second])), 422, "DigestMismatch")
        require_problem(http.put(f"{path}/{first}", content=b""), 422)
        for digest in ("0" * 64, "x", first.upper()):
            require_problem(http.put(f"{path}/{digest}", content=bytes(segmented.parts[first])), 404, "NotFound")
        require_problem(http.post("/v1/models", content=bytes(segmented.parts[first])), 422, "WrongFileKind")


def test_a_verifying_key_in_segments_is_enough_to_verify(
    tenant: Served, segmented: SegmentedFiles, tmp_path: Path
) -> None:
    save_any_verifying_key(tmp_path / "key.zkv", segmented.verifying_key)
    receipt = zkseal.prove(load_any_proving_key(segmented.path), SAMPLES[0], context=CONTEXT).receipt
    with tenant.client() as client:
        assert not client.register(tmp_path / "key.zkv").provable
        assert client.verify_there(receipt, context=CONTEXT).document["verified"]
        with pytest.raises(NotFound):
            client.prove(client.model(segmented.model_id), SAMPLES[0])


def test_a_client_says_when_the_service_asks_for_segments_of_another_key(tenant: Served, tmp_path: Path) -> None:
    """The same model by its id, written anew: the files of its segments are called otherwise."""
    first = SegmentedFiles.made(tmp_path / "first.zkp")
    key = load_any_proving_key(first.path)
    renamed = replace(key, segments=tuple(key.segments), provenance=replace(key.provenance, name="another"))
    anew = [replace(part, provenance=replace(part.provenance, name="another")) for part in renamed.segments]
    save_any_proving_key(tmp_path / "second.zkp", replace(renamed, segments=tuple(anew)))
    with tenant.http() as http:
        assert http.post("/v1/models", content=bytes(first.head)).status_code == 201
    with tenant.client() as client, pytest.raises(NotFound) as raised:
        client.register(tmp_path / "second.zkp")
    assert raised.value.fields["name"] in first.parts


def test_a_segment_that_is_missing_on_the_disk_is_named(tenant: Served, tmp_path: Path) -> None:
    broken = SegmentedFiles.made(tmp_path / "broken.zkp")
    gone = next(iter(broken.parts))
    (tmp_path / "broken.zkp.segments" / f"{gone}.zks").unlink()
    with tenant.client() as client, pytest.raises(FileUnavailable) as raised:
        client.register(broken.path)
    assert gone in raised.value.fields["path"]


@pytest.mark.parametrize("lie", ["another model", "no list"])
def test_a_service_that_lies_about_segments_is_not_believed(
    tenant: Served, segmented: SegmentedFiles, lie: str
) -> None:
    other: dict[str, Any] = {"model_id": "0" * 64, "name": "m", "provable": True}
    odd: dict[str, Any] = {"model_id": segmented.model_id, "name": "m", "missing_segments": {"a": 1}}
    with tenant.client() as client:
        if lie == "another model":
            answer = json.dumps(other).encode()
            Liar(client, lambda path, response: answer if "/segments/" in path else None)
        else:
            answer = json.dumps(odd).encode()
            Liar(client, lambda path, response: answer if path == "/v1/models" else None)
        with pytest.raises(WrongModel if lie == "another model" else InvalidEncoding):
            client.register(segmented.path)
