"""Keys of enclaves in the AttestedKeyRegistry: attested by a quorum of appraisers, registered once, revoked for good.

An appraiser verifies the evidence off the chain (`zkseal.tee`) and signs what it found; whoever has the signatures of a
quorum brings them. contracts/src/AttestedKeyRegistry.sol says who may do what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zkseal.chain.accounts import Signer
from zkseal.chain.connection import Connection
from zkseal.chain.transactions import Receipt, transact
from zkseal.chain.typed_data import sign, signer_of
from zkseal.errors import NotForChain
from zkseal.evm.answers import registry_domain
from zkseal.evm.typed_data import Struct

__all__ = [
    "KEYS",
    "LEAST_ASSURANCE",
    "KeyAttestation",
    "KeyRevocation",
    "MeasurementRevocation",
    "RegisteredKey",
    "allow_measurement",
    "disallow_measurement",
    "model_digest",
    "ordered",
    "read_key",
    "register_key",
    "require_usable",
    "revoke",
]

KEYS = "AttestedKeyRegistry"
LEAST_ASSURANCE = 3
"""Of a cloud's vTPM. Development evidence cannot be registered."""


@dataclass(frozen=True)
class KeyAttestation:
    """What an appraiser signs for an enclave's key.

    Attributes:
        key: address of the secp256k1 key that was made in the enclave at this boot.
        model_id: registered model that it runs.
        model_digest: of the model commitments, `model_digest`.
        measurement: 32 bytes that stand for what was measured of the enclave.
        ear_digest: SHA-256 of the appraisal's result.
        assurance: 3 (a cloud's vTPM) or 4 (hardware).
        valid_until: last second (Unix time) at which its answers count, at most 30 days ahead.
        deadline: last second for the registration.
    """

    key: str
    model_id: int
    model_digest: bytes
    measurement: bytes
    ear_digest: bytes
    assurance: int
    valid_until: int
    deadline: int

    @property
    def parts(self) -> tuple[str, int, bytes, bytes, bytes, int, int, int]:
        """The fields in the order of the Solidity struct."""
        return (
            self.key,
            self.model_id,
            self.model_digest,
            self.measurement,
            self.ear_digest,
            self.assurance,
            self.valid_until,
            self.deadline,
        )

    def digest(self, chain_id: int, registry: str) -> bytes:
        """The 32 bytes that are signed."""
        return _ATTESTATION.digest(registry_domain(chain_id, registry), self.parts)

    def sign(self, appraiser: Signer, chain_id: int, registry: str) -> bytes:
        """The appraiser's signature, 65 bytes.

        Raises:
            NotForChain: it is of development evidence, which no contract takes: nobody signs it by mistake.
        """
        if self.assurance < LEAST_ASSURANCE:
            raise NotForChain(
                f"Evidence of assurance {self.assurance} is development evidence: no contract takes its keys. "
                "Attest on a production root.",
                reason="assurance",
            )
        return sign(_ATTESTATION, appraiser, registry_domain(chain_id, registry), self.parts)


_ATTESTATION = Struct(
    "KeyAttestation",
    (
        ("key", "address"),
        ("modelId", "uint256"),
        ("modelDigest", "bytes32"),
        ("measurement", "bytes32"),
        ("earDigest", "bytes32"),
        ("assurance", "uint8"),
        ("validUntil", "uint64"),
        ("deadline", "uint64"),
    ),
)


@dataclass(frozen=True)
class KeyRevocation:
    """What appraisers sign to revoke a key."""

    key: str
    deadline: int

    def digest(self, chain_id: int, registry: str) -> bytes:
        """The 32 bytes that are signed."""
        return _KEY_REVOCATION.digest(registry_domain(chain_id, registry), (self.key, self.deadline))

    def sign(self, appraiser: Signer, chain_id: int, registry: str) -> bytes:
        """The appraiser's signature, 65 bytes."""
        return sign(_KEY_REVOCATION, appraiser, registry_domain(chain_id, registry), (self.key, self.deadline))


@dataclass(frozen=True)
class MeasurementRevocation:
    """What appraisers sign to revoke a measurement: of all keys that have it, nothing counts any more."""

    measurement: bytes
    deadline: int

    def digest(self, chain_id: int, registry: str) -> bytes:
        """The 32 bytes that are signed."""
        return _MEASUREMENT_REVOCATION.digest(registry_domain(chain_id, registry), (self.measurement, self.deadline))

    def sign(self, appraiser: Signer, chain_id: int, registry: str) -> bytes:
        """The appraiser's signature, 65 bytes."""
        domain = registry_domain(chain_id, registry)
        return sign(_MEASUREMENT_REVOCATION, appraiser, domain, (self.measurement, self.deadline))


