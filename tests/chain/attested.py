"""A registry of enclaves' keys on a chain, under two of three appraisers, and an enclave's key from the core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy.typing as npt
from tests.chain.worlds import World

import zkseal
from zkseal import _native
from zkseal.chain.accounts import Signer
from zkseal.chain.attested_keys import KeyAttestation, allow_measurement, model_digest, register_key
from zkseal.chain.deployment import deploy
from zkseal.chain.local import local_signer
from zkseal.chain.transactions import transact
from zkseal.chain.typed_data import address_of_public_key
from zkseal.evm.answers import AttestedAnswer, OracleQuestion, answer_digest
from zkseal.pipeline import ProvingKey
from zkseal.proving import Opening

MEASUREMENT = bytes(range(32))
HARDWARE = 4
DAY = 86_400


@dataclass(frozen=True)
class Enclave:
    """Stands where an enclave would: a key that signs digests and is never shown."""

    key: Any = field(default_factory=_native.SigningKey.generate, repr=False)

    @property
    def address(self) -> str:
        return address_of_public_key(self.key.public_key)

    def sign_digest(self, digest: bytes) -> bytes:
        return bytes(self.key.sign_digest(digest))


@dataclass(frozen=True)
class InProcess:
    """An attester without a process around it, for what nodes do with answers: it runs, commits and signs here."""

    registry: str
    proving_key: ProvingKey = field(repr=False)
    enclave: Enclave

    def answer(
        self, question: OracleQuestion, inputs: Mapping[str, npt.ArrayLike], opening: Opening | None
    ) -> AttestedAnswer:
        answered = zkseal.answer(self.proving_key, dict(inputs), checked=True, opening=opening)
        digest = answer_digest(question.statement(answered.statement), question.registry)
        signature = self.enclave.sign_digest(digest)
        return AttestedAnswer(answered.statement, answered.opening, signature, self.enclave.key.public_key)


@dataclass(frozen=True)
class Attested:
    """A world whose oracle takes the answers of registered keys."""

    world: World
    appraisers: tuple[Signer, ...]
    guardian: Signer
    registry: str

    def attestation(self, enclave: Enclave, model: str = "public", **changes: Any) -> KeyAttestation:
        """What the appraisers would sign."""
        connection, now = self.world.connection, self.world.now()
        model_id = self.world.ids[model]
        plain = KeyAttestation(
            key=enclave.address,
            model_id=model_id,
            model_digest=model_digest(connection, self.world.address("ModelRegistry"), model_id),
            measurement=MEASUREMENT,
            ear_digest=b"\x0e" * 32,
            assurance=HARDWARE,
            valid_until=now + DAY,
            deadline=now + 3600,
        )
        return replace(plain, **changes)

    def signatures(self, attestation: KeyAttestation, *numbers: int) -> list[bytes]:
        """Of appraisers by number."""
        chain_id = self.world.connection.chain_id
        return [attestation.sign(self.appraisers[number], chain_id, self.registry) for number in numbers]

    def register(self, enclave: Enclave, model: str = "public") -> None:
        """By a quorum."""
        attestation = self.attestation(enclave, model)
        signatures = self.signatures(attestation, 2, 0)
        register_key(self.world.connection, self.world.other, self.registry, attestation, signatures)


def attested(world: World) -> Attested:
    """Deploys the registry, names it to the oracle, allows one measurement for both models."""
    appraisers, guardian = tuple(local_signer(index) for index in (6, 7, 8)), local_signer(9)
    parameters = {
        "guardian_": guardian.address,
        "appraisers": sorted((signer.address for signer in appraisers), key=lambda address: int(address, 16)),
        "threshold_": 2,
    }
    deploy(world.connection, world.owner, world.book, {"AttestedKeyRegistry": parameters}, contracts=[])
    registry, oracle = world.address("AttestedKeyRegistry"), world.address("InferenceOracle")
    transact(world.connection, world.owner, "InferenceOracle", oracle, "setAttestationVerifier", registry)
    for model_id in world.ids.values():
        allow_measurement(world.connection, world.owner, registry, model_id, MEASUREMENT, HARDWARE)
    return Attested(world, appraisers, guardian, registry)
