"""Inferences, batches and jobs over HTTP: waited for or not, sent twice, refused, followed, deleted."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from tests.e2e.small_models import SAMPLES
from tests.service.http.served import BATCH, CONTEXT, Served, inputs, require_problem

import zkseal
from zkseal.client.events import read_events
from zkseal.files import load_verifying_key
from zkseal.receipts import Receipt, cbor
from zkseal.service import tenants
from zkseal.service.api_keys import SCOPES

pytestmark = pytest.mark.native

ASYNC = {"Prefer": "respond-async"}


def asked(row: int = 0, context: bytes = CONTEXT) -> dict[str, Any]:
    return {"inputs": inputs(row), "context": base64.b64encode(context).decode()}


def test_an_inference_is_waited_for_and_its_receipt_verifies_here(served: Served) -> None:
    with served.http() as http:
        answer = http.post(f"/v1/models/{served.keys.model_id}/inferences", json=asked(3))
    assert answer.status_code == 200
    document = answer.json()
    data = base64.b64decode(document["receipt"])
    assert hashlib.sha256(data).hexdigest() == document["receipt_digest"] == document["job"]["receipt_digest"]
    proved = zkseal.verify(Receipt.from_cbor(data), load_verifying_key(served.keys.verifying), context=CONTEXT)
    assert document["outputs"] == [{"y": proved.outputs["y"].tolist()}]
    assert answer.headers["location"] == f"/v1/jobs/{document['job']['id']}"


def test_packed_arrays_and_nested_lists_are_the_same_input(served: Served) -> None:
    row = np.asarray(SAMPLES[5:6])
    packed = {"dtype": "float32", "shape": [1, 6], "data": base64.b64encode(row.astype("<f4").tobytes()).decode()}
    with served.http() as http:
        path = f"/v1/models/{served.keys.model_id}/inferences"
        answers = [
            http.post(path, json={"inputs": {"x": x}}).json()["outputs"]
            for x in (packed, row.tolist(), row[0].tolist())
        ]
    assert answers[0] == answers[1] == answers[2]


def test_without_the_scope_for_openings_outputs_stay_hidden(served: Served) -> None:
    with served.http(served.key(set(SCOPES) - {"openings:read"})) as http:
        answer = http.post(f"/v1/models/{served.keys.model_id}/inferences", json=asked())
        assert answer.json()["outputs"] is None
        require_problem(http.get(f"{answer.headers['location']}/outputs"), 403, "ScopeMissing")


def test_respond_async_gives_the_job_and_its_events_follow(served: Served) -> None:
    with served.http() as http:
        answer = http.post(f"/v1/models/{served.keys.model_id}/inferences", json=asked(1), headers=ASYNC)
        assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
        job = answer.json()
        assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
        events = list(read_events(http.get(f"/v1/jobs/{job['id']}/events").text.splitlines()))
        assert [event.kind for event in events][:2] == ["queued", "running"]
        assert events[-1].kind == "succeeded"
        assert [int(event.id) for event in events] == list(range(1, len(events) + 1))
        later = http.get(f"/v1/jobs/{job['id']}/events", headers={"Last-Event-ID": "2"}).text.splitlines()
        assert list(read_events(later)) == events[2:]
        found = http.get(f"/v1/jobs/{job['id']}").json()
        assert (found["state"], found["receipt_digest"]) == ("succeeded", events[-1].data["receipt"])


def test_events_beyond_all_numbers_are_none(served: Served, receipt: Receipt) -> None:
    with served.http() as http:
        job = http.get("/v1/jobs").json()["jobs"][0]["id"]
        with http.stream("GET", f"/v1/jobs/{job}/events", headers={"Last-Event-ID": "9" * 20}) as stream:
            assert next(stream.iter_lines()) == "retry: 1000"
            time.sleep(0.5)
    assert not [line for line in served.lines() if line["event"] == "failed" and "Overflow" in str(line["error"])]


def test_a_stream_ends_when_its_job_is_deleted(idle: Served) -> None:
    with idle.http() as http, idle.http() as other:
        path = http.post(f"/v1/models/{idle.keys.model_id}/inferences", json=asked(), headers=ASYNC).headers["location"]
        with http.stream("GET", f"{path}/events", headers={"Last-Event-ID": "2"}) as stream:
            lines = stream.iter_lines()
            assert next(lines) == "retry: 1000"
            assert [other.delete(path).status_code for _ in range(2)] == [202, 204]
            until = time.monotonic() + 20
            for _ in lines:
                assert time.monotonic() < until


@pytest.mark.parametrize("path", ["/v1/jobs/%00", "/v1/jobs?model_id=%00", "/v1/receipts/a%00"])
def test_a_zero_in_a_name_is_refused_before_any_database_is_asked(unworked: Served, path: str) -> None:
    with unworked.http() as http:
        require_problem(http.get(path), 400)


def test_a_receipt_is_its_bytes_or_a_view(served: Served, receipt: Receipt) -> None:
    digest = hashlib.sha256(receipt.to_cbor()).hexdigest()
    with served.http() as http:
        for accept in ("application/cbor", "*/*", "application/cbor, application/json"):
            answer = http.get(f"/v1/receipts/{digest}", headers={"Accept": accept})
            assert (answer.headers["content-type"], answer.content) == ("application/cbor", receipt.to_cbor())
        view = http.get(f"/v1/receipts/{digest}", headers={"Accept": "application/json"})
        assert view.json() == json.loads(json.dumps(receipt.to_json()))


def test_a_batch_is_one_receipt_for_many_inputs(served: Served) -> None:
    with served.http() as http:
        path = f"/v1/models/{served.keys.batch_id}/batches"
        answer = http.post(path, json={"inputs": [inputs(row) for row in range(3)]})
        assert answer.status_code == 200
        assert len(answer.json()["outputs"]) == 3
        single = http.post(f"/v1/models/{served.keys.model_id}/inferences", json={"inputs": inputs(2)})
        assert answer.json()["outputs"][2] == single.json()["outputs"][0]
        too_many = http.post(path, json={"inputs": [inputs(row) for row in range(BATCH + 1)]})
        require_problem(too_many, 422, "WrongInput")
        none = http.post(path, json={"inputs": []})
        require_problem(none, 400, "InvalidEncoding")


# Waiting. -------------------------------------------------------------------------------------------------------------


def test_who_waits_too_short_gets_the_job(idle: Served) -> None:
    with idle.http() as http:
        path = f"/v1/models/{idle.keys.model_id}/inferences"
        answer = http.post(path, json=asked(), headers={"Prefer": "wait=0"})
        assert (answer.status_code, answer.json()["state"]) == (202, "queued")
        answer = http.post(path, json=asked(), headers={"Prefer": "return=minimal, wait=1"})
        assert (answer.status_code, answer.headers["preference-applied"]) == (202, "wait=1")


# Idempotency. ---------------------------------------------------------------------------------------------------------


def test_a_request_that_is_sent_again_is_one_job(idle: Served) -> None:
    with idle.http() as http:
        path = f"/v1/models/{idle.keys.model_id}/inferences"
        headers = {**ASYNC, "Idempotency-Key": "visit-12"}
        first, second = (http.post(path, json=asked(), headers=headers) for _ in range(2))
        assert first.json()["id"] == second.json()["id"]
        assert "idempotent-replayed" not in first.headers
        assert second.headers["idempotent-replayed"] == "true"
        require_problem(http.post(path, json=asked(1), headers=headers), 422, "IdempotencyConflict")
        require_problem(http.post(path, json=asked(context=b"other"), headers=headers), 422, "IdempotencyConflict")
        assert len(http.get("/v1/jobs").json()["jobs"]) == 1


def test_requests_that_come_at_the_same_time_are_one_job(idle: Served) -> None:
    def send(_: int) -> str:
        with idle.http() as http:
            path = f"/v1/models/{idle.keys.model_id}/inferences"
            answer = http.post(path, json=asked(), headers={**ASYNC, "Idempotency-Key": "at once"})
            return str(answer.json()["id"])

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(send, range(16)))) == 1


def test_an_idempotency_key_belongs_to_one_tenant(idle: Served) -> None:
    other = idle.other_tenant("others")
    with idle.http() as http, idle.http(other) as theirs:
        theirs.post("/v1/models", content=idle.keys.proving.read_bytes())
        path = f"/v1/models/{idle.keys.model_id}/inferences"
        headers = {**ASYNC, "Idempotency-Key": "same"}
        ids = {client.post(path, json=asked(), headers=headers).json()["id"] for client in (http, theirs)}
    assert len(ids) == 2


# Refusals: nothing that is refused becomes a job. ---------------------------------------------------------------------

SECRET = 6151.8125

REFUSED = [
    ({"inputs": {"x": [[SECRET] * 6]}}, 422, "RangeExceeded"),
    ({"inputs": {"x": [[SECRET] * 5]}}, 422, "WrongInput"),
    ({"inputs": {"y": [[SECRET] * 6]}}, 422, "WrongInput"),
    ({"inputs": {"x": [[SECRET] * 6], "6151.8125": 1}}, 422, "WrongInput"),
    ({"inputs": {"x": [[SECRET, "6151.8125"]]}}, 422, "WrongInput"),
    ({"inputs": {"x": [[SECRET], [SECRET, SECRET]]}}, 422, "WrongInput"),
    ({"inputs": {"x": {"dtype": "float32", "shape": [1, 6], "data": "6151.8125"}}}, 422, "WrongInput"),
    ({"inputs": {"x": {"dtype": "6151.8125", "shape": [1, 6], "data": ""}}}, 422, "WrongInput"),
    ({"inputs": {"x": 10**400}}, 422, "WrongInput"),
    ({"inputs": {"x": [[SECRET] * 6]}, "context": "6151.8125"}, 422, "RangeExceeded"),
    ({"inputs": [[SECRET]]}, 400, "InvalidEncoding"),
    ({"inputs": {"x": [[SECRET] * 6]}, "6151.8125": SECRET}, 400, "InvalidEncoding"),
    ({"input": SECRET}, 400, "InvalidEncoding"),
    ([SECRET], 400, "InvalidEncoding"),
]


@pytest.mark.parametrize(("document", "status", "code"), REFUSED)
def test_what_cannot_be_proved_is_refused_at_once_without_a_value(
    unworked: Served, document: Any, status: int, code: str
) -> None:
    with unworked.http() as http:
        answer = http.post(f"/v1/models/{unworked.keys.model_id}/inferences", json=document)
        require_problem(answer, status, code)
        assert "6151" not in answer.text
        assert http.get("/v1/jobs").json() == {"jobs": []}
    assert "6151" not in unworked.log.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"inputs": {"x": [6151.8125,}}',
        b"[" * 5000,
        b'{"inputs": "\xff"}',
        b"\xef\xbb\xbf{}",
        b"NaN",
        b'"\\ud800"',
    ],
)
def test_what_is_no_json_is_told_without_its_text(unworked: Served, body: bytes) -> None:
    with unworked.http() as http:
        answer = http.post(f"/v1/models/{unworked.keys.model_id}/inferences", content=body)
        require_problem(answer, 400, "InvalidEncoding")
        assert "6151" not in answer.text


def test_a_full_queue_is_told_as_something_that_passes(idle: Served) -> None:
    tenants.set_quotas(idle.service.vault.database, idle.tenant, tenants.Quotas(max_queued_jobs=1))
    with idle.http() as http:
        path = f"/v1/models/{idle.keys.model_id}/inferences"
        assert http.post(path, json=asked(), headers=ASYNC).status_code == 202
        answer = http.post(path, json=asked(1), headers=ASYNC)
        document = require_problem(answer, 429, "QuotaExceeded")
        assert document["fields"]["quota"] == "queued_jobs"
        assert int(answer.headers["retry-after"]) >= 1


def test_a_model_without_its_proving_key_proves_nothing(idle: Served) -> None:
    key = idle.other_tenant("verifiers")
    with idle.http(key) as http:
        made = http.post("/v1/models?name=theirs", content=idle.keys.verifying.read_bytes())
        assert (made.status_code, made.json()["provable"]) == (201, False)
        require_problem(http.post(f"/v1/models/{idle.keys.model_id}/inferences", json=asked()), 404, "NotFound")


# The end of jobs. -----------------------------------------------------------------------------------------------------


def test_a_queued_job_is_cancelled_and_then_deleted(idle: Served) -> None:
    with idle.http() as http:
        made = http.post(f"/v1/models/{idle.keys.model_id}/inferences", json=asked(), headers=ASYNC)
        path = made.headers["location"]
        assert http.post(f"{path}/cancellation").json()["state"] == "cancelled"
        require_problem(http.get(f"{path}/opening"), 409, "JobCancelled")
        assert http.delete(path).status_code == 204
        require_problem(http.get(path), 404, "NotFound")


def test_a_job_that_has_a_receipt_is_not_cancelled(served: Served) -> None:
    with served.http() as http:
        made = http.post(f"/v1/models/{served.keys.model_id}/inferences", json=asked())
        path = made.headers["location"]
        require_problem(http.post(f"{path}/cancellation"), 409, "JobConflict")
        assert http.get(f"/v1/receipts/{made.json()['receipt_digest']}").status_code == 200
        assert http.delete(path).status_code == 204
        require_problem(http.get(f"/v1/receipts/{made.json()['receipt_digest']}"), 404)


def test_jobs_are_listed_in_pages(idle: Served) -> None:
    with idle.http() as http:
        path = f"/v1/models/{idle.keys.model_id}/inferences"
        made = [http.post(path, json=asked(row), headers=ASYNC).json()["id"] for row in range(5)]
        first = http.get("/v1/jobs", params={"limit": 3}).json()["jobs"]
        rest = http.get("/v1/jobs", params={"limit": 3, "before": first[-1]["id"]}).json()["jobs"]
        assert sorted(job["id"] for job in first + rest) == sorted(made)
        assert len(http.get("/v1/jobs", params={"state": "queued"}).json()["jobs"]) == 5
        for query in ({"limit": 0}, {"limit": "x"}, {"state": "lost"}):
            require_problem(http.get("/v1/jobs", params=query), 400, "InvalidEncoding")


def test_the_opening_opens_the_commitments(served: Served, receipt: Receipt) -> None:
    from zkseal.proving.plain_arrays import opening_from_plain

    with served.http() as http:
        made = http.post(f"/v1/models/{served.keys.model_id}/inferences", json=asked(7))
        data = http.get(f"{made.headers['location']}/opening").content
    opening = opening_from_plain(cbor.loads(data, max_bytes=1 << 20))
    key = load_verifying_key(served.keys.verifying)
    opened = zkseal.check_opening(Receipt.from_cbor(base64.b64decode(made.json()["receipt"])), opening, key)
    assert np.allclose(opened["x"], SAMPLES[7:8], atol=0.01)
    with pytest.raises(zkseal.ZksealError):
        zkseal.check_opening(receipt, opening, key)
