"""A broker with sealed models in a folder, and enclaves that ask it: all parts are the real ones."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.broker.vendors import MEASUREMENT, SnpVendor, TpmVendor

from zkseal._native import HpkeKey, PublisherKey, SigningKey
from zkseal.broker import BrokerOptions, DevReleasedKey, KeyBroker, ReleasedKey
from zkseal.sealed import SealedModel, SealingTerms, open_release, seal
from zkseal.sealed.stanzas import encode_stanzas
from zkseal.tee import Assurance, AttestationBundle, Evidence, Platform, Roots, RuntimeData, parse_policy
from zkseal.tee.sandbox_evidence import SandboxClaims, encode_sandbox, signed_part

NOW = 1_796_000_000
CONTENT = b"the proving key of a model" * 1000
ZK_MODEL = hashlib.sha256(b"model id of a verifying key").digest()
PCR14 = hashlib.sha256(b"boot chain").digest()

PRODUCTION = f'''
extends = "production"
name = "production of the test"
[references]
"snp.measurement" = ["{MEASUREMENT.hex()}"]
"tpm.sha256.pcr14" = ["{PCR14.hex()}"]
[snp.min_tcb.milan]
snp = 8
'''

# As production, for vendors whose evidence is of no code that we know: whatever else is wrong with it is said first.
VENDORS = PRODUCTION.replace("of the test", "of vendors")

DEVELOPMENT = 'extends = "development"\nname = "development of the test"\n'


@dataclass(frozen=True)
class Enclave:
    """Keys of an enclave, and what it claims to serve."""

    model: SealedModel
    ceiling: Assurance = Assurance.HARDWARE
    hpke: HpkeKey = field(default_factory=HpkeKey.generate)
    signing: SigningKey = field(default_factory=SigningKey.generate)
    boot_epoch: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def runtime(self, nonce: bytes) -> RuntimeData:
        """What its evidence is bound to."""
        header = self.model.header
        return RuntimeData(
            self.ceiling,
            self.hpke.public_key,
            self.signing.public_key,
            header.digest,
            header.zk_model_commitment,
            header.policy_digest,
            self.boot_epoch,
            nonce,
        )

    def content(self, released: ReleasedKey | DevReleasedKey, nonce: bytes) -> bytes:
        """What the sealed model holds, with the released key."""
        key = open_release(
            self.hpke,
            released.wrapped_key,
            assurance=released.assurance,
            policy_digest=released.policy_digest,
            nonce=nonce,
            evidence_digest=released.evidence_digest,
        )
        return self.model.unlock(key).read("proving-key")


def sandbox_evidence(runtime: RuntimeData, issuer: SigningKey) -> Evidence:
    """Development evidence, bound to runtime data."""
    measurement = hashlib.sha256(b"code of a sandbox").digest()
    claims = SandboxClaims(measurement, runtime.binding(Platform.SANDBOX), ("seccomp",), issuer.public_key)
    return Evidence(Platform.SANDBOX, encode_sandbox(claims, issuer.sign(signed_part(claims))))


def head_of(model: SealedModel) -> tuple[bytes, bytes]:
    """Header and stanzas as they stand in the file."""
    return model.header.to_cbor(), encode_stanzas(model.stanzas)


@dataclass
class World:
    """A broker, what it serves, and who vouches for machines."""

    folder: Path
    snp: SnpVendor
    tpm: TpmVendor
    kek: HpkeKey = field(default_factory=HpkeKey.generate)
    log_key: PublisherKey = field(default_factory=PublisherKey.generate)
    publisher: PublisherKey = field(default_factory=PublisherKey.generate)
    issuer: SigningKey = field(default_factory=SigningKey.generate)

    def __post_init__(self) -> None:
        KeyBroker.create(self.database, self.kek, self.log_key, now=NOW)

    @property
    def database(self) -> Path:
        """Of the broker."""
        return self.folder / "broker.db"

    @property
    def roots(self) -> Roots:
        """Of both vendors of the test."""
        return replace(self.snp.roots, tpm=self.tpm.roots.tpm)

    def broker(
        self, *, pinned: bool = False, anchor: Path | None = None, options: BrokerOptions | None = None
    ) -> KeyBroker:
        """Opens the broker, under the test's roots or under those that zkseal pins."""
        roots = None if pinned else self.roots
        return KeyBroker(self.database, self.kek, self.log_key, roots=roots, anchor=anchor, options=options)

    def sealed(
        self,
        version: int = 1,
        *,
        policy: str = PRODUCTION,
        minimum: Assurance = Assurance.VTPM_CLOUD,
        name: str = "credit",
        recipients: tuple[bytes, ...] | None = None,
    ) -> SealedModel:
        """A sealed model in a file."""
        path = self.folder / f"{name}-{version}-{secrets.token_hex(3)}.zks"
        terms = SealingTerms(name, version, ZK_MODEL, parse_policy(policy).digest, minimum, NOW)
        seal(path, {"proving-key": CONTENT}, terms, self.publisher, recipients or (self.kek.public_key,))
        return SealedModel.open(path)

    def added(self, broker: KeyBroker, model: SealedModel, policy: str = PRODUCTION) -> SealedModel:
        """Registers it."""
        broker.add_model(model, policy, now=NOW)
        return model

    def snp_bundle(self, runtime: RuntimeData, **changes: object) -> AttestationBundle:
        """Evidence of the test's SNP vendor."""
        return AttestationBundle(runtime, self.snp.evidence(runtime, **changes))  # type: ignore[arg-type]

    def sandbox_bundle(self, runtime: RuntimeData) -> AttestationBundle:
        """Development evidence."""
        return AttestationBundle(runtime, sandbox_evidence(runtime, self.issuer))
