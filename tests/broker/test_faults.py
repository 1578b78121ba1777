"""Errors that nobody foresaw: each is a denial with an entry, uses its nonce up, and releases nothing."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tests.broker.test_http import GENEROUS, serving
from tests.broker.worlds import NOW, Enclave, World, head_of

from zkseal.broker import KeyBroker
from zkseal.broker.denials import DenialCode, deny
from zkseal.broker.requests import nonce_digest
from zkseal.broker.service import _problem
from zkseal.broker.wire import MAX_RELEASE_BYTES, ReleaseRequest
from zkseal.errors import FileUnavailable, InvalidEncoding, KeyDenied, WrongInput, WrongLength
from zkseal.tee import AttestationBundle, Endorsements, Evidence, Platform

pytestmark = pytest.mark.native


class Panic(BaseException):
    """As what the compiled core raises when it fails: no `Exception`."""


@pytest.mark.parametrize("fault", [TypeError, KeyError, MemoryError, RecursionError, UnicodeError, Panic])
def test_a_fault_in_a_decision_is_a_denial(
    world: World,
    broker: KeyBroker,
    enclave: Enclave,
    monkeypatch: pytest.MonkeyPatch,
    fault: type[BaseException],
) -> None:
    def failing(*arguments: object, **named: object) -> object:
        raise fault("\ud800 of the inside")

    nonce = broker.challenge(now=NOW)
    bundle, before = world.snp_bundle(enclave.runtime(nonce)), len(broker.entries())
    with monkeypatch.context() as patch:
        patch.setattr("zkseal.broker.requests.appraise_bundle", failing)
        with pytest.raises(KeyDenied) as caught:
            broker.release(bundle, *head_of(enclave.model), now=NOW)
    assert (caught.value.denial, caught.value.fault) == ("malformed", fault.__name__)
    assert "inside" not in caught.value.message
    (entry,) = broker.entries()[before:]
    assert (entry.kind, entry.fields["denial"], entry.fields["fault"]) == ("denied", "malformed", fault.__name__)
    used = broker._store.nonce(nonce_digest(nonce))
    assert used is not None
    assert used.used_at == NOW
    with pytest.raises(KeyDenied) as caught:
        broker.release(bundle, *head_of(enclave.model), now=NOW)
    assert caught.value.denial == "replayed"


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_who_stops_the_broker_stops_it(
    world: World,
    broker: KeyBroker,
    enclave: Enclave,
    monkeypatch: pytest.MonkeyPatch,
    stop: type[BaseException],
) -> None:
    def stopping(*arguments: object, **named: object) -> object:
        raise stop

    monkeypatch.setattr("zkseal.broker.requests.appraise_bundle", stopping)
    bundle = world.snp_bundle(enclave.runtime(broker.challenge(now=NOW)))
    with pytest.raises(stop):
        broker.release(bundle, *head_of(enclave.model), now=NOW)


def test_a_database_that_does_not_answer_decides_nothing(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    bundle = world.snp_bundle(enclave.runtime(broker.challenge(now=NOW)))
    broker.close()
    with pytest.raises(FileUnavailable):
        broker.release(bundle, *head_of(enclave.model), now=NOW)


def test_a_bundle_that_has_no_encoding_is_denied(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    """Only a program can make one: over HTTP it comes from its encoding."""
    runtime = enclave.runtime(broker.challenge(now=NOW))
    evidence = replace(world.snp.evidence(runtime), endorsements=Endorsements(collateral="\ud800"))
    with pytest.raises(KeyDenied):
        broker.release(AttestationBundle(runtime, evidence), *head_of(enclave.model), now=NOW)
    entry = broker.entries()[-1]
    assert (entry.kind, entry.fields["nonce_digest"]) == ("denied", nonce_digest(runtime.nonce))


def test_words_without_an_encoding_reach_log_and_client(
    world: World, broker: KeyBroker, enclave: Enclave, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON of others holds halves of surrogate pairs, and errors repeat it."""

    def quoting(*arguments: object, **named: object) -> object:
        raise deny(DenialCode.POLICY_DENIED, "alg \ud800 is unknown", check="\udfff" * 200, submodule="\ud800")

    monkeypatch.setattr("zkseal.broker.requests.appraise_bundle", quoting)
    with serving(broker) as served:
        nonce = served.client.challenge()
        request = ReleaseRequest(world.snp_bundle(enclave.runtime(nonce)), *head_of(enclave.model))
        answer = served.ask("POST", "/v1/release", request.to_cbor())
    assert (answer.status, answer.kind, answer.json["denial"]) == (403, "application/problem+json", "policy_denied")
    assert answer.json["detail"] == "alg \\ud800 is unknown"
    entry = broker.entries()[-1]
    assert (entry.fields["check"], entry.fields["submodule"]) == ("\\udfff" * 64, "\\ud800")


