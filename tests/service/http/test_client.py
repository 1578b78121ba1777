"""The client: called like the local API, believing nothing that it can check, doing nothing twice."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.e2e.small_models import SAMPLES
from tests.service.http.served import CONTEXT, Served

import zkseal
from zkseal.client import Client, RemoteModel
from zkseal.client.transport import Transport, lines_of
from zkseal.errors import (
    ApiKeyRejected,
    DecodeError,
    DigestMismatch,
    InvalidEncoding,
    JobCancelled,
    JobConflict,
    NotFound,
    ProofRejected,
    RangeExceeded,
    RateLimited,
    ServiceError,
    StatementMismatch,
    StorageUnavailable,
    WrongContext,
    WrongInput,
    WrongModel,
)
from zkseal.files import load_proving_key, save_receipt
from zkseal.receipts import Receipt

pytestmark = pytest.mark.native


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with served.client() as found:
        yield found


@pytest.fixture
def model(client: Client, served: Served) -> RemoteModel:
    return client.model(served.keys.model_id)


def test_prove_gives_what_the_local_api_gives(client: Client, model: RemoteModel, served: Served) -> None:
    phases: list[str] = []
    result = client.prove(model, SAMPLES[2:3], context=CONTEXT, progress=lambda phase, share: phases.append(phase))
    local = zkseal.prove(load_proving_key(served.keys.proving), SAMPLES[2:3], context=CONTEXT)
    assert isinstance(result, zkseal.ProveResult)
    assert np.array_equal(result.outputs["y"], local.outputs["y"])
    statement = client.verify(result.receipt, model, context=CONTEXT)
    assert np.array_equal(statement.outputs["y"], local.outputs["y"])
    assert np.allclose(
        zkseal.check_opening(result.receipt, result.opening, model.verifying_key)["x"], SAMPLES[2:3], atol=0.01
    )
    assert client.verify_there(result.receipt, context=CONTEXT).model_id == model.model_id


def test_a_batch_gives_one_result_for_each_input(client: Client, served: Served) -> None:
    batch = client.model(served.keys.batch_id)
    results = client.prove_batch(batch, [SAMPLES[i] for i in range(3)])
    single = client.model(served.keys.model_id)
    assert len({result.receipt.to_cbor() for result in results}) == 1
    for i, result in enumerate(results):
        assert np.array_equal(result.outputs["y"], client.prove(single, SAMPLES[i]).outputs["y"])


def test_a_job_is_followed_and_its_result_fetched_later(client: Client, model: RemoteModel) -> None:
    job = client.submit(model, SAMPLES[4], context=b"later")
    kinds = [event.kind for event in job.events()]
    assert (kinds[0], kinds[-1]) == ("queued", "succeeded")
    assert job.refresh().state == "succeeded"
    assert client.verify(job.result().receipt, model, context=b"later").context == b"later"
    with pytest.raises(JobConflict):
        job.cancel()
    job.delete()
    with pytest.raises(NotFound):
        client.job(job.id)


def test_what_does_not_fit_is_said_before_anything_is_sent(
    client: Client, model: RemoteModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(client, "_transport")
    for inputs, error in (
        (SAMPLES[:1] * 1e6, RangeExceeded),
        ({"y": SAMPLES[:1]}, WrongInput),
        (SAMPLES[:2], WrongInput),
    ):
        with pytest.raises(error):
            client.prove(model, inputs)


def test_a_cancelled_job_has_no_result(idle: Served) -> None:
    with idle.client() as client:
        job = client.submit(client.model(idle.keys.model_id), SAMPLES[0])
        with pytest.raises(JobConflict):
            job.delete()
        assert job.cancel().state == "cancelled"
        with pytest.raises(JobCancelled):
            job.result()


def test_errors_of_the_service_are_errors_of_this_package(client: Client, model: RemoteModel, served: Served) -> None:
    result = client.prove(model, SAMPLES[0])
    with pytest.raises(WrongContext) as caught:
        client.verify_there(result.receipt, context=b"other")
    assert caught.value.status == 422
    # The line is written when the answer has left.
    deadline = time.monotonic() + 10
    while caught.value.request_id not in served.log.getvalue():
        assert time.monotonic() < deadline
    with served.client("zks_x") as stranger, pytest.raises(ApiKeyRejected):
        stranger.models()


@pytest.mark.parametrize("url", ["http://example.org", "http://10.0.0.1:80", "http://localhost.example.org"])
def test_nothing_is_sent_in_the_clear_to_another_machine(url: str) -> None:
    with pytest.raises(WrongInput):
        Client(url, "zks_x")
    Client(url, "zks_x", insecure_http=True).close()


@pytest.mark.parametrize(
    "url", ["", "ftp://x", "https://", "https://u:p@host", "https://host?x", "host", "https://host#x"]
)
def test_only_urls_of_services_are_taken(url: str) -> None:
    with pytest.raises(WrongInput):
        Client(url, "zks_x")


# A service that lies. -------------------------------------------------------------------------------------------------


class Liar:
    """Stands between client and service, and changes answers."""

    def __init__(self, client: Client, change: Callable[[str, Any], Any]) -> None:
        self._request, self._change = client._transport.request, change
        client._transport.request = self.request  # type: ignore[method-assign]

    def request(self, method: str, path: str, **options: Any) -> Any:
        response = self._request(method, path, **options)
        changed = self._change(path, response)
        if isinstance(changed, bytes):
            response._content = changed
        return response


def test_a_receipt_about_another_input_is_not_taken(client: Client, model: RemoteModel) -> None:
    """The service proves another input, truthfully, and gives receipt and opening of that."""
    other = client.submit(model, SAMPLES[9], context=CONTEXT).wait()
    opening = client._transport.request("GET", f"/v1/jobs/{other.id}/opening").content
    receipt = client.receipt(str(other.document["receipt_digest"])).to_cbor()
    job = client.submit(model, SAMPLES[8], context=CONTEXT).wait()

    def change(path: str, response: Any) -> Any:
        return receipt if "/receipts/" in path else opening if path.endswith("/opening") else None

    Liar(client, change)
    with pytest.raises(StatementMismatch):
        job.result()


def test_a_receipt_that_does_not_verify_is_not_taken(client: Client, model: RemoteModel) -> None:
    job = client.submit(model, SAMPLES[8], context=CONTEXT).wait()
    good = client.receipt(str(job.document["receipt_digest"])).to_cbor()

    def change(path: str, response: Any) -> Any:
        return good[:-40] + bytes([good[-40] ^ 1]) + good[-39:] if "/receipts/" in path else None

    Liar(client, change)
    with pytest.raises((ProofRejected, zkseal.ZksealError)):
        job.result()
    with pytest.raises(DigestMismatch):
        client.receipt(str(job.document["receipt_digest"]))


def test_a_key_of_another_model_is_not_taken(client: Client, served: Served) -> None:
    other = client.model(served.keys.batch_id).verifying_key.data
    Liar(client, lambda path, response: other if path.endswith("/verifying-key") else None)
    with pytest.raises(WrongModel):
        client.model(served.keys.model_id)


def test_a_file_pins_the_model_that_it_registers(client: Client, served: Served) -> None:
    registered = client.register(served.keys.proving)
    assert registered.model_id.hex() == served.keys.model_id
    assert registered.provable
    liar = json.dumps({"model_id": served.keys.batch_id, "name": "model", "provable": True}).encode()
    Liar(client, lambda path, response: liar if path == "/v1/models" else None)
    with pytest.raises(WrongModel):
        client.register(served.keys.proving)


def test_a_file_that_is_no_key_is_not_sent(client: Client, served: Served, tmp_path: Path, receipt: Receipt) -> None:
    path = tmp_path / "receipt.zkr"
    save_receipt(path, receipt)
    Liar(client, lambda path, response: pytest.fail("it was sent"))
    with pytest.raises(DecodeError):
        client.register(path)


def test_a_receipt_for_another_context_is_not_taken(client: Client, model: RemoteModel) -> None:
    other = client.submit(model, SAMPLES[8], context=b"other").wait()
    receipt = client.receipt(str(other.document["receipt_digest"])).to_cbor()
    job = client.submit(model, SAMPLES[8], context=CONTEXT).wait()
    Liar(client, lambda path, response: receipt if "/receipts/" in path else None)
    with pytest.raises(WrongContext):
        job.result()


# A service that fails now and then. -----------------------------------------------------------------------------------


@contextlib.contextmanager
def answering(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that gives these answers one after the other, the last one for ever; status 0 hangs up."""
    left, seen = list(answers), []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            seen.append({name.lower(): value for name, value in self.headers.items()})
            status, headers, body = left.pop(0) if len(left) > 1 else left[0]
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *arguments: Any) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


