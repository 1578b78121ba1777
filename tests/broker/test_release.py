"""A key is released to an attested machine, opens there what it should, and opens nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.broker.worlds import CONTENT, NOW, PCR14, Enclave, World, head_of

from zkseal._native import HpkeKey
from zkseal.broker import DevReleasedKey, KeyBroker, ReleasedKey
from zkseal.errors import DecryptionFailed, InvalidEncoding, PolicyDenied
from zkseal.sealed import open_release
from zkseal.tee import Assurance, AttestationBundle

pytestmark = pytest.mark.native


def test_a_production_key_opens_the_sealed_model(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    nonce = broker.challenge(now=NOW)
    bundle = world.snp_bundle(enclave.runtime(nonce))
    released = broker.release(bundle, *head_of(enclave.model), now=NOW + 1)
    assert isinstance(released, ReleasedKey)
    assert released.assurance is Assurance.HARDWARE
    assert enclave.content(released, nonce) == CONTENT
    entry = broker.entries()[-1]
    assert (entry.kind, entry.sequence, entry.hash) == ("released", released.sequence, released.entry_hash)
    assert entry.fields["assurance"] == "hardware"


def test_a_tpm_with_a_certified_key_gets_one_too(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    tenant = replace(enclave, ceiling=Assurance.VTPM_CLOUD)
    nonce = broker.challenge(now=NOW)
    runtime = tenant.runtime(nonce)
    bundle = AttestationBundle(runtime, world.tpm.evidence(runtime, PCR14))
    released = broker.release(bundle, *head_of(enclave.model), now=NOW)
    assert released.assurance is Assurance.VTPM_CLOUD
    assert tenant.content(released, nonce) == CONTENT


def test_a_development_key_opens_the_development_model(world: World, broker: KeyBroker, sandbox: Enclave) -> None:
    nonce = broker.challenge(now=NOW)
    bundle = world.sandbox_bundle(sandbox.runtime(nonce))
    released = broker.release_development(bundle, *head_of(sandbox.model), now=NOW)
    assert isinstance(released, DevReleasedKey)
    assert not isinstance(released, ReleasedKey)
    assert released.assurance is Assurance.SANDBOX
    assert sandbox.content(released, nonce) == CONTENT
    assert broker.entries()[-1].kind == "released_development"


@pytest.mark.parametrize("what", ["key", "assurance", "policy_digest", "nonce", "evidence_digest"])
def test_it_opens_nowhere_else(world: World, broker: KeyBroker, enclave: Enclave, what: str) -> None:
    nonce = broker.challenge(now=NOW)
    bundle = world.snp_bundle(enclave.runtime(nonce))
    released = broker.release(bundle, *head_of(enclave.model), now=NOW)
    context = {
        "assurance": released.assurance,
        "policy_digest": released.policy_digest,
        "nonce": nonce,
        "evidence_digest": released.evidence_digest,
    }
    key = enclave.hpke
    if what == "key":
        key = HpkeKey.generate()
    else:
        context[what] = Assurance.VTPM_CLOUD if what == "assurance" else bytes(32)
    with pytest.raises(DecryptionFailed):
        open_release(key, released.wrapped_key, **context)  # type: ignore[arg-type]


def test_the_evidence_digest_is_that_of_the_bundle_as_it_travels(
    world: World, broker: KeyBroker, enclave: Enclave
) -> None:
    nonce = broker.challenge(now=NOW)
    bundle = world.snp_bundle(enclave.runtime(nonce))
    travelled = AttestationBundle.from_cbor(bundle.to_cbor())
    assert travelled.to_cbor() == bundle.to_cbor()
    released = broker.release(travelled, *head_of(enclave.model), now=NOW)
    assert enclave.content(released, nonce) == CONTENT


def test_the_two_kinds_of_keys_do_not_become_each_other(world: World, broker: KeyBroker, sandbox: Enclave) -> None:
    nonce = broker.challenge(now=NOW)
    bundle = world.sandbox_bundle(sandbox.runtime(nonce))
    released = broker.release_development(bundle, *head_of(sandbox.model), now=NOW)
    assert DevReleasedKey.from_cbor(released.to_cbor()) == released
    with pytest.raises(InvalidEncoding):
        ReleasedKey.from_cbor(released.to_cbor())
    with pytest.raises(PolicyDenied):
        ReleasedKey(**vars(released))
    with pytest.raises(PolicyDenied):
        DevReleasedKey(**(vars(released) | {"assurance": Assurance.HARDWARE}))


def test_the_log_holds_no_nonce_and_no_wrapped_key(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    nonce = broker.challenge(now=NOW)
    bundle = world.snp_bundle(enclave.runtime(nonce))
    released = broker.release(bundle, *head_of(enclave.model), now=NOW)
    broker.close()
    stored = b"".join(path.read_bytes() for path in world.folder.glob("broker.db*"))
    for secret in (nonce, released.wrapped_key, world.kek.to_bytes(), world.log_key.to_bytes()):
        assert secret not in stored
