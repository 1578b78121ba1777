"""What strangers can take: bytes, time, places, requests a second; each ends with the problem document that says so."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.service.http.served import GENEROUS, KeyFiles, Served, require_problem, serving

from zkseal.http_server.server import Server
from zkseal.service import api_keys
from zkseal.service.limits import Limits

pytestmark = pytest.mark.native

SMALL = replace(GENEROUS, max_request_bytes=4096, body_timeout_s=0.5)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, keys: KeyFiles) -> Iterator[Served]:
    """A service that takes little, and not for long."""
    with serving(tmp_path_factory.mktemp("small") / "service", keys, limits=SMALL) as found:
        yield found


@contextlib.contextmanager
def connected(served: Served) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", served.port), timeout=15) as connection:
        yield connection


def head_of(served: Served, *lines: str, path: str = "/v1/verifications") -> bytes:
    """The head of a POST with a key."""
    fixed = (f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {served.api_key}")
    return "\r\n".join((*fixed, *lines, "", "")).encode()


def answer_on(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the one answer that comes before the connection is closed, or is complete."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65536)
    return int(first.split()[1]), headers, body


def problem_on(connection: socket.socket, status: int) -> dict[str, Any]:
    found, headers, body = answer_on(connection)
    assert (found, headers["content-type"]) == (status, "application/problem+json")
    document: dict[str, Any] = json.loads(body)
    assert document["status"] == status
    return document


def test_a_fault_of_ours_is_a_problem_that_tells_nothing(small: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: Any) -> Any:
        raise RuntimeError("6151.8125")

    monkeypatch.setattr("zkseal.service.models.list_of", fault)
    with small.http() as http:
        answer = http.get("/v1/models")
        document = require_problem(answer, 500, "InternalError")
        assert document["request_id"] == answer.headers["x-request-id"]
        assert "6151" not in answer.text
    # The line is written once the answer is on its way.
    deadline = time.monotonic() + 10
    while not (failed := [line["error"] for line in small.lines() if line["event"] == "failed"]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert failed == ["RuntimeError"]


# Sizes. ---------------------------------------------------------------------------------------------------------------


def test_a_body_that_is_announced_too_long_is_not_waited_for(small: Served) -> None:
    with connected(small) as connection:
        connection.sendall(head_of(small, "Content-Length: 4097"))
        problem_on(connection, 413)


def test_a_body_that_grows_too_long_is_cut(small: Served) -> None:
    with connected(small) as connection:
        connection.sendall(head_of(small, "Transfer-Encoding: chunked") + b"1000\r\n" + b"x" * 4096 + b"\r\n1\r\nx\r\n")
        problem_on(connection, 413)


def test_lengths_that_are_none_are_refused(small: Served) -> None:
    for length in ("-1", "1e3", "99999999999999999999999", "0x10"):
        with connected(small) as connection:
            connection.sendall(head_of(small, f"Content-Length: {length}"))
            assert answer_on(connection)[0] in (400, 413)


def test_a_long_head_is_refused(small: Served) -> None:
    with connected(small) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X-Long: " + b"y" * 200_000 + b"\r\n\r\n")
        problem_on(connection, 400)


# Time. ----------------------------------------------------------------------------------------------------------------


def test_a_body_that_does_not_come_is_given_up(small: Served) -> None:
    with connected(small) as connection:
        connection.sendall(head_of(small, "Content-Length: 100") + b"{")
        began = time.monotonic()
        problem_on(connection, 408)
        assert time.monotonic() - began < 5


def test_a_body_that_drips_is_given_up(small: Served) -> None:
    """Each byte comes in time; all of them together do not."""
    with connected(small) as connection:
        connection.sendall(head_of(small, "Content-Length: 4000"))
        connection.settimeout(0.05)
        began, answer = time.monotonic(), b""
        while not answer and time.monotonic() - began < 5:
            connection.sendall(b" ")
            with contextlib.suppress(TimeoutError):
                answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_head_that_does_not_come_is_given_up(small: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zkseal.http_server.server._Impatient.patience_s", 0.2)
    for start in (b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"POST"):
        with connected(small) as connection:
            connection.sendall(start)
            assert connection.recv(4096) == b""


def test_slow_bodies_take_nobodys_place(tmp_path: Path, keys: KeyFiles) -> None:
    """More of them than there are places: the oldest give theirs up, and others are served at once."""
    limits = replace(GENEROUS, unfinished_at_once=4, body_timeout_s=60.0)
    with serving(tmp_path / "service", keys, limits=limits) as served, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connected(served)) for _ in range(12)]
        for connection in slow:
            connection.sendall(head_of(served, "Content-Length: 1000"))
        # The oldest is given up; which one was first is for the scheduler to say.
        (oldest, *_), _, _ = select.select(slow, [], [], 10)
        problem_on(oldest, 408)
        with served.http() as http:
            assert http.get("/v1/jobs").status_code == 200
            require_problem(http.post("/v1/verifications", json={"receipt": ""}), 422)


# Requests that are two things to two readers. -------------------------------------------------------------------------

SMUGGLED = [
    ("Content-Length: 4", "Content-Length: 5"),
    ("Content-Length: 4, 5",),
    ("Transfer-Encoding: chunked, identity",),
    ("Transfer-Encoding: xchunked",),
    ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    ("Transfer-Encoding : chunked",),
    ("Content-Length: +4",),
    ("X-Folded: a\r\n b\x00",),
]


@pytest.mark.parametrize("lines", SMUGGLED)
def test_a_request_of_two_lengths_is_refused(small: Served, lines: tuple[str, ...]) -> None:
    """And nothing that follows it on the connection is taken for a request."""
    with connected(small) as connection:
        connection.sendall(head_of(small, *lines) + b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        status, headers, body = answer_on(connection)
        assert (status // 100, headers["content-type"]) == (4, "application/problem+json") or status == 501
        assert b"zkseal" not in body
        rest = b""
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(65536):
                rest += piece
        assert b"200 OK" not in rest


def test_a_length_beside_chunks_does_not_count(small: Served) -> None:
    """RFC 9112 6.3: chunks win. What stands behind the last one is the next request, and nothing else is."""
    with connected(small) as connection:
        connection.sendall(head_of(small, "Content-Length: 4", "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n")
        status, _, _ = answer_on(connection)
        assert status == 400


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"\r\n\r\n\x00\r\n"],
)
def test_what_is_no_http_gets_a_problem(small: Served, data: bytes) -> None:
    with connected(small) as connection:
        connection.sendall(data)
        document = problem_on(connection, 400)
        assert document["detail"] == "These bytes are no HTTP request."


# Rates. ---------------------------------------------------------------------------------------------------------------


def test_an_address_that_asks_too_often_waits(tmp_path: Path, keys: KeyFiles) -> None:
    limits = replace(GENEROUS, address_per_s=0.5, address_burst=3)
    with serving(tmp_path / "service", keys, limits=limits) as served, served.http("") as http:
        statuses = [http.get("/v1/models").status_code for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        answer = http.get("/v1/models")
        document = require_problem(answer, 429, "RateLimited")
        assert 1 <= int(answer.headers["retry-after"]) <= 2
        assert 1 <= document["fields"]["retry_after_ms"] <= 2000
        assert http.get("/healthz").status_code == 200


def test_one_connection_too_many_is_told(tmp_path: Path, keys: KeyFiles) -> None:
    with serving(tmp_path / "service", keys, max_connections=3) as served, contextlib.ExitStack() as stack:
        idle = [stack.enter_context(connected(served)) for _ in range(3)]
        with connected(served) as another:
            another.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            status, headers, body = answer_on(another)
            assert (status, headers["content-type"], headers["retry-after"]) == (503, "application/problem+json", "1")
            assert json.loads(body)["status"] == 503
        idle[0].close()
        deadline = time.monotonic() + 10
        while True:
            with connected(served) as another:
                another.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                if answer_on(another)[0] == 200:
                    break
            assert time.monotonic() < deadline


def test_only_a_trusted_proxy_says_who_asks(tmp_path: Path, keys: KeyFiles) -> None:
    """Else everybody would have as many addresses as they like."""
    limits = replace(GENEROUS, address_per_s=0.001, address_burst=2)
    for trusted, expected in (((), [401, 401, 429, 429]), (("127.0.0.1",), [401, 401, 401, 401])):
        folder = tmp_path / str(len(trusted))
        with serving(folder, keys, limits=limits, trusted_proxies=trusted) as served, served.http("") as http:
            headers = [{"X-Forwarded-For": f"192.0.2.{number}"} for number in range(4)]
            assert [http.get("/v1/models", headers=header).status_code for header in headers] == expected


def test_a_key_that_asks_too_often_waits_and_others_do_not(tmp_path: Path, keys: KeyFiles) -> None:
    limits = replace(GENEROUS, key_per_s=0.1, key_burst=2)
    with serving(tmp_path / "service", keys, limits=limits) as served:
        with served.http() as http:
            assert [http.get("/v1/models").status_code for _ in range(4)] == [200, 200, 429, 429]
        with served.http(served.key()) as http:
            assert http.get("/v1/models").status_code == 200


def test_a_key_has_so_many_event_streams(tmp_path: Path, keys: KeyFiles) -> None:
    limits = replace(GENEROUS, streams_at_once=2)
    with serving(tmp_path / "service", keys, limits=limits) as served, contextlib.ExitStack() as stack:
        http = stack.enter_context(served.http())
        streams = [stack.enter_context(http.stream("GET", "/v1/operator/events")) for _ in range(3)]
        assert [stream.status_code for stream in streams] == [200, 200, 429]
        streams[0].close()
        deadline = time.monotonic() + 10
        while True:
            with http.stream("GET", "/v1/operator/events") as again:
                if again.status_code == 200:
                    break
            assert time.monotonic() < deadline


def test_a_stream_ends_soon_after_its_key(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zkseal.service.streams.BELIEVED_S", 0.2)
    key = served.key({"operator"})
    with served.http(key) as http, http.stream("GET", "/v1/operator/events?every_s=0.5") as stream:
        lines = stream.iter_lines()
        assert any(line.startswith("data:") for line in lines)
        api_keys.revoke(served.service.vault.database, key.split("_")[1])
        until = time.monotonic() + 10
        for _ in lines:
            assert time.monotonic() < until


def test_open_requests_of_one_address_are_few(tmp_path: Path, keys: KeyFiles) -> None:
    limits = replace(GENEROUS, address_at_once=2, body_timeout_s=60.0)
    with serving(tmp_path / "service", keys, limits=limits) as served, contextlib.ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(connected(served)).sendall(head_of(served, "Content-Length: 1000"))
        deadline = time.monotonic() + 10
        with served.http() as http:
            while http.get("/v1/models").status_code != 429:
                assert time.monotonic() < deadline


def test_a_tenant_that_sends_models_slowly_keeps_no_place_from_others(tmp_path: Path, keys: KeyFiles) -> None:
    with serving(tmp_path / "service", keys) as served, contextlib.ExitStack() as stack:
        head = head_of(served, "Content-Length: 1000", path="/v1/models")
        slow = [stack.enter_context(connected(served)) for _ in range(4)]
        for connection in slow:
            connection.sendall(head + b"x")
        # One of them is waited for, whichever came first.
        for _ in slow[1:]:
            (answered, *_), _, _ = select.select(slow, [], [], 10)
            problem_on(answered, 429)
            slow.remove(answered)
        with served.http(served.other_tenant("patient")) as http:
            assert http.post("/v1/models", content=keys.verifying.read_bytes(), timeout=10).status_code == 201


def test_many_that_ask_whether_it_is_ready_ask_the_database_once(
    small: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(small.service, "database_answers", lambda: asked.append(time.monotonic()))
    with small.http("") as http:
        time.sleep(1.1)
        for _ in range(20):
            assert http.get("/readyz").json()["checks"]["database"] == "ok"
    assert len(asked) <= 1 + (asked[-1] - asked[0]) / 1.0


def test_idle_connections_of_one_address_take_nobodys_place() -> None:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    server = Server(answer, "127.0.0.1", 0, max_connections=10, of_one_client=5)
    with server.in_background(), contextlib.ExitStack() as stack:
        idle = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 10)) for _ in range(20)]
        closed = 0
        for connection in idle[5:]:
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""
            closed += 1
        assert closed == 15
        idle[0].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer_on(idle[0])[0] == 204
        # Another address of this machine.
        other = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 10, ("127.0.0.2", 0)))
        other.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer_on(other)[0] == 204


def test_limits_can_hold_all_at_once() -> None:
    """What the usual limits let in fits into the memory of a small machine: 2 GiB of bodies."""
    limits = Limits()
    assert limits.unfinished_at_once * limits.max_request_bytes <= 2 << 30