def transport(url: str, pauses: list[float], **options: Any) -> Transport:
    usual: dict[str, Any] = {"timeout_s": 5.0, "retry_for_s": 60.0, "tls": None, "insecure_http": False}
    return Transport(url, "zks_x", **usual | options, pause=pauses.append)


BUSY = {"code": "RateLimited", "detail": "Too many.", "fields": {"scope": "x"}, "status": 429}
PROBLEM = {"Content-Type": "application/problem+json"}


def test_what_passes_is_tried_again_and_pauses_are_those_that_were_asked_for() -> None:
    busy = (429, {**PROBLEM, "Retry-After": "3"}, json.dumps(BUSY).encode())
    pauses: list[float] = []
    with answering(busy, (503, {}, b""), (0, {}, b""), (502, {}, b"<html>"), (200, {}, b"{}")) as (url, seen):
        assert transport(url, pauses).request("POST", "/x", content=b"1").json() == {}
    assert len(seen) == 5
    assert pauses[0] == 3.0
    assert all(0 < pause <= 10 for pause in pauses)


def test_trying_ends() -> None:
    pauses: list[float] = []
    busy = (429, {**PROBLEM, "Retry-After": "100"}, json.dumps(BUSY).encode())
    with answering(busy) as (url, seen), pytest.raises(RateLimited) as caught:
        transport(url, pauses).request("GET", "/x")
    assert (len(seen), pauses) == (1, [])
    assert (caught.value.status, caught.value.scope) == (429, "x")


