"""A key broker that knows one boot, and the enclave that asks it from inside other boots.

The test plays the enclave: its keys are here, and what the machine signs is their digest. Broker, sealed model, policy,
TPM and quotes are the real ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tests.broker.worlds import CONTENT, NOW, ZK_MODEL, Enclave, head_of
from tests.measured_boot.machine import PCRS, Boot

from zkseal._native import HpkeKey, PublisherKey
from zkseal.broker import DevReleasedKey, KeyBroker
from zkseal.sealed import SealedModel, SealingTerms, seal
from zkseal.tee import AppraisalPolicy, Assurance, AttestationBundle, RuntimeData, parse_policy

__all__ = ["CONTENT", "NOW", "Release", "policy_text", "values_of"]


def values_of(boot: Boot) -> dict[int, bytes]:
    """The PCRs that were quoted."""
    assert boot.evidence.endorsements.pcrs is not None
    return dict(zip(PCRS, boot.evidence.endorsements.pcrs, strict=True))


def policy_text(boot: Boot, base: str = "development") -> str:
    """Accepts machines that were booted like this one, with every check made that needs no certificate and no chip."""
    references = "".join(f'"tpm.sha256.pcr{pcr}" = ["{value.hex()}"]\n' for pcr, value in values_of(boot).items())
    least = 'min_assurance = "vtpm_dev"\n' if base == "development" else ""
    unmade = 'allow_not_checked = ["tpm.ak-certificate", "validity", "revocation", "debug", "chips"]\n'
    return f'extends = "{base}"\nname = "this boot"\n{least}{unmade}[references]\n{references}'


@dataclass
class Release:
    """A sealed model whose key is for machines that were booted like `reference`."""

    folder: Path
    reference: Boot
    kek: HpkeKey = field(default_factory=HpkeKey.generate)
    log_key: PublisherKey = field(default_factory=PublisherKey.generate)

    def __post_init__(self) -> None:
        text = policy_text(self.reference)
        terms = SealingTerms("credit", 1, ZK_MODEL, self.policy.digest, Assurance.VTPM_DEV, NOW)
        path, database = self.folder / "credit.zks", self.folder / "broker.db"
        seal(path, {"proving-key": CONTENT}, terms, PublisherKey.generate(), (self.kek.public_key,))
        self.enclave = Enclave(SealedModel.open(path), Assurance.VTPM_DEV)
        KeyBroker.create(database, self.kek, self.log_key, now=NOW)
        self.broker = KeyBroker(database, self.kek, self.log_key)
        self.broker.add_model(self.enclave.model, text, now=NOW)

    @property
    def policy(self) -> AppraisalPolicy:
        """The policy of the model."""
        return parse_policy(policy_text(self.reference))

    def challenged(self) -> RuntimeData:
        """What the enclave binds, with a new challenge of the broker."""
        return self.enclave.runtime(self.broker.challenge(now=NOW))

    def ask(self, runtime: RuntimeData, boot: Boot) -> DevReleasedKey:
        """Asks for the key with what the machine signed. Raises `KeyDenied`."""
        bundle = AttestationBundle(runtime, boot.evidence)
        return self.broker.release_development(bundle, *head_of(self.enclave.model), now=NOW + 60)
