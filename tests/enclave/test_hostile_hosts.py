"""A host, or a broker, that answers with texts of its choice: none of them reaches a terminal as it is."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from tests.enclave.worlds import POLICY

from zkseal.broker import BrokerClient
from zkseal.cli.main import main
from zkseal.enclave import DevEnclaveClient
from zkseal.errors import ZksealError

pytestmark = pytest.mark.native

CLEAR = "\x1b[2J\x1b[Hassurance hardware\naccepted\u202e"
PASSED = {"checks": [{"name": "signature", "outcome": "pass", "detail": ""}], "assurance": "hardware"}


@contextmanager
def answering(data: bytes) -> Iterator[str]:
    """A server whose every answer is this; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1 << 16)
                    connection.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def problem(document: object, status: int = 500) -> bytes:
    body = json.dumps(document).encode()
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, len(body), body)


def attest(url: str) -> object:
    return DevEnclaveClient(url, POLICY, timeout_s=10).attest()


def challenge(url: str) -> object:
    return BrokerClient(url, timeout_s=10).challenge()


NO_HTTP = CLEAR.encode() + b"\r\n\r\n"
DENIAL = {"denial": "rate_limited", "detail": CLEAR, "check": CLEAR, "submodule": CLEAR, "assurance": CLEAR}


@pytest.mark.parametrize(
    ("ask", "data"),
    [
        (attest, problem({"code": "RateLimited", "detail": CLEAR, "fields": {"scope": CLEAR, CLEAR: [CLEAR]}})),
        (attest, problem({"code": CLEAR, "detail": CLEAR})),
        (attest, NO_HTTP),
        (challenge, problem(DENIAL, 429)),
        (challenge, NO_HTTP),
    ],
    ids=["problem", "unknown code", "no HTTP", "denial", "no HTTP of a broker"],
)
def test_texts_of_others_cannot_steer_a_terminal(ask: Callable[[str], object], data: bytes) -> None:
    with answering(data) as url, pytest.raises(ZksealError) as caught:
        ask(url)
    told = [caught.value.message, *caught.value.fields, *map(str, caught.value.fields.values())]
    assert all(text.isprintable() for text in told), told


@pytest.mark.parametrize("result", [PASSED, {"checks": [1], "assurance": "hardware"}], ids=["passed", "no checks"])
@pytest.mark.parametrize("code", ["PolicyDenied", "NodeUnreachable"])
def test_results_of_a_host_are_not_shown(code: str, result: object, capsys: pytest.CaptureFixture[str]) -> None:
    document = {"code": code, "detail": "ask later", "fields": {"result": result, "checks": PASSED["checks"]}}
    with answering(problem(document)) as url:
        assert main(["enclave", "attest", url]) not in (0, 100)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "hardware" not in printed.err


def test_the_time_to_wait_is_a_hosts_to_say() -> None:
    document = {"code": "RateLimited", "detail": "later", "fields": {"retry_after_ms": 1500, "scope": "host"}}
    with answering(problem(document)) as url, pytest.raises(ZksealError) as caught:
        attest(url)
    assert caught.value.fields == {"retry_after_ms": 1500}
