"""What an enclave, its host and its clients refuse."""

from __future__ import annotations

import http.client
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.enclave.worlds import POLICY, World, proving_key, sample

import zkseal
from zkseal._native import hpke_seal_request
from zkseal.broker import BrokerClient
from zkseal.enclave import DevEnclaveClient, EnclaveHost, EnclaveOptions, application
from zkseal.enclave.messages import MAX_REQUEST_BYTES, AnswerMode, Envelope, Request, Response, request_info
from zkseal.enclave.padding import pad, unpad
from zkseal.enclave.rates import RateLimits
from zkseal.enclave.transport import Transport
from zkseal.errors import (
    DecryptionFailed,
    EnclaveNotReady,
    EnclaveStopped,
    FileUnavailable,
    NonceMismatch,
    PolicyDenied,
    RateLimited,
    RequestReplayed,
    SignatureRejected,
    WrongInput,
    WrongModel,
    ZksealError,
)
from zkseal.http_server.server import Server
from zkseal.tee import Assurance, RuntimeData

pytestmark = pytest.mark.native


def encrypted(
    host: EnclaveHost, request: Request | None = None, plaintext: bytes | None = None
) -> tuple[bytes, Callable[[bytes], Response]]:
    """A request to this start of the enclave, and what reads the response."""
    runtime = host.attest(secrets.token_bytes(32)).runtime_data
    body = plaintext if plaintext is not None else pad((request or asked()).to_cbor())
    header = Envelope(runtime.nonce, b"").header
    sealed, opener = hpke_seal_request(runtime.hpke_public_key, request_info(runtime), header, body)
    return Envelope(runtime.nonce, sealed).to_cbor(), lambda data: Response.from_cbor(unpad(opener.open(data)))


def asked(mode: AnswerMode = AnswerMode.TEE, client: bytes = b"") -> Request:
    return Request({"x": sample()}, secrets.token_bytes(32), b"", mode, client)


# Models. --------------------------------------------------------------------------------------------------------------


def test_a_model_other_than_its_header_commits_to_is_not_loaded(world: World) -> None:
    world.seal(commitment=bytes(range(32)))
    with world.broker() as url, EnclaveHost(world.sealed) as host:
        with pytest.raises(WrongModel):
            host.provision(BrokerClient(url))
        with pytest.raises(EnclaveNotReady):
            host.infer(encrypted(host)[0])


def test_another_model_under_the_same_header_is_not_loaded(world: World) -> None:
    other = World(world.folder / "..", proving_key(), world.kek, world.publisher)
    world.seal(plaintext=other.plaintext)
    with world.broker() as url, EnclaveHost(world.sealed) as host, pytest.raises(WrongModel):
        host.provision(BrokerClient(url))


def test_what_is_no_proving_key_is_not_loaded(world: World) -> None:
    world.seal(plaintext=b"weights of something" * 1000)
    with world.broker() as url, EnclaveHost(world.sealed) as host, pytest.raises(ZksealError):
        host.provision(BrokerClient(url))


@pytest.mark.parametrize("place", [0.3, 0.6, 0.99])
def test_a_tampered_body_is_not_loaded(world: World, place: float) -> None:
    data = bytearray(world.sealed.read_bytes())
    data[int(len(data) * place)] ^= 1
    with world.broker() as url:
        world.sealed.write_bytes(data)
        with EnclaveHost(world.sealed) as host, pytest.raises(DecryptionFailed):
            host.provision(BrokerClient(url))


def test_a_tampered_header_is_refused_before_there_are_keys(world: World) -> None:
    data = bytearray(world.sealed.read_bytes())
    data[60] ^= 1
    world.sealed.write_bytes(data)
    with pytest.raises(ZksealError):
        EnclaveHost(world.sealed).start()


def test_a_model_of_another_publisher_is_refused(world: World) -> None:
    EnclaveHost(world.sealed, options=EnclaveOptions(publisher=world.publisher.public_key)).__enter__().stop()
    with pytest.raises(SignatureRejected):
        EnclaveHost(world.sealed, options=EnclaveOptions(publisher=bytes(32))).start()


def test_a_key_that_was_released_to_another_enclave_does_not_open(world: World) -> None:
    class Relay(BrokerClient):
        """A host that shows one enclave's evidence and gives the key to another."""

        def release_development(self, bundle, header, stanzas):  # type: ignore[no-untyped-def]
            with EnclaveHost(world.sealed) as other:
                return super().release_development(other.attest(bundle.runtime_data.nonce), header, stanzas)

    with world.broker() as url, EnclaveHost(world.sealed) as host, pytest.raises(DecryptionFailed):
        host.provision(Relay(url))


