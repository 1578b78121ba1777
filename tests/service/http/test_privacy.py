"""No value of an input is in a log, trace, metric, error, URL, database, artifact or temporary file.

A real server process is sent marked inputs on every way that there is, most of them wrong ones; a collector takes its
traces; a worker is killed; the store goes away. Then everything that it wrote or said is searched for the marks, in
decimal, as numbers of every width and order, in CBOR, and all of that in hexadecimal and base64. Answers that an owner
asks for (openings, outputs) hold them, and show that the search finds what is there.
"""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.service.http.marks import Marks, found_in
from tests.service.http.served import BATCH, KeyFiles
from tests.service.http.test_scopes import ROUTES

from zkseal.files import load_verifying_key
from zkseal.pipeline import Interface
from zkseal.receipts import Receipt, cbor

pytestmark = [pytest.mark.native, pytest.mark.slow]

FEATURES = 6
ASYNC = {"Prefer": "respond-async"}


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes traces by OTLP over HTTP."""

    received: list[bytes]

    def do_POST(self) -> None:
        self.received.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Nothing."""


@contextlib.contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    received: list[bytes] = []
    handler = type("Handler", (Collector,), {"received": received})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    thread.join()


@dataclass
class Target:
    """The process, and everything that it said."""

    folder: Path
    url: str
    api_key: str
    process: subprocess.Popen[bytes]
    http: httpx.Client
    said: dict[str, bytes] = field(default_factory=dict)
    number: int = 0

    def send(self, method: str, path: str, *, keep: bool = True, **options: Any) -> httpx.Response:
        """Sends a request. What the server answers is kept for the search, unless the owner asks for a value."""
        headers = {"Authorization": f"Bearer {self.api_key}", **options.pop("headers", {})}
        response = self.http.request(method, self.url + path, headers=headers, **options)
        self.number += 1
        self.said[f"headers {self.number}"] = repr(response.headers.multi_items()).encode()
        if keep:
            self.said[f"answer {self.number} to {method} {path[:40]}"] = response.content
        return response

    def ended(self, job: str) -> dict[str, Any]:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            document: dict[str, Any] = self.send("GET", f"/v1/jobs/{job}").json()
            if document["finished_at"] is not None:
                return document
            time.sleep(0.05)
        raise AssertionError("the job does not end")

    def children(self) -> list[int]:
        """Processes that prove."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(child) for task in tasks for child in task.read_text().split()]

    def raw(self, data: bytes) -> None:
        """Sends bytes and hangs up."""
        with socket.create_connection(("127.0.0.1", int(self.url.rpartition(":")[2]))) as connection:
            connection.sendall(data)


@contextlib.contextmanager
def target(folder: Path, otlp: str) -> Iterator[Target]:
    """`zkseal serve`, with a folder for its temporary files."""
    command = [sys.executable, "-m", "zkseal"]
    service, temporary = folder / "service", folder / "temporary"
    temporary.mkdir()
    environment = os.environ | {
        "TMPDIR": str(temporary),
        "HOME": str(temporary),
        "ZKSEAL_TELEMETRY_OTLP_ENDPOINT": otlp,
    }
    environment |= {"ZKSEAL_WORKER_PROCESSES": "1", "OTEL_BSP_SCHEDULE_DELAY": "200", "PYTHONDEVMODE": "1"}
    made = subprocess.run(
        [*command, "service", "init", str(service), "--json"], check=True, capture_output=True, env=environment
    )
    options = ["serve", "--config", str(service / "service.toml"), "--port", "0", "--json"]
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = subprocess.Popen([*command, *options], stdout=out, stderr=err, env=environment, cwd=temporary)
        try:
            until = time.monotonic() + 60
            while b"\n" not in (folder / "stdout").read_bytes():
                assert process.poll() is None, (folder / "stderr").read_text()
                assert time.monotonic() < until
                time.sleep(0.05)
            url = json.loads((folder / "stdout").read_bytes().splitlines()[0])["url"]
            with httpx.Client(timeout=60, trust_env=False) as client:
                yield Target(folder, url, json.loads(made.stdout)["api_key"], process, client)
        finally:
            process.kill()
            process.wait()


def as_json(marks: Marks) -> dict[str, Any]:
    return {"inputs": {"x": [list(marks.values)]}}


def proved(t: Target, keys: KeyFiles, exponent: int) -> list[Marks]:
    """Ways that succeed: waited for, followed, in a batch, verified in both forms; with marks in all headers."""
    used = [Marks.drawn(f"proved {i}", 100 + i, FEATURES, exponent) for i in range(4 + BATCH)]
    path = f"/v1/models/{keys.model_id}/inferences"
    header_marks = ",".join(map(repr, used[0].values))
    headers = {
        "baggage": header_marks,
        "tracestate": header_marks,
        "x-request-id": header_marks,
        "user-agent": header_marks,
    }
    headers["traceparent"] = f"00-{'ab' * 16}-{'cd' * 8}-01"
    waited = t.send("POST", path, json=as_json(used[0]), headers=headers, keep=False)
    assert waited.status_code == 200
    receipt = base64.b64decode(waited.json()["receipt"])
    packed = {"dtype": "float64", "shape": [1, FEATURES]}
    packed["data"] = base64.b64encode(struct.pack(f"<{FEATURES}d", *used[1].values)).decode()
    followed = t.send("POST", path, json={"inputs": {"x": packed}}, headers=ASYNC).json()["id"]
    assert t.ended(followed)["state"] == "succeeded"
    t.send("GET", f"/v1/jobs/{followed}/events")
    batch = {"inputs": [as_json(marks)["inputs"] for marks in used[4:]]}
    assert t.send("POST", f"/v1/models/{keys.batch_id}/batches", json=batch, keep=False).status_code == 200
    idempotent = {"Idempotency-Key": f"{used[2].values[0]!r}", **ASYNC}
    first = t.send("POST", path, json=as_json(used[2]), headers=idempotent).json()["id"]
    t.send("POST", path, json=as_json(used[3]), headers=idempotent)
    t.ended(first)
    coded = base64.b64encode(receipt).decode()
    for context in ("", base64.b64encode(b"other").decode()):
        t.send("POST", "/v1/verifications", json={"receipt": coded, "context": context})
    whole = cbor.dumps({"receipt": receipt, "context": b""})
    assert (
        t.send("POST", "/v1/verifications", content=whole, headers={"Content-Type": "application/cbor"}).status_code
        == 200
    )
    t.send("GET", f"/v1/receipts/{waited.json()['receipt_digest']}", headers={"Accept": "application/json"})
    return used


def refused(t: Target, keys: KeyFiles, exponent: int) -> list[Marks]:
    """Ways that fail: out of range, misshapen, unknown, malformed, too long, at the wrong door, hung up on."""
    far = Marks.drawn("out of range", 200, FEATURES, exponent, scale=90_000.0)
    near = [Marks.drawn(f"refused {i}", 210 + i, FEATURES, exponent) for i in range(3)]
    path, text = f"/v1/models/{keys.model_id}/inferences", repr(near[0].values[0])
    values = list(near[0].values)
    for document in (
        as_json(far),
        {"inputs": {"x": [values[:5]]}},
        {"inputs": {text: [values]}},
        {"inputs": {"x": [values], text: values}},
        {"inputs": {"x": [[*values[:5], text]]}},
        {"inputs": {"x": {"dtype": text, "shape": values, "data": text}}},
        {"inputs": {"x": [values]}, text: values},
        {"inputs": values, "context": text},
        values,
        {"inputs": {"x": [[*values[:5], float("inf")]]}},
    ):
        body = json.dumps(document).encode()
        assert t.send("POST", path, content=body, headers={"Content-Type": "application/json"}).status_code in (
            400,
            422,
        )
        t.send("POST", path.replace("inferences", "batches"), content=body)
        t.send("POST", "/v1/verifications", content=body)
    malformed = json.dumps(as_json(near[1])).encode()
    for body in (malformed[:-3], malformed + malformed, b"\xff" + malformed, malformed * 40_000, b"{" + malformed):
        assert t.send("POST", path, content=body).status_code in (400, 413)
        t.send("POST", "/v1/models", content=body[:1000], params={"name": text})
        t.send("POST", "/v1/attestations", content=body[:1000], params={"policy": text, "nonce": text})
        t.send("POST", "/v1/verifications", content=body[:1000], headers={"Content-Type": "application/cbor"})
    for method, route, _ in ROUTES:
        # A name that nothing has is a text of the caller, too.
        if "{" in route:
            answered = t.send(method, re.sub(r"\{[a-z_]+\}", text, route), content=malformed)
            assert answered.status_code in (400, 404), (method, route)
    t.send("GET", f"/{text}")
    t.send("GET", "/v1/jobs", params={"state": text, "limit": text, "before": text})
    t.send("PATCH", path, content=malformed)
    t.send("POST", path, content=malformed, headers={"Authorization": f"Bearer {text}"})
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {t.api_key}\r\nContent-Length: 100000\r\n\r\n"
    t.raw(head.encode() + malformed)
    t.raw(malformed + b"\r\n\r\n")
    t.raw(f"GET /{text}?{text}={text} HTTP/1.1\r\n{text}: {text}\r\n\r\n".encode())
    return [far, *near]


def broken(t: Target, keys: KeyFiles, exponent: int) -> list[Marks]:
    """Ways that end in the middle: cancelled, the worker killed, the store gone."""
    used = [Marks.drawn(f"broken {i}", 300 + i, FEATURES, exponent) for i in range(6)]
    path = f"/v1/models/{keys.model_id}/inferences"
    for marks in used[:2]:
        made = t.send("POST", path, json=as_json(marks), headers=ASYNC).json()["id"]
        t.send("POST", f"/v1/jobs/{made}/cancellation")
        t.ended(made)
    made = [t.send("POST", path, json=as_json(marks), headers=ASYNC).json()["id"] for marks in used[2:5]]
    for child in t.children():
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    for job in made:
        t.ended(job)
    t.send("DELETE", f"/v1/jobs/{made[0]}")
    artifacts = t.folder / "service" / "artifacts"
    artifacts.rename(t.folder / "elsewhere")
    gone = t.send("POST", path, json=as_json(used[5]), headers=ASYNC)
    assert gone.status_code == 503
    (t.folder / "elsewhere").rename(artifacts)
    return used


def test_no_value_of_an_input_is_anywhere(tmp_path: Path, keys: KeyFiles) -> None:
    key = load_verifying_key(keys.verifying)
    exponent = Interface.of(key.relation).inputs[0].exponent
    with collector() as (otlp, traces), target(tmp_path, otlp) as t:
        for file in (keys.proving, keys.batch):
            assert t.send("POST", "/v1/models", content=file.read_bytes()).status_code == 201
        marks = proved(t, keys, exponent) + refused(t, keys, exponent) + broken(t, keys, exponent)
        for path in ("/metrics", "/openapi.json", "/v1/operator/summary", "/v1/jobs", "/readyz"):
            t.send("GET", path)
        search_finds_what_is_there(t, keys, marks)
        states = t.send("GET", "/v1/operator/summary").json()["queue"]
        at_rest = files_in(tmp_path)
        t.process.send_signal(signal.SIGTERM)
        assert t.process.wait(60) == 0
        places = t.said | {f"{name}, running": data for name, data in at_rest.items()} | files_in(tmp_path)
    places |= {f"traces {number}": data for number, data in enumerate(traces)}
    # The ways were gone, and there is something to search.
    assert states["succeeded"] >= 4
    assert states["cancelled"] >= 1
    assert len((tmp_path / "stderr").read_bytes().splitlines()) > 100
    spans = [
        span
        for data in traces
        for resource in ExportTraceServiceRequest.FromString(data).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert {"POST", "job"} <= {span.name for span in spans}
    assert any(span.trace_id == bytes.fromhex("ab" * 16) for span in spans)
    assert any("sqlite" in place for place in places)
    assert found_in(places, marks) == []


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file that the service wrote, with its name."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): str(path).encode() + path.read_bytes() for path in found}


def search_finds_what_is_there(t: Target, keys: KeyFiles, marks: list[Marks]) -> None:
    """An owner who asks for the opening of a job gets its input: the marks that it holds are found in it."""
    path = f"/v1/models/{keys.model_id}/inferences"
    again = t.send("POST", path, json=as_json(marks[0]), keep=False)
    opening = t.send("GET", f"{again.headers['location']}/opening", keep=False).content
    name = marks[0].name
    assert any(line.startswith(f"{name} as bytes") for line in found_in({"opening": opening}, marks))
    coded = {"hex": opening.hex().encode(), "base64": base64.b64encode(b"x" + opening)}
    for form in coded:
        assert any(form in line for line in found_in(coded, marks))
    body = {"request": json.dumps(as_json(marks[0])).encode()}
    assert any("decimal" in line for line in found_in(body, marks))
    assert found_in({"receipt": base64.b64decode(again.json()["receipt"])}, marks) == []
    assert Receipt.from_cbor(base64.b64decode(again.json()["receipt"])).statement.input.values == {}
