"""One GET over real sockets and TLS: what is refused, what is tried again, and that nothing lasts for ever."""

from __future__ import annotations

import http.client
import socket
import time
from pathlib import Path

import pytest
from tests.collateral.vendor_server import Answer, Proxy, VendorServer

from zkseal.collateral import Downloader, Services
from zkseal.errors import CollateralTooLarge, VendorRefused, VendorUnreachable, WrongInput


def test_a_file_comes_with_its_headers(server: VendorServer, downloader: Downloader) -> None:
    server.answers["/a?b=1"] = Answer(b"content", {"SGX-Header": "x"})
    response = downloader.get(f"{server.url}/a?b=1", 7)
    assert (response.body, response.headers["sgx-header"]) == (b"content", "x")


def test_more_bytes_than_allowed_are_not_taken(server: VendorServer, downloader: Downloader) -> None:
    server.answers["/a"] = Answer(b"content")
    with pytest.raises(CollateralTooLarge):
        downloader.get(f"{server.url}/a", 6)
    assert server.asked == ["/a"]


def test_an_endless_answer_ends_at_the_limit(server: VendorServer, downloader: Downloader) -> None:
    def endless(connection: socket.socket) -> None:
        for _ in range(1 << 16):
            connection.sendall(bytes(1 << 12))

    server.answers["/a"] = Answer(headers={"Content-Length": str(1 << 40)}, tail=endless)
    with pytest.raises(CollateralTooLarge):
        downloader.get(f"{server.url}/a", 1 << 20)


@pytest.mark.parametrize("location", ["https://elsewhere.example/a", "/b", "http://localhost/a"])
def test_a_redirect_is_refused_wherever_it_leads(location: str, server: VendorServer, downloader: Downloader) -> None:
    server.answers["/a"] = Answer(status=302, headers={"Location": location})
    server.answers["/b"] = Answer(b"content")
    with pytest.raises(VendorRefused) as caught:
        downloader.get(f"{server.url}/a", 100)
    assert (caught.value.status, server.asked) == (302, ["/a"])


def test_another_host_is_never_asked(server: VendorServer, downloader: Downloader) -> None:
    for url in (f"https://127.0.0.1:{server.port}/a", f"http://localhost:{server.port}/a", "https://localhost/a"):
        with pytest.raises(VendorRefused):
            downloader.get(url, 100)
    assert server.asked == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_asked_again(
    status: int, server: VendorServer, downloader: Downloader, pauses: list[float]
) -> None:
    server.answers["/a"] = [Answer(status=status), Answer(status=status), Answer(b"content")]
    assert downloader.get(f"{server.url}/a", 100).body == b"content"
    assert len(server.asked) == 3
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1


def test_the_service_says_how_long_to_wait_within_reason(
    server: VendorServer, downloader: Downloader, pauses: list[float]
) -> None:
    later = [Answer(status=429, headers={"Retry-After": text}) for text in ("7", "86400")]
    server.answers["/a"] = [*later, Answer(b"content")]
    downloader.get(f"{server.url}/a", 100)
    assert pauses == [7, 30]


@pytest.mark.parametrize(("status", "times"), [(404, 1), (403, 1), (503, 4)])
def test_a_refusal_is_told_with_its_status(
    status: int, times: int, server: VendorServer, downloader: Downloader
) -> None:
    server.answers["/a"] = Answer(b"<html>", status=status)
    with pytest.raises(VendorRefused) as caught:
        downloader.get(f"{server.url}/a", 100)
    assert (caught.value.status, len(server.asked)) == (status, times)


def test_half_an_answer_is_asked_for_again_and_never_taken(server: VendorServer, downloader: Downloader) -> None:
    half = Answer(headers={"Content-Length": "10"}, tail=lambda connection: connection.sendall(b"half"))
    server.answers["/a"] = [half, Answer(b"0123456789")]
    assert downloader.get(f"{server.url}/a", 100).body == b"0123456789"
    server.answers["/a"] = half
    with pytest.raises(VendorUnreachable):
        downloader.get(f"{server.url}/a", 100)