NO_DOCUMENTS: list[tuple[dict[str, str], bytes]] = [
    ({}, b"<html>down</html>"),
    (PROBLEM, b"{"),
    (PROBLEM, b"[" * 100_000),
    (PROBLEM, b'{"code": 5}'),
    (PROBLEM, b'{"detail": "x\\u001b[2J"}'),
]


@pytest.mark.parametrize(("headers", "body"), NO_DOCUMENTS)
def test_answers_that_are_no_documents_are_errors_all_the_same(headers: dict[str, str], body: bytes) -> None:
    with answering((500, headers, body)) as (url, seen), pytest.raises(ServiceError) as caught:
        transport(url, []).request("GET", "/x")
    assert caught.value.status == 500
    assert "\x1b" not in str(caught.value)
    assert len(seen) == 1


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"[]", b"{", b"null", b"\xff"])
def test_a_page_of_somebody_else_is_a_named_error(body: bytes) -> None:
    with answering((200, {"Content-Type": "text/html"}, body)) as (url, seen), Client(url, "zks_x") as client:
        with pytest.raises(InvalidEncoding):
            client.jobs()
        with pytest.raises(InvalidEncoding):
            client.job("job_x")
    assert seen[0]["accept-encoding"] == "identity"


def test_an_answer_without_end_is_not_collected() -> None:
    packed = gzip.compress(bytes(8 << 20))
    with answering((200, {"Content-Encoding": "gzip"}, packed), (200, {}, bytes(2000))) as (url, _):
        for _ in range(2):
            with pytest.raises(InvalidEncoding):
                transport(url, []).request("GET", "/x", most=1000)
        assert transport(url, []).request("GET", "/x", most=2000).content == bytes(2000)


def test_a_stream_without_ends_of_lines_is_not_collected() -> None:
    taken = 0

    def pieces() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield b"data: " + b"x" * (1 << 16)

    with pytest.raises(InvalidEncoding):
        list(lines_of(pieces()))
    assert taken < 20
    assert list(lines_of([b"id: 1\r\nda", b"ta: \xc3", b"\xa4\n", b"\n"])) == ["id: 1", "data: ä", ""]


def test_nobody_there_is_told_after_a_while() -> None:
    with answering((0, {}, b"")) as (url, _), pytest.raises(StorageUnavailable):
        transport(url, [], retry_for_s=0.0).request("GET", "/x")


def test_redirects_are_not_followed() -> None:
    """The API key is for this service alone."""
    with (
        answering((200, {}, b"{}")) as (elsewhere, seen),
        answering((307, {"Location": f"{elsewhere}/x"}, b"")) as (url, _),
        pytest.raises(ServiceError),
    ):
        transport(url, []).request("GET", "/x")
    assert seen == []


def test_a_request_that_is_tried_again_has_the_same_idempotency_key(served: Served) -> None:
    with served.client() as client:
        model = client.model(served.keys.model_id)
    made = json.dumps({"id": "job_x", "state": "queued"}).encode()
    answers = ((503, {"Retry-After": "0"}, b""), (0, {}, b""), (202, {}, made))
    with answering(*answers) as (url, seen), Client(url, "zks_x") as client:
        client._transport._pause = lambda seconds: None
        assert client.submit(model, SAMPLES[0]).id == "job_x"
    assert len(seen) == 3
    assert len({headers["idempotency-key"] for headers in seen}) == 1


def test_a_receipt_is_what_it_was(client: Client, receipt: Receipt) -> None:
    assert client.receipt(hashlib.sha256(receipt.to_cbor()).hexdigest()) == receipt
