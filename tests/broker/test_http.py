"""The broker over HTTP: the client's protocol, bounds, rates, problem documents, and what the log holds of them."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.broker.worlds import CONTENT, NOW, Enclave, World, head_of

from zkseal.broker import BrokerClient, BrokerOptions, Checkpoint, DevReleasedKey, KeyBroker, ReleasedKey
from zkseal.broker.limits import RateLimits
from zkseal.broker.service import application
from zkseal.broker.wire import CBOR, CHALLENGE_REQUEST, MAX_RELEASE_BYTES
from zkseal.errors import FileUnavailable, InvalidEncoding, KeyDenied, WrongInput
from zkseal.http_server.server import Server
from zkseal.http_server.telling import Log

pytestmark = pytest.mark.native

GENEROUS = RateLimits(per_client_s=1e6, per_client_burst=10**6, global_s=1e6, global_burst=10**6)


@dataclass
class Answer:
    """Of the service, raw."""

    status: int
    kind: str
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """A running service."""

    url: str
    port: int
    lines: io.StringIO
    clock: list[float]

    @property
    def client(self) -> BrokerClient:
        return BrokerClient(self.url)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body, {"Content-Type": CBOR, **headers})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return Answer(answer.status, answer.headers.get_content_type(), data)


@contextmanager
def serving(broker: KeyBroker, limits: RateLimits = GENEROUS) -> Iterator[Served]:
    lines, clock = io.StringIO(), [float(NOW)]
    server = Server(application(broker, Log(lines), limits, clock=lambda: clock[0]), "127.0.0.1", 0)
    with server.in_background() as url:
        yield Served(url, server.port, lines, clock)


@pytest.fixture
def served(broker: KeyBroker) -> Iterator[Served]:
    with serving(broker) as running:
        yield running


def test_an_enclave_gets_its_key(world: World, enclave: Enclave, served: Served) -> None:
    nonce = served.client.challenge()
    bundle = world.snp_bundle(enclave.runtime(nonce))
    released = served.client.release(bundle, *head_of(enclave.model))
    assert isinstance(released, ReleasedKey)
    assert enclave.content(released, nonce) == CONTENT


def test_a_sandbox_gets_its_key_through_its_own_door(world: World, sandbox: Enclave, served: Served) -> None:
    nonce = served.client.challenge()
    bundle = world.sandbox_bundle(sandbox.runtime(nonce))
    released = served.client.release_development(bundle, *head_of(sandbox.model))
    assert isinstance(released, DevReleasedKey)
    assert sandbox.content(released, nonce) == CONTENT


def test_a_denial_travels_with_its_code(world: World, enclave: Enclave, broker: KeyBroker, served: Served) -> None:
    nonce = served.client.challenge()
    bundle = world.snp_bundle(enclave.runtime(nonce), debug=True)
    with pytest.raises(KeyDenied) as caught:
        served.client.release(bundle, *head_of(enclave.model))
    assert (caught.value.denial, caught.value.assurance, caught.value.check) == ("debug", "hardware", "debug")
    assert broker.entries()[-1].fields["denial"] == "debug"


def test_a_nonce_grows_stale_by_the_broker_clock(world: World, enclave: Enclave, served: Served) -> None:
    nonce = served.client.challenge()
    served.clock[0] += 121
    with pytest.raises(KeyDenied) as caught:
        served.client.release(world.snp_bundle(enclave.runtime(nonce)), *head_of(enclave.model))
    assert caught.value.denial == "stale"


@pytest.mark.parametrize("path", ["/v1/release", "/v1/release-development"])
@pytest.mark.parametrize("body", [b"", b"\xff", b"\xa0", CHALLENGE_REQUEST, b"\x5b" + b"\xff" * 8])
def test_what_is_no_request_is_malformed_and_in_the_log(
    broker: KeyBroker, served: Served, path: str, body: bytes
) -> None:
    answer = served.ask("POST", path, body)
    assert (answer.status, answer.kind) == (400, "application/problem+json")
    assert answer.json["denial"] == "malformed"
    entry = broker.entries()[-1]
    assert (entry.kind, entry.fields["denial"]) == ("denied", "malformed")


@pytest.mark.parametrize("body", [b"", b"\xff", b"\xa0", b"\xa1\x69challenge\x02"])
def test_what_asks_for_no_challenge_gets_none(served: Served, body: bytes) -> None:
    answer = served.ask("POST", "/v1/challenge", body)
    assert (answer.status, answer.json["denial"]) == (400, "malformed")


def test_bodies_are_bounded_before_they_are_read(broker: KeyBroker, served: Served) -> None:
    assert served.ask("POST", "/v1/challenge", b"x" * 257).status == 413
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        head = f"POST /v1/release HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_RELEASE_BYTES + 1}\r\n\r\n"
        connection.sendall(head.encode())
        assert b" 413 " in connection.recv(4096).split(b"\r\n")[0]
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(b"POST /v1/challenge HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"200\r\n" + b"x" * 512 + b"\r\n")
        assert b" 413 " in connection.recv(4096).split(b"\r\n")[0]
    assert len(broker.entries()) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1/release", 405),
        ("POST", "/v1/log", 405),
        ("GET", "/v1/log?after=x", 400),
        ("GET", "/v1/log?after=9223372036854775808", 400),
        ("GET", "/v1/log?after=99999999999999999999", 400),
        ("GET", "/v1/log?after=-2", 400),
        ("GET", "/v1/log?after=1_0", 400),
        ("GET", "/v1/log?after=%D9%A3", 400),
        ("GET", "/v1/log?after=%201", 400),
        ("GET", "/v1/log?after=", 400),
        ("GET", "/v1/log?limit=9223372036854775808", 400),
        ("GET", "/v1/log?limit=-5", 400),
        ("GET", "/v2/health", 404),
    ],
)
def test_other_paths_are_problems_too(served: Served, method: str, path: str, status: int) -> None:
    answer = served.ask(method, path)
    assert (answer.status, answer.kind) == (status, "application/problem+json")
    assert answer.json["status"] == status


def test_the_log_is_read_in_pages(broker: KeyBroker, served: Served) -> None:
    for version in range(1, 6):
        broker.set_minimum("credit", version, now=NOW)
    pages = [served.ask("GET", f"/v1/log?after={after}&limit=2").body.splitlines() for after in (-1, 1, 3, 5)]
    entries = [json.loads(line) for page in pages for line in page]
    assert [entry["sequence"] for entry in entries] == list(range(6))
    checkpoint = Checkpoint.from_cbor(served.ask("GET", "/v1/checkpoint").body)
    assert entries[-1]["hash"] == checkpoint.hash.hex()
    assert served.ask("GET", f"/v1/log?after={(1 << 63) - 1}").body == b""
    assert len(served.ask("GET", f"/v1/log?limit={(1 << 63) - 1}").body.splitlines()) == 6
    assert broker.entries(after=1 << 200) == []
    assert len(broker.entries(after=-(1 << 200), limit=1 << 200)) == 6
    assert served.ask("GET", "/v1/health").json == {
        "status": "ok",
        "broker": broker.broker_id.hex(),
        "sequence": 5,
    }


def test_lines_for_the_operator_hold_no_secrets(
    world: World, broker: KeyBroker, enclave: Enclave, served: Served
) -> None:
    nonce = served.client.challenge()
    bundle = world.snp_bundle(enclave.runtime(nonce))
    released = served.client.release(bundle, *head_of(enclave.model))
    with pytest.raises(KeyDenied):
        served.client.release(bundle, *head_of(enclave.model))
    lines = [json.loads(line) for line in served.lines.getvalue().splitlines()]
    assert [(line["event"], line["assurance"]) for line in lines] == [("released", "hardware"), ("denied", None)]
    shown = served.lines.getvalue() + served.ask("GET", "/v1/log?limit=1000").body.decode()
    assert nonce.hex() not in shown
    assert released.wrapped_key.hex() not in shown


# Rates. ---------------------------------------------------------------------------------------------------------------


def test_a_client_that_asks_too_often_is_rate_limited_with_one_entry(broker: KeyBroker) -> None:
    with serving(broker, RateLimits(per_client_s=0.001, per_client_burst=3)) as served:
        for _ in range(3):
            served.client.challenge()
        for _ in range(20):
            with pytest.raises(KeyDenied) as caught:
                served.client.challenge()
            assert caught.value.denial == "rate_limited"
        assert served.ask("GET", "/v1/health").status == 429
    denials = [entry for entry in broker.entries() if entry.kind == "denied"]
    assert [(entry.fields["denial"], entry.fields["requests"]) for entry in denials] == [("rate_limited", 1)]


def test_a_full_table_of_challenges_is_in_the_log(world: World, broker: KeyBroker) -> None:
    broker.close()
    small = world.broker(options=BrokerOptions(max_open_nonces=1))
    with serving(small) as served:
        served.client.challenge()
        with pytest.raises(KeyDenied) as caught:
            served.client.challenge()
    assert caught.value.denial == "rate_limited"
    assert small.entries()[-1].fields["denial"] == "rate_limited"
    small.close()


# The client. ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["", "broker", "ftp://x", "http://", "http://x:99999", "http://x?y", "file:///etc/passwd"]
)
def test_only_urls_of_brokers_are_taken(url: str) -> None:
    with pytest.raises(WrongInput):
        BrokerClient(url)


def test_a_broker_that_does_not_answer_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(FileUnavailable):
        BrokerClient(f"http://127.0.0.1:{port}").challenge()


def test_what_is_no_broker_is_not_believed(served: Served) -> None:
    with pytest.raises(InvalidEncoding):
        BrokerClient(served.url + "/elsewhere").challenge()


def test_a_broker_whose_disk_fails_releases_nothing(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    with serving(broker) as served:
        nonce = served.client.challenge()
        bundle = world.snp_bundle(enclave.runtime(nonce))
        broker._store._db.execute("PRAGMA query_only = 1")
        with pytest.raises(FileUnavailable):
            served.client.release(bundle, *head_of(enclave.model))
        broker._store._db.execute("PRAGMA query_only = 0")
        released = served.client.release(bundle, *head_of(enclave.model))
    assert enclave.content(released, nonce) == CONTENT


# Connections that only take a place. ----------------------------------------------------------------------------------


def test_a_connection_without_a_request_is_closed(broker: KeyBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zkseal.http_server.server._Impatient.patience_s", 0.2)
    with serving(broker) as served:
        for start in (b"", b"POST /v1/challenge HTTP/1.1\r\nHost: x\r\nX-Slow: "):
            with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
                connection.sendall(start)
                assert connection.recv(4096) == b""
        assert served.ask("GET", "/v1/health").status == 200


def test_a_client_has_few_requests_open_at_once(broker: KeyBroker) -> None:
    """Bodies that never come hold what their owner has, and no more."""
    limits = RateLimits(per_client_s=1e6, per_client_burst=10**6, client_at_once=2)
    with serving(broker, limits) as served, contextlib.ExitStack() as stack:
        for _ in range(2):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=10))
            slow.sendall(b"POST /v1/release HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        deadline = time.monotonic() + 10
        while served.ask("GET", "/v1/health").status != 429:
            assert time.monotonic() < deadline
        stack.close()
        while served.ask("GET", "/v1/health").status != 200:
            assert time.monotonic() < deadline
    assert broker.entries()[-1].fields["denial"] == "rate_limited"


UNFINISHED = b"POST /v1/release HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"


def test_bodies_that_do_not_come_take_nobodys_place(broker: KeyBroker) -> None:
    """As many of them as there are places for work, and more: others are served at once."""
    limits = replace(GENEROUS, client_at_once=100, at_once=2)
    with serving(broker, limits) as served, contextlib.ExitStack() as stack:
        for _ in range(8):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=10))
            slow.sendall(UNFINISHED)
        for _ in range(5):
            assert served.ask("GET", "/v1/health").status == 200
            assert len(served.client.challenge()) == 32


def test_a_body_has_little_time(broker: KeyBroker) -> None:
    assert RateLimits().body_timeout_s == 5.0
    with (
        serving(broker, replace(GENEROUS, body_timeout_s=0.3)) as served,
        socket.create_connection(("127.0.0.1", served.port), timeout=10) as slow,
    ):
        slow.sendall(UNFINISHED)
        assert b" 408 " in slow.recv(4096).split(b"\r\n")[0]


def test_the_body_that_is_waited_for_longest_gives_its_place(broker: KeyBroker) -> None:
    limits = replace(GENEROUS, client_at_once=100, unfinished_at_once=2, body_timeout_s=60.0)
    with serving(broker, limits) as served, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", served.port), timeout=10)) for _ in range(4)]
        for connection in slow[:3]:
            connection.sendall(UNFINISHED)
            time.sleep(0.1)
        assert b" 408 " in slow[0].recv(4096).split(b"\r\n")[0]
        assert len(served.client.challenge()) == 32
        assert b" 408 " in slow[1].recv(4096).split(b"\r\n")[0]
        slow[2].sendall(bytes(1000))
        assert b" 400 " in slow[2].recv(4096).split(b"\r\n")[0]
