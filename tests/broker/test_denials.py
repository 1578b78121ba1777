"""Every denial code, provoked: the error has it, the audit log has an entry with it, and no key leaves."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.broker.worlds import DEVELOPMENT, NOW, PCR14, Enclave, World, head_of

from zkseal._native import HpkeKey
from zkseal.broker import BrokerOptions, DenialCode, KeyBroker
from zkseal.broker.denials import denied_by
from zkseal.errors import Expired, KeyDenied, NodeRefused, RolledBack
from zkseal.tee import Assurance, AttestationBundle, RuntimeData

pytestmark = pytest.mark.native

Ask = Callable[[], object]


def denied(broker: KeyBroker, ask: Ask) -> KeyDenied:
    """The denial, after a look at its entry."""
    before = broker.entries(limit=1_000_000)
    with pytest.raises(KeyDenied) as caught:
        ask()
    new = broker.entries(after=before[-1].sequence)
    assert [(entry.kind, entry.fields["denial"]) for entry in new] == [("denied", caught.value.denial)]
    assert new[0].fields["assurance"] == caught.value.assurance
    return caught.value


def asked(
    world: World,
    broker: KeyBroker,
    enclave: Enclave,
    *,
    now: int = NOW,
    runtime: RuntimeData | None = None,
    **changes: object,
) -> Ask:
    """A request with a fresh nonce and evidence of the SNP vendor, with changes."""
    runtime = runtime or enclave.runtime(broker.challenge(now=NOW))
    bundle = world.snp_bundle(runtime, **changes)
    return lambda: broker.release(bundle, *head_of(enclave.model), now=now)


# Nonces. --------------------------------------------------------------------------------------------------------------


def test_wrong_nonce(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    runtime = enclave.runtime(secrets.token_bytes(32))
    assert denied(broker, asked(world, broker, enclave, runtime=runtime)).denial == "wrong_nonce"


def test_stale(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    assert denied(broker, asked(world, broker, enclave, now=NOW + 121)).denial == "stale"
    asked(world, broker, enclave, now=NOW + 120)()


def test_replayed(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    ask = asked(world, broker, enclave)
    ask()
    assert denied(broker, ask).denial == "replayed"


def test_a_denial_uses_the_nonce_up(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    runtime = enclave.runtime(broker.challenge(now=NOW))
    assert denied(broker, asked(world, broker, enclave, runtime=runtime, debug=True)).denial == "debug"
    assert denied(broker, asked(world, broker, enclave, runtime=runtime)).denial == "replayed"


def test_a_nonce_of_long_ago_is_forgotten(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    late = NOW + 2 * 86_400
    ask = asked(world, broker, enclave, now=late)
    broker.challenge(now=late)
    assert denied(broker, ask).denial == "wrong_nonce"


# Evidence. ------------------------------------------------------------------------------------------------------------


def test_wrong_measurement(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    error = denied(broker, asked(world, broker, enclave, measurement=bytes(48)))
    assert (error.denial, error.assurance) == ("wrong_measurement", "hardware")


def test_wrong_pcr(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    runtime = replace(enclave, ceiling=Assurance.VTPM_CLOUD).runtime(broker.challenge(now=NOW))
    bundle = AttestationBundle(runtime, world.tpm.evidence(runtime, PCR14[::-1]))
    error = denied(broker, lambda: broker.release(bundle, *head_of(enclave.model), now=NOW))
    assert (error.denial, error.assurance) == ("wrong_measurement", "vtpm_cloud")


def test_debug(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    assert denied(broker, asked(world, broker, enclave, debug=True)).denial == "debug"


def test_development_evidence_under_a_production_policy(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    """The ceiling that it claims changes nothing."""
    for ceiling in (Assurance.SANDBOX, Assurance.HARDWARE):
        runtime = replace(enclave, ceiling=ceiling).runtime(broker.challenge(now=NOW))
        bundle = world.sandbox_bundle(runtime)
        error = denied(broker, lambda bundle=bundle: broker.release(bundle, *head_of(enclave.model), now=NOW))  # type: ignore[misc]
        assert (error.denial, error.assurance) == ("development_evidence", "sandbox")


def test_a_door_does_not_lead_into_the_other_world(
    world: World, broker: KeyBroker, enclave: Enclave, sandbox: Enclave
) -> None:
    production = world.snp_bundle(enclave.runtime(broker.challenge(now=NOW)))
    head = head_of(enclave.model)
    assert (
        denied(broker, lambda: broker.release_development(production, *head, now=NOW)).denial == "development_evidence"
    )
    development = world.sandbox_bundle(sandbox.runtime(broker.challenge(now=NOW)))
    toy = head_of(sandbox.model)
    assert denied(broker, lambda: broker.release(development, *toy, now=NOW)).denial == "development_evidence"


def test_production_evidence_gets_no_development_key(world: World, broker: KeyBroker, sandbox: Enclave) -> None:
    runtime = replace(sandbox, ceiling=Assurance.HARDWARE).runtime(broker.challenge(now=NOW))
    bundle = world.snp_bundle(runtime)
    error = denied(broker, lambda: broker.release_development(bundle, *head_of(sandbox.model), now=NOW))
    assert (error.denial, error.assurance) == ("development_evidence", "hardware")


def test_expired_certificate(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    ended = world.snp.leaf((NOW - 86_400, NOW - 1))
    assert denied(broker, asked(world, broker, enclave, leaf=ended)).denial == "expired_collateral"


def test_revoked_certificate(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    lists = (world.snp.revocation_list(world.snp.ask.serial_number),)
    assert denied(broker, asked(world, broker, enclave, lists=lists)).denial == "revoked_certificate"


def test_untrusted_root(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    broker.close()
    pinned = world.broker(pinned=True)
    assert denied(pinned, asked(world, pinned, enclave)).denial == "untrusted_root"
    pinned.close()


def test_bad_signature(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    runtime = enclave.runtime(broker.challenge(now=NOW))
    evidence = world.snp.evidence(runtime)
    payload = bytearray(evidence.payload)
    payload[0xC0] ^= 1  # host data
    bundle = AttestationBundle(runtime, replace(evidence, payload=bytes(payload)))
    assert denied(broker, lambda: broker.release(bundle, *head_of(enclave.model), now=NOW)).denial == "bad_signature"


def test_not_bound(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    """Evidence of a genuine enclave, beside the keys of a thief."""
    nonce = broker.challenge(now=NOW)
    thief = replace(enclave, hpke=HpkeKey.generate()).runtime(nonce)
    bundle = AttestationBundle(thief, world.snp.evidence(enclave.runtime(nonce)))
    assert denied(broker, lambda: broker.release(bundle, *head_of(enclave.model), now=NOW)).denial == "not_bound"


def test_policy_denied(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    error = denied(broker, asked(world, broker, enclave, vmpl=1))
    assert (error.denial, error.check) == ("policy_denied", "vmpl")


def test_less_assurance_than_the_model_asks_for(world: World, broker: KeyBroker) -> None:
    model = world.added(broker, world.sealed(minimum=Assurance.HARDWARE))
    tenant = Enclave(model, Assurance.VTPM_CLOUD)
    runtime = tenant.runtime(broker.challenge(now=NOW))
    bundle = AttestationBundle(runtime, world.tpm.evidence(runtime, PCR14))
    error = denied(broker, lambda: broker.release(bundle, *head_of(model), now=NOW))
    assert (error.denial, error.check, error.assurance) == ("policy_denied", "assurance", "vtpm_cloud")


def test_not_checked(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    error = denied(broker, asked(world, broker, enclave, lists=()))
    assert (error.denial, error.check) == ("not_checked", "revocation")


def test_malformed_evidence(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    runtime = enclave.runtime(broker.challenge(now=NOW))
    evidence = world.snp.evidence(runtime)
    bundle = AttestationBundle(runtime, replace(evidence, payload=evidence.payload[:-1]))
    assert denied(broker, lambda: broker.release(bundle, *head_of(enclave.model), now=NOW)).denial == "malformed"


# Models. --------------------------------------------------------------------------------------------------------------


def test_old_version(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    newer = Enclave(world.added(broker, world.sealed(2)))
    asked(world, broker, enclave)()
    broker.set_minimum("credit", 2, now=NOW)
    assert denied(broker, asked(world, broker, enclave)).denial == "old_version"
    asked(world, broker, newer)()


def test_revoked_model(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    broker.revoke_model(enclave.model.header.digest, now=NOW)
    assert denied(broker, asked(world, broker, enclave)).denial == "revoked_model"


def test_unknown_model(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    stranger = Enclave(world.sealed(9))
    assert denied(broker, asked(world, broker, stranger)).denial == "unknown_model"


@pytest.mark.parametrize("field", ["model_digest", "zk_model_commitment"])
def test_wrong_model(world: World, broker: KeyBroker, enclave: Enclave, field: str) -> None:
    runtime = replace(enclave.runtime(broker.challenge(now=NOW)), **{field: bytes(32)})  # type: ignore[arg-type]
    assert denied(broker, asked(world, broker, enclave, runtime=runtime)).denial == "wrong_model"


def test_wrong_policy(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    runtime = replace(enclave.runtime(broker.challenge(now=NOW)), policy_digest=bytes(32))
    assert denied(broker, asked(world, broker, enclave, runtime=runtime)).denial == "wrong_policy"


def test_wrong_recipient(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    """Stanzas lie outside of the signed header; those of another file open nothing."""
    other = world.sealed(recipients=(HpkeKey.generate().public_key,))
    swapped = world.sealed(3)
    for model in (other, swapped):
        bundle = world.snp_bundle(enclave.runtime(broker.challenge(now=NOW)))
        head = head_of(enclave.model)[0], head_of(model)[1]
        error = denied(broker, lambda bundle=bundle, head=head: broker.release(bundle, *head, now=NOW))  # type: ignore[misc]
        assert error.denial == "wrong_recipient"


def test_malformed_stanzas(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    bundle = world.snp_bundle(enclave.runtime(broker.challenge(now=NOW)))
    header = head_of(enclave.model)[0]
    assert denied(broker, lambda: broker.release(bundle, header, b"\x80", now=NOW)).denial == "malformed"


def test_rate_limited_by_open_challenges(world: World, broker: KeyBroker) -> None:
    broker.close()
    small = world.broker(options=BrokerOptions(max_open_nonces=3))
    for _ in range(3):
        small.challenge(now=NOW)
    with pytest.raises(KeyDenied) as caught:
        small.challenge(now=NOW)
    assert caught.value.denial == "rate_limited"
    small.challenge(now=NOW + 121)
    small.close()


# Errors to codes. -----------------------------------------------------------------------------------------------------


def test_the_policy_of_a_development_model_is_no_door_either(world: World, broker: KeyBroker) -> None:
    """A production model cannot be registered under a policy that accepts development evidence."""
    from zkseal.errors import PolicyDenied

    model = world.sealed(policy=DEVELOPMENT)
    with pytest.raises(PolicyDenied):
        broker.add_model(model, DEVELOPMENT, now=NOW)


def test_codes_come_from_classes_and_checks_not_from_words() -> None:
    assert denied_by(Expired("x", check="age")).denial == "stale"
    assert denied_by(Expired("x", check="tpm.age")).denial == "stale"
    assert denied_by(Expired("age", check="validity")).denial == "expired_collateral"
    assert denied_by(RolledBack("x")).denial == "old_version"
    assert denied_by(NodeRefused("debug")).denial == "malformed"


def test_every_code_is_provoked_in_this_folder() -> None:
    from pathlib import Path

    source = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [code for code in DenialCode if f'"{code}"' not in source] == []