def test_a_token_with_half_a_character_is_denied(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    def part(value: object) -> str:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    token = f"{part({'alg': chr(0xD800), 'kid': chr(0xD800)})}.{part({})}.{part(bytes(64))}"
    with serving(broker) as served:
        for platform in (Platform.CONFIDENTIAL_SPACE, Platform.NVIDIA_NRAS):
            payload = token if platform is Platform.CONFIDENTIAL_SPACE else json.dumps([["JWT", token], {}])
            evidence = Evidence(platform, payload.encode())
            bundle = AttestationBundle(enclave.runtime(served.client.challenge()), evidence)
            with pytest.raises(KeyDenied):
                served.client.release(bundle, *head_of(enclave.model))
            assert broker.entries()[-1].kind == "denied"
        assert '"failed"' not in served.lines.getvalue()


def test_problems_have_an_encoding() -> None:
    answer = _problem(403, "t", "\ud800", check="\udfff", assurance=None)
    assert json.loads(bytes(answer.body)) == {
        "type": "about:blank",
        "title": "t",
        "status": 403,
        "detail": "\\ud800",
        "check": "\\udfff",
        "assurance": None,
    }


# Requests that take memory. -------------------------------------------------------------------------------------------


def test_requests_have_the_size_of_evidence(broker: KeyBroker) -> None:
    assert MAX_RELEASE_BYTES == GENEROUS.max_release_bytes == 1 << 20
    with pytest.raises(WrongLength):
        ReleaseRequest.from_cbor(b"\xa0" * (MAX_RELEASE_BYTES + 1))
    with serving(broker) as served:
        assert served.ask("POST", "/v1/release", bytes(MAX_RELEASE_BYTES + 1)).status == 413
        assert served.ask("POST", "/v1/release", bytes(MAX_RELEASE_BYTES)).status == 400
    with serving(broker, replace(GENEROUS, max_release_bytes=2 * MAX_RELEASE_BYTES)) as served:
        assert served.ask("POST", "/v1/release", bytes(2 * MAX_RELEASE_BYTES)).status == 400
        assert served.ask("POST", "/v1/release", bytes(2 * MAX_RELEASE_BYTES + 1)).status == 413
    for size in (0, 1 << 24):
        with pytest.raises(WrongInput):
            replace(GENEROUS, max_release_bytes=size)


@pytest.mark.parametrize("fault", [MemoryError, RecursionError, InvalidEncoding])
def test_a_request_that_cannot_be_taken_apart_is_in_the_log(
    broker: KeyBroker, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    def failing(*arguments: object, **named: object) -> object:
        raise fault

    monkeypatch.setattr(ReleaseRequest, "from_cbor", failing)
    with serving(broker) as served:
        answer = served.ask("POST", "/v1/release", b"x")
    assert (answer.status, answer.json["denial"]) == (400, "malformed")
    assert broker.entries()[-1].fields["denial"] == "malformed"


def test_few_requests_are_taken_apart_at_once(broker: KeyBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, counts, enough = threading.Lock(), [0, 0], threading.Event()

    def slow(*arguments: object, **named: object) -> object:
        with lock:
            counts[0] += 1
            counts[1] = max(counts)
            if counts[0] == 2:
                enough.set()
        enough.wait(10)
        threading.Event().wait(0.05)
        with lock:
            counts[0] -= 1
        raise InvalidEncoding("slow", reason="slow")

    monkeypatch.setattr(ReleaseRequest, "from_cbor", slow)
    with serving(broker, replace(GENEROUS, decodes_at_once=2)) as served:
        askers = [threading.Thread(target=served.ask, args=("POST", "/v1/release", b"x")) for _ in range(8)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
    assert counts == [0, 2]


def test_a_decision_without_memory_is_a_denial(tmp_path: Path) -> None:
    """In a process of its own, where the memory is really short: the policy's verifier asks for more than there is."""
    done = subprocess.run([sys.executable, "-c", SHORT_OF_MEMORY, str(tmp_path)], capture_output=True, text=True)
    assert done.stdout.split() == ["malformed", "MemoryError", "denied"], done.stderr


SHORT_OF_MEMORY = f"""
import resource, sys
from pathlib import Path
from tests.broker.vendors import SnpVendor, TpmVendor
from tests.broker.worlds import NOW, Enclave, World, head_of
from zkseal.broker import requests
from zkseal.errors import KeyDenied
world = World(Path(sys.argv[1]), SnpVendor(NOW), TpmVendor(NOW))
broker = world.broker()
enclave = Enclave(world.added(broker, world.sealed()))
bundle = world.snp_bundle(enclave.runtime(broker.challenge(now=NOW)))
limit = {1 << 31}
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
requests.appraise_bundle = lambda *arguments, **named: [bytes(1 << 26) for _ in range(1000)]
try:
    broker.release(bundle, *head_of(enclave.model), now=NOW)
except KeyDenied as denial:
    print(denial.denial, denial.fault, broker.entries()[-1].kind)
"""