def test_a_key_of_another_assurance_is_refused(world: World) -> None:
    class Raised(BrokerClient):
        def release_development(self, bundle, header, stanzas):  # type: ignore[no-untyped-def]
            return replace(super().release_development(bundle, header, stanzas), assurance=Assurance.VTPM_DEV)

    with world.broker() as url, EnclaveHost(world.sealed) as host, pytest.raises(PolicyDenied):
        host.provision(Raised(url))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnavailable):
        EnclaveHost(tmp_path / "none.zks").start()


@pytest.mark.parametrize("options", [EnclaveOptions(least_bucket=3000), EnclaveOptions(interval_ms=-1)])
def test_settings_that_there_are_not_are_refused(world: World, options: EnclaveOptions) -> None:
    with pytest.raises(WrongInput):
        EnclaveHost(world.sealed, options=options).start()


# Requests. ------------------------------------------------------------------------------------------------------------


def test_a_request_is_answered_once(host: EnclaveHost, url: str) -> None:
    client = DevEnclaveClient(url, POLICY)
    envelope, opened = encrypted(host)
    before = client.ask(sample()).claims.sequence
    first = host.infer(envelope)
    again = host.infer(envelope)
    # What comes back is an error, for the sender alone: nobody else can read it, and no answer was numbered.
    assert again != first
    assert opened(first).answer
    assert client.ask(sample()).claims.sequence == before + 2


def test_a_replayed_request_is_told_to_its_sender(host: EnclaveHost) -> None:
    envelope, opened = encrypted(host)
    host.infer(envelope)
    with pytest.raises(RequestReplayed):
        opened(host.infer(envelope))


def test_a_request_to_an_earlier_start_is_not_answered(world: World) -> None:
    with world.broker() as url, EnclaveHost(world.sealed) as host:
        host.provision(BrokerClient(url))
        envelope, opened = encrypted(host)
        opened(host.infer(envelope))
        host.start()
        host.provision(BrokerClient(url))
        with pytest.raises(DecryptionFailed):
            host.infer(envelope)


def test_a_changed_request_is_not_answered(host: EnclaveHost) -> None:
    envelope, _ = encrypted(host)
    for place in range(0, len(envelope), 97):
        changed = bytearray(envelope)
        changed[place] ^= 1
        with pytest.raises((DecryptionFailed, ZksealError)):
            host.infer(bytes(changed))


def test_a_request_for_another_assurance_is_not_answered(host: EnclaveHost) -> None:
    runtime = host.attest(bytes(32)).runtime_data
    other = RuntimeData(**{**vars(runtime), "ceiling": Assurance.HARDWARE})
    header = Envelope(runtime.nonce, b"").header
    sealed, _ = hpke_seal_request(runtime.hpke_public_key, request_info(other), header, pad(asked().to_cbor()))
    with pytest.raises(DecryptionFailed):
        host.infer(Envelope(runtime.nonce, sealed).to_cbor())


@pytest.mark.parametrize("plaintext", [b"", b"\0" * 100, pad(b"\xa0"), pad(asked().to_cbor()) + b"x"])
def test_what_is_no_request_is_answered_by_an_error(host: EnclaveHost, plaintext: bytes) -> None:
    envelope, opened = encrypted(host, plaintext=plaintext)
    with pytest.raises(ZksealError):
        opened(host.infer(envelope))


def test_a_client_that_asks_too_often_waits(world: World) -> None:
    options = EnclaveOptions(limits=RateLimits(total_per_s=1, total_burst=6, client_per_s=1, client_burst=3))
    with world.enclave(options) as host:

        def ask(client: bytes) -> None:
            envelope, opened = encrypted(host, asked(client=client))
            opened(host.infer(envelope))

        for _ in range(3):
            ask(b"one")
        with pytest.raises(RateLimited) as caught:
            ask(b"one")
        assert caught.value.scope == "client"
        assert 0 < caught.value.retry_after_ms <= 1001
        for _ in range(3):
            ask(b"two")
        with pytest.raises(RateLimited) as caught:
            ask(b"three")
        assert caught.value.scope == "total"
        time.sleep(1.1)
        ask(b"one")


def test_no_more_requests_than_can_be_told_apart(world: World) -> None:
    with world.enclave(EnclaveOptions(most_requests=2)) as host:
        for _ in range(2):
            envelope, opened = encrypted(host)
            opened(host.infer(envelope))
        envelope, opened = encrypted(host)
        with pytest.raises(RateLimited) as caught:
            opened(host.infer(envelope))
        assert caught.value.scope == "start"


# What shows. ----------------------------------------------------------------------------------------------------------


def test_lengths_fall_into_buckets(world: World) -> None:
    least = 1 << 13
    sizes = set()
    with world.enclave(EnclaveOptions(least_bucket=least)) as host:
        requests = [asked(), asked(AnswerMode.ZK_IN_TEE), Request({"x": np.full((1, 6), 1e9)}, bytes(32))]
        requests += [replace(asked(), context=bytes(size)) for size in (1, 1000, 10_000, 60_000)]
        lengths = []
        for request in requests:
            envelope, _ = encrypted(host, request)
            lengths.append((len(envelope), len(host.infer(envelope))))
        for length, response in lengths:
            # Of HPKE and of a response's nonce and tag, always the same.
            assert (length - 104) & (length - 105) == 0 or length > 4096
            padded = response - 48
            sizes.add(padded)
            assert padded >= least
            assert padded & (padded - 1) == 0
    assert least in sizes
    assert len(sizes) > 1


