"""Keys of enclaves on a real chain: a quorum registers, others do not, and what is revoked stays revoked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.chain.attested import DAY, HARDWARE, MEASUREMENT, Attested, Enclave, attested
from tests.chain.worlds import World

from zkseal.chain.attested_keys import (
    KEYS,
    KeyRevocation,
    MeasurementRevocation,
    RegisteredKey,
    allow_measurement,
    disallow_measurement,
    model_digest,
    ordered,
    read_key,
    register_key,
    require_usable,
    revoke,
)
from zkseal.chain.deployment import deploy
from zkseal.chain.typed_data import address_of_public_key, signer_of
from zkseal.errors import NotForChain, TransactionReverted

HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
ORDER = 2 * HALF_ORDER + 1


@pytest.fixture(scope="module")
def desk(world: World) -> Attested:
    return attested(world)


def refused(error: str, work: Callable[..., Any], *arguments: Any) -> TransactionReverted:
    with pytest.raises(TransactionReverted) as caught:
        work(*arguments)
    assert caught.value.error == error
    return caught.value


def test_digests_are_the_contracts(desk: Attested) -> None:
    connection, enclave = desk.world.connection, Enclave()
    attestation = desk.attestation(enclave)
    for function, arguments, made in (
        ("hashOf", (attestation.parts,), attestation),
        ("keyRevocationHashOf", (enclave.address, 7), KeyRevocation(enclave.address, 7)),
        ("measurementRevocationHashOf", (MEASUREMENT, 7), MeasurementRevocation(MEASUREMENT, 7)),
    ):
        told = bytes(connection.call(KEYS, desk.registry, function, *arguments))
        assert told == made.digest(connection.chain_id, desk.registry)
        signature = made.sign(desk.appraisers[0], connection.chain_id, desk.registry)
        assert signer_of(told, signature) == desk.appraisers[0].address


def test_two_of_three_register_a_key_in_any_order(desk: Attested) -> None:
    connection = desk.world.connection
    for numbers in ((0, 1), (1, 0), (2, 1), (2, 0, 1), (0, 0, 1)):
        enclave = Enclave()
        attestation = desk.attestation(enclave)
        signatures = desk.signatures(attestation, *numbers)
        receipt = register_key(connection, desk.world.other, desk.registry, attestation, signatures)
        (event,) = connection.events_in(KEYS, "KeyRegistered", receipt)
        assert event["key"] == enclave.address
        assert read_key(connection, desk.registry, enclave.address) == RegisteredKey(
            attestation.model_id, MEASUREMENT, attestation.valid_until, HARDWARE, False
        )
        require_usable(connection, desk.registry, enclave.address, attestation.model_id)
        refused("KeyOfOtherModel", require_usable, connection, desk.registry, enclave.address, desk.world.ids["hidden"])


def test_less_than_a_quorum_registers_nothing(desk: Attested) -> None:
    connection, other = desk.world.connection, desk.world.other
    attestation = desk.attestation(Enclave())
    register = (register_key, connection, other, desk.registry)
    refused("BelowThreshold", *register, attestation, desk.signatures(attestation, 0))
    refused("BelowThreshold", *register, attestation, desk.signatures(attestation, 0, 0))
    stranger = attestation.sign(other, connection.chain_id, desk.registry)
    refused("NotAppraiser", *register, attestation, [stranger, *desk.signatures(attestation, 0)])
    # Of another attestation, another registry, another chain: each signature names somebody else.
    changed = desk.attestation(Enclave(), valid_until=attestation.valid_until + 1)
    refused("NotAppraiser", *register, attestation, desk.signatures(changed, 0, 1))
    for chain_id, registry in ((connection.chain_id, other.address), (1, desk.registry)):
        elsewhere = [attestation.sign(appraiser, chain_id, registry) for appraiser in desk.appraisers[:2]]
        refused("NotAppraiser", *register, attestation, elsewhere)


def test_signatures_that_contracts_do_not_take_are_named_before_they_are_sent(desk: Attested) -> None:
    attestation = desk.attestation(Enclave())
    digest = attestation.digest(desk.world.connection.chain_id, desk.registry)
    (good,) = desk.signatures(attestation, 0)
    s = int.from_bytes(good[32:64], "big")
    malleated = good[:32] + (ORDER - s).to_bytes(32, "big") + bytes([27 + 28 - good[64]])
    for wrong in (malleated, good[:64], good[:64] + bytes([good[64] - 27]), good + b"\x00", bytes(65), b""):
        with pytest.raises(NotForChain):
            ordered(digest, [wrong])


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        ("ValidityOutOfRange", {"valid_until": 1}),
        ("ModelDigestMismatch", {"model_digest": bytes(32)}),
        ("MeasurementNotAllowed", {"measurement": bytes(32)}),
        ("AssuranceRefused", {"assurance": 3}),
        ("SignaturesExpired", {"deadline": 1}),
    ],
)
def test_what_is_signed_is_checked_all_the_same(desk: Attested, error: str, changes: dict[str, Any]) -> None:
    attestation = desk.attestation(Enclave(), **changes)
    signatures = desk.signatures(attestation, 0, 1)
    refused(error, register_key, desk.world.connection, desk.world.other, desk.registry, attestation, signatures)


def test_nobody_signs_development_evidence_by_mistake(desk: Attested) -> None:
    for assurance in range(3):
        attestation = desk.attestation(Enclave(), assurance=assurance)
        with pytest.raises(NotForChain) as caught:
            desk.signatures(attestation, 0)
        assert caught.value.reason == "assurance"


def test_a_model_that_is_not_there_has_no_digest(desk: Attested) -> None:
    registry = desk.world.address("ModelRegistry")
    refused("ModelNotFound", model_digest, desk.world.connection, registry, 7)


def test_revoked_keys_never_come_back(desk: Attested) -> None:
    connection, registry, enclave = desk.world.connection, desk.registry, Enclave()
    attestation = desk.attestation(enclave)
    signatures = desk.signatures(attestation, 0, 1)
    register_key(connection, desk.world.other, registry, attestation, signatures)
    revocation = KeyRevocation(enclave.address, desk.world.now() + 600)
    refused("NotGuardian", revoke, connection, desk.world.other, registry, revocation)
    revoke(connection, desk.guardian, registry, revocation)
    refused("KeyIsRevoked", require_usable, connection, registry, enclave.address, attestation.model_id)
    refused("KeyIsRevoked", register_key, connection, desk.world.other, registry, attestation, signatures)


def test_a_quorum_revokes_by_anyones_hand(desk: Attested) -> None:
    connection, registry, enclave = desk.world.connection, desk.registry, Enclave()
    desk.register(enclave)
    revocation = KeyRevocation(enclave.address, desk.world.now() + 600)
    signed = [revocation.sign(appraiser, connection.chain_id, registry) for appraiser in desk.appraisers]
    refused("BelowThreshold", revoke, connection, desk.world.other, registry, revocation, signed[:1])
    revoke(connection, desk.world.other, registry, revocation, signed[1:])
    assert read_key(connection, registry, enclave.address).revoked


def test_measurements_are_allowed_by_the_models_owner_and_revoked_for_all(desk: Attested) -> None:
    connection, registry, owner = desk.world.connection, desk.registry, desk.world.owner
    model_id, image = desk.world.ids["public"], b"\x77" * 32
    enclave = Enclave()
    attestation = desk.attestation(enclave, measurement=image, assurance=3)
    allow = (allow_measurement, connection)
    refused("NotModelOwner", *allow, desk.world.other, registry, model_id, image, 3)
    refused("AssuranceRefused", *allow, owner, registry, model_id, image, 2)
    allow_measurement(connection, owner, registry, model_id, image, 3)
    register_key(connection, owner, registry, attestation, desk.signatures(attestation, 0, 1))
    usable = (require_usable, connection, registry, enclave.address, model_id)
    disallow_measurement(connection, owner, registry, model_id, image)
    refused("MeasurementNotAllowed", *usable)
    allow_measurement(connection, owner, registry, model_id, image, 3)
    require_usable(*usable[1:])
    revocation = MeasurementRevocation(image, desk.world.now() + 600)
    signed = [revocation.sign(appraiser, connection.chain_id, registry) for appraiser in desk.appraisers[:2]]
    revoke(connection, desk.world.other, registry, revocation, signed)
    refused("MeasurementIsRevoked", *usable)
    refused("MeasurementIsRevoked", *allow, owner, registry, model_id, image, 3)
    revoke(connection, desk.guardian, registry, MeasurementRevocation(b"\x78" * 32, 0))


def test_keys_expire(desk: Attested) -> None:
    connection, enclave = desk.world.connection, Enclave()
    desk.register(enclave)
    desk.world.chain.advance(DAY + 60)
    refused("KeyExpired", require_usable, connection, desk.registry, enclave.address, desk.world.ids["public"])


def test_appraisers_have_to_be_distinct(world: World) -> None:
    parameters = {"appraisers": [world.user.address] * 2, "threshold_": 2}
    with pytest.raises(TransactionReverted) as caught:
        deploy(world.connection, world.owner, world.book, {"AttestedKeyRegistry@twice": parameters}, contracts=[])
    assert caught.value.error == "NotAscending"


def test_addresses_of_public_keys() -> None:
    enclave = Enclave()
    assert int(enclave.address, 16).to_bytes(20, "big") == enclave.key.address
    for wrong in (b"", b"\x04" + bytes(32), b"\x02" * 34, b"\x02" + b"\xff" * 32, b"\x02" + bytes(32)):
        with pytest.raises(NotForChain):
            address_of_public_key(wrong)
