"""Whatever is sent to the service, it answers with a problem document, never with an error of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.broker.test_http import Served, serving
from tests.broker.worlds import DEVELOPMENT, NOW, Enclave, World, head_of

from zkseal.broker import KeyBroker, verify_log
from zkseal.broker.wire import ReleaseRequest
from zkseal.receipts import cbor
from zkseal.tee import Assurance, Platform

pytestmark = pytest.mark.native

PATHS = ("/v1/challenge", "/v1/release", "/v1/release-development")
FUZZED = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))

_LEAVES = (
    st.none() | st.booleans() | st.integers(-(1 << 64), (1 << 64) - 1) | st.binary(max_size=64) | st.text(max_size=16)
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def fuzzed(
    tmp_path_factory: pytest.TempPathFactory, snp: object, tpm: object
) -> Iterator[tuple[World, KeyBroker, Served]]:
    """One service for all examples."""
    world = World(tmp_path_factory.mktemp("fuzz"), snp, tpm)  # type: ignore[arg-type]
    broker = world.broker(pinned=True)
    with serving(broker) as served:
        yield world, broker, served
    broker.close()
    assert verify_log(world.database).broken is None


def answered(served: Served, path: str, body: bytes) -> None:
    answer = served.ask("POST", path, body)
    assert answer.status in (200, 400, 403, 404, 413), (answer, body.hex())
    if answer.status != 200:
        assert answer.kind == "application/problem+json"


@FUZZED
@given(path=st.sampled_from(PATHS), body=st.binary(max_size=300))
def test_bytes(fuzzed: tuple[World, KeyBroker, Served], path: str, body: bytes) -> None:
    answered(fuzzed[2], path, body)


@FUZZED
@given(path=st.sampled_from(PATHS), value=_VALUES)
def test_values(fuzzed: tuple[World, KeyBroker, Served], path: str, value: object) -> None:
    answered(fuzzed[2], path, cbor.dumps(value))


@FUZZED
@given(data=st.data())
def test_requests_with_changed_bytes(fuzzed: tuple[World, KeyBroker, Served], data: st.DataObject) -> None:
    """A request that is right, or right but for its nonce, with a few bytes set, cut out or put in."""
    world, broker, served = fuzzed
    enclave = _enclave(world, broker)
    nonce = broker.challenge(now=NOW)
    bundle = world.sandbox_bundle(enclave.runtime(nonce))
    body = bytearray(ReleaseRequest(bundle, *head_of(enclave.model)).to_cbor())
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        length = data.draw(st.integers(0, 3))
        body[at : at + length] = data.draw(st.binary(max_size=3))
    answered(served, data.draw(st.sampled_from(PATHS[1:])), bytes(body))


@FUZZED
@given(data=st.data())
def test_requests_whose_parts_are_anything(fuzzed: tuple[World, KeyBroker, Served], data: st.DataObject) -> None:
    """Right CBOR around payloads, endorsements, headers and stanzas of any bytes, for every platform."""
    world, broker, served = fuzzed
    enclave = _enclave(world, broker)
    runtime = enclave.runtime(broker.challenge(now=NOW))
    blob = st.binary(max_size=80)
    endorsements = st.fixed_dictionaries(
        {},
        optional={
            "certificates": st.lists(blob, min_size=1, max_size=3),
            "revocation_lists": st.lists(blob, min_size=1, max_size=2),
            "rims": st.lists(blob, min_size=1, max_size=2),
            "pcrs": st.lists(blob, min_size=1, max_size=2),
            "collateral": st.text(max_size=40),
            "public_key": blob,
            "signature": blob,
            "event_log": blob,
        },
    )
    heads = st.sampled_from(
        [b"\x0a", b"\xffTCG\x80\x18", b"\x03\0\x02\0", b"\x84", b"\xd2\x84", b"{}", b"[]", b"a.b.c", b""]
    )
    evidence = st.fixed_dictionaries(
        {
            "platform": st.sampled_from([str(platform) for platform in Platform]),
            "payload": st.builds(bytes.__add__, heads, st.binary(max_size=300)),
            "index": st.integers(0, 255),
            "endorsements": endorsements,
        }
    )
    bundle = {
        "bundle": 1,
        "media_type": "application/vnd.zkseal.evidence-dev+cbor",
        "runtime": runtime.to_cbor(),
        "evidence": data.draw(evidence),
        "submodules": data.draw(st.dictionaries(st.text(max_size=8), evidence, max_size=2)),
    }
    header, stanzas = head_of(enclave.model)
    request = {
        "release": 1,
        "attestation": cbor.dumps(bundle),
        "header": data.draw(st.just(header) | blob),
        "stanzas": data.draw(st.just(stanzas) | blob),
    }
    answered(served, data.draw(st.sampled_from(PATHS[1:])), cbor.dumps(request))


_ENCLAVES: dict[int, Enclave] = {}


def _enclave(world: World, broker: KeyBroker) -> Enclave:
    """One development model for all examples: its policy lets every platform in."""
    if id(world) not in _ENCLAVES:
        model = world.sealed(policy=DEVELOPMENT, minimum=Assurance.SANDBOX, name="toy")
        _ENCLAVES[id(world)] = Enclave(world.added(broker, model, DEVELOPMENT), Assurance.SANDBOX)
    return _ENCLAVES[id(world)]