def test_errors_are_as_long_as_answers(host: EnclaveHost) -> None:
    good, _ = encrypted(host)
    bad, _ = encrypted(host, Request({"x": np.full((1, 6), 1e9)}, bytes(32)))
    assert len(host.infer(good)) == len(host.infer(bad))


def test_answers_leave_at_multiples_of_the_interval(world: World) -> None:
    with world.enclave(EnclaveOptions(interval_ms=200)) as host:
        for request in (asked(), asked(AnswerMode.ZK_IN_TEE), asked()):
            envelope, opened = encrypted(host, request)
            began = time.monotonic()
            opened(host.infer(envelope))
            assert 0.19 <= (time.monotonic() - began) % 0.2 + 0.2 < 0.3


# Answers that are not to this request. --------------------------------------------------------------------------------


def test_a_host_that_swaps_answers_is_found_out(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = DevEnclaveClient(url, POLICY)
    kept: list[bytes] = []
    through = Transport.infer

    def swapped(self: Transport, envelope: bytes) -> bytes:
        kept.append(through(self, envelope))
        return kept[0]

    monkeypatch.setattr(Transport, "infer", swapped)
    client.ask(sample())
    with pytest.raises(DecryptionFailed):
        client.ask(sample())


def test_an_attestation_of_another_nonce_is_found_out(
    url: str, host: EnclaveHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = host.attest(bytes(32)).to_cbor()
    monkeypatch.setattr(Transport, "attestation", lambda self, nonce: old)
    with pytest.raises(NonceMismatch):
        DevEnclaveClient(url, POLICY).attest()


# HTTP. ----------------------------------------------------------------------------------------------------------------


def exchange(
    url: str, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, Any], str]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    kind = answer.headers["content-type"] or ""
    return answer.status, json.loads(text) if "json" in kind else {}, kind


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/v1/attestation", None, 400, "WrongInput"),
        ("GET", "/v1/attestation?nonce=00", None, 400, "WrongInput"),
        ("GET", f"/v1/attestation?nonce={'zz' * 32}", None, 400, "WrongInput"),
        ("POST", "/v1/infer", b"", 413, "WrongLength"),
        ("POST", "/v1/infer", b"\xa0", 400, "InvalidEncoding"),
        ("POST", "/v1/infer", Envelope(bytes(32), bytes(100)).to_cbor(), 400, "DecryptionFailed"),
    ],
)
def test_problems_are_documents(url: str, method: str, path: str, body: bytes | None, status: int, code: str) -> None:
    got, document, kind = exchange(url, method, path, body)
    assert kind == "application/problem+json"
    assert (got, document["status"], document["code"], document["assurance"]) == (status, status, code, "sandbox")


def test_a_body_is_refused_by_its_announced_length(url: str) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    connection.putrequest("POST", "/v1/infer")
    connection.putheader("Content-Length", str(MAX_REQUEST_BYTES + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_health_says_what_protects_it(url: str, world: World) -> None:
    status, document, _ = exchange(url, "GET", "/v1/health")
    assert status == 200
    assert (document["status"], document["assurance"]) == ("ready", "sandbox")
    assert document["note"] == "sandbox (development): no hardware protects this"
    with EnclaveHost(world.sealed) as host, Server(application(host), "127.0.0.1", 0).in_background() as waiting:
        assert exchange(waiting, "GET", "/v1/health")[:2][0] == 503
        client = DevEnclaveClient(waiting, POLICY)
        with pytest.raises(EnclaveNotReady):
            client.ask(sample())
        host.stop()
        with pytest.raises(EnclaveStopped):
            client.ask(sample())


def test_only_so_many_requests_wait(world: World) -> None:
    with world.enclave(EnclaveOptions(most_waiting=1, interval_ms=500)) as host:
        first, second = encrypted(host)[0], encrypted(host)[0]
        thread = threading.Thread(target=host.infer, args=(first,))
        thread.start()
        time.sleep(0.1)
        with pytest.raises(RateLimited) as caught:
            host.infer(second)
        assert caught.value.scope == "host"
        thread.join()


def test_the_host_reads_no_typed_error_of_a_request(host: EnclaveHost) -> None:
    envelope, opened = encrypted(host, Request({"x": np.full((1, 6), 12345.678)}, bytes(32)))
    response = host.infer(envelope)
    assert b"12345" not in response
    with pytest.raises(zkseal.ZksealError, match="12345"):
        opened(response)