def test_an_answer_that_drips_ends_at_the_deadline(server: VendorServer) -> None:
    def drip(connection: socket.socket) -> None:
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)

    server.answers["/a"] = Answer(headers={"Content-Length": "100"}, tail=drip)
    hasty = Downloader([server.url], authorities=str(server.authority), attempts=1, timeout_s=0.4)
    start = time.monotonic()
    with pytest.raises(VendorUnreachable):
        hasty.get(f"{server.url}/a", 1000)
    assert time.monotonic() - start < 2


def test_an_answer_that_never_comes_ends_at_the_deadline(server: VendorServer) -> None:
    def nothing(connection: socket.socket) -> None:
        time.sleep(1)

    server.answers["/a"] = Answer(headers={"Content-Length": "100"}, tail=nothing)
    hasty = Downloader([server.url], authorities=str(server.authority), attempts=1, timeout_s=0.3)
    with pytest.raises(VendorUnreachable):
        hasty.get(f"{server.url}/a", 1000)


def test_a_host_that_nobody_vouches_for_is_not_asked_twice(server: VendorServer, pauses: list[float]) -> None:
    stranger = Downloader([server.url], pause=pauses.append)
    with pytest.raises(VendorUnreachable) as caught:
        stranger.get(f"{server.url}/a", 100)
    assert "not trusted" in caught.value.reason
    assert (server.asked, pauses) == ([], [])


def test_a_certificate_of_another_host_is_refused(tmp_path: Path, server: VendorServer) -> None:
    with VendorServer(tmp_path, host="vendor.example") as other:
        client = Downloader([other.url], authorities=str(other.authority), pause=lambda seconds: None)
        with pytest.raises(VendorUnreachable):
            client.get(f"{other.url}/a", 100)
        assert other.asked == []


def test_nobody_at_the_port_is_told_after_some_attempts(pauses: list[float], server: VendorServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    client = Downloader([f"https://localhost:{port}"], authorities=str(server.authority), pause=pauses.append)
    with pytest.raises(VendorUnreachable):
        client.get(f"https://localhost:{port}/a", 100)
    assert len(pauses) == 3


def test_a_proxy_of_the_environment_makes_the_tunnel(
    server: VendorServer, downloader: Downloader, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["/a"] = Answer(b"content")
    proxy = Proxy()
    monkeypatch.setenv("https_proxy", f"http://user:p%40ss@127.0.0.1:{proxy.port}")
    assert downloader.get(f"{server.url}/a", 100).body == b"content"
    assert proxy.tunnels == [(f"localhost:{server.port}", "Basic dXNlcjpwQHNz")]
    monkeypatch.setenv("no_proxy", "localhost")
    downloader.get(f"{server.url}/a", 100)
    assert len(proxy.tunnels) == 1
    proxy.close()


def test_the_tunnel_does_not_make_a_stranger_trusted(server: VendorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Proxy()
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
    with pytest.raises(VendorUnreachable):
        Downloader([server.url], pause=lambda seconds: None).get(f"{server.url}/a", 100)
    assert server.asked == []
    proxy.close()


@pytest.mark.parametrize(
    "text",
    [
        "intel-pcs=http://pccs.example",
        "intel-pcs=https://user:secret@pccs.example",
        "intel-pcs=https://pccs.example/?a=b",
        "intel-pcs=https://",
        "intel-pcs=https://pccs.example:x",
        "intel=https://pccs.example",
        "https://pccs.example",
    ],
)
def test_a_base_url_is_of_https_and_of_a_service_that_exists(text: str) -> None:
    with pytest.raises(WrongInput) as caught:
        Services().replaced([text])
    assert "secret" not in str(caught.value)


def test_compressed_answers_are_not_taken(server: VendorServer, downloader: Downloader) -> None:
    server.answers["/a"] = Answer(b"\x1f\x8b", {"Content-Encoding": "gzip"})
    with pytest.raises(VendorUnreachable):
        downloader.get(f"{server.url}/a", 100)


def test_headers_without_end_are_bounded(server: VendorServer, downloader: Downloader) -> None:
    many = {f"X-{index}": "x" for index in range(http.client._MAXHEADERS + 1)}  # type: ignore[attr-defined]
    server.answers["/a"] = Answer(b"", many)
    with pytest.raises(VendorUnreachable):
        downloader.get(f"{server.url}/a", 100)