_KEY_REVOCATION = Struct("KeyRevocation", (("key", "address"), ("deadline", "uint64")))
_MEASUREMENT_REVOCATION = Struct("MeasurementRevocation", (("measurement", "bytes32"), ("deadline", "uint64")))


@dataclass(frozen=True)
class RegisteredKey:
    """A key as the registry has it; `valid_until` is 0 for one that was never registered."""

    model_id: int
    measurement: bytes
    valid_until: int
    assurance: int
    revoked: bool


def model_digest(connection: Connection, registry: str, model_id: int) -> bytes:
    """keccak256 of the model commitments of a registered model, as its verifying program holds them.

    Args:
        registry: address of the ModelRegistry.

    Raises:
        TransactionReverted: `ModelNotFound`.
    """
    program = connection.call("ModelRegistry", registry, "statusOf", model_id)[0]
    verifier = connection.call("ModelRegistry", registry, "verifier")
    return bytes(connection.call("ZksealVerifier", verifier, "modelDigest", program))


def ordered(digest: bytes, signatures: Iterable[bytes]) -> list[bytes]:
    """Signatures over a digest as contracts take them: in ascending order of their signers, each once.

    Raises:
        NotForChain: one is no signature.
    """
    by_signer = {int(signer_of(digest, signature), 16): signature for signature in signatures}
    return [signature for _, signature in sorted(by_signer.items())]


def register_key(
    connection: Connection, signer: Signer, registry: str, attestation: KeyAttestation, signatures: Sequence[bytes]
) -> Receipt:
    """Registers a key on the word of a quorum, in any order.

    Args:
        registry: address of the AttestedKeyRegistry.

    Raises:
        NotForChain: a signature is none.
        TransactionReverted: `BelowThreshold`, `NotAppraiser`, `KeyExists`, `KeyIsRevoked`, `MeasurementNotAllowed` ..
        ChainError: see `transactions.send`.
    """
    sorted_ = ordered(attestation.digest(connection.chain_id, registry), signatures)
    return transact(connection, signer, KEYS, registry, "registerKey", attestation.parts, sorted_)


def revoke(
    connection: Connection,
    signer: Signer,
    registry: str,
    what: KeyRevocation | MeasurementRevocation,
    signatures: Sequence[bytes] | None = None,
) -> Receipt:
    """Revokes a key or a measurement at once and for good.

    Args:
        signatures: of a quorum; without, the account has to be the owner or the guardian, and no deadline counts.

    Raises:
        TransactionReverted: `NotGuardian`, or as `register_key`.
    """
    kind, name = ("Key", what.key) if isinstance(what, KeyRevocation) else ("Measurement", what.measurement)
    if signatures is None:
        return transact(connection, signer, KEYS, registry, f"revoke{kind}", name)
    sorted_ = ordered(what.digest(connection.chain_id, registry), signatures)
    return transact(connection, signer, KEYS, registry, f"revoke{kind}ByQuorum", name, what.deadline, sorted_)


def allow_measurement(
    connection: Connection, signer: Signer, registry: str, model_id: int, measurement: bytes, assurance: int
) -> Receipt:
    """Lets a measurement run a model, with at least this assurance. The account has to be the model's owner."""
    return transact(connection, signer, KEYS, registry, "allowMeasurement", model_id, measurement, assurance)


def disallow_measurement(
    connection: Connection, signer: Signer, registry: str, model_id: int, measurement: bytes
) -> Receipt:
    """Takes that back. The account has to be the model's owner."""
    return transact(connection, signer, KEYS, registry, "disallowMeasurement", model_id, measurement)


def read_key(connection: Connection, registry: str, key: str) -> RegisteredKey:
    """A key as the registry has it."""
    found: Mapping[int, Any] = connection.call(KEYS, registry, "getKey", key)
    return RegisteredKey(int(found[0]), bytes(found[1]), int(found[2]), int(found[3]), bool(found[4]))


def require_usable(connection: Connection, registry: str, key: str, model_id: int) -> None:
    """Raises `TransactionReverted` with the reason if answers of the key do not count now."""
    connection.call(KEYS, registry, "requireUsable", key, model_id)
