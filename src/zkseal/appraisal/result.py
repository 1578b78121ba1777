"""What an appraisal found. Where development evidence was accepted, it is of another type, and every view says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from zkseal.appraisal.policy import Mode
from zkseal.errors import PolicyDenied
from zkseal.receipts import AnswerClaims, Statement
from zkseal.tee import Assurance, AttestedRuntime, Check, DevAttestedRuntime

__all__ = ["Appraisal", "DevAppraisal", "Found"]

PROFILE = "tag:zkseal,2026:appraisal"
DEV_PROFILE = "tag:zkseal,2026:appraisal-dev"


@dataclass(frozen=True)
class Found:
    """What was checked, before anything is made of it.

    Attributes:
        inputs, outputs: public numbers by name, if the verifying key was given; none of them is private.
        proved: the proof was there and holds.
        insecure: its powers of tau are of no published ceremony.
        attested: what vouches for the enclave, if its answer was appraised.
        claims: what the enclave signed.
        pending_until: Unix time until which the proof may be missing (TEE_THEN_ZK), None if nothing is missing.
        development: whether the policy, the attestation or the setup of the proof is one of development.
    """

    statement: Statement
    mode: Mode
    policy_id: str
    now: int
    checks: tuple[Check, ...]
    inputs: Mapping[str, npt.NDArray[Any]]
    outputs: Mapping[str, npt.NDArray[Any]]
    proved: bool
    insecure: bool
    attested: AttestedRuntime | DevAttestedRuntime | None
    claims: AnswerClaims | None
    pending_until: int | None
    development: bool

    DEVELOPMENT: ClassVar[bool | None] = None

    @property
    def assurance(self) -> str:
        """In one word: `proof`, a level of hardware assurance, or both joined by a plus sign."""
        level: Assurance | None = None if self.attested is None else self.attested.result.assurance
        words = [] if level is None else [level.name.lower()]
        if self.proved:
            words.append("insecure_proof" if self.insecure else "proof")
        return "+".join(words)

    def to_json(self) -> dict[str, Any]:
        """JSON view: everything that was checked, and what was not."""
        return {
            "profile": DEV_PROFILE if self.development else PROFILE,
            "mode": str(self.mode),
            "assurance": self.assurance,
            "development": self.development,
            "policy": self.policy_id,
            "now": self.now,
            "pending_until": self.pending_until,
            "checks": [check.to_json() for check in self.checks],
            "statement": self.statement.to_json(),
            "inputs": {name: np.asarray(array).tolist() for name, array in self.inputs.items()},
            "outputs": {name: np.asarray(array).tolist() for name, array in self.outputs.items()},
            "answer": None if self.claims is None else self.claims.to_json(),
            "attestation": None if self.attested is None else self.attested.to_json(),
        }


@dataclass(frozen=True)
class Appraisal(Found):
    """A receipt whose evidence satisfies its policy, and rests on published setups and production roots alone."""

    DEVELOPMENT: ClassVar[bool | None] = False

    def __post_init__(self) -> None:
        if self.development or self.insecure or not isinstance(self.attested, AttestedRuntime | None):
            raise PolicyDenied("This evidence is of development.", reason="development", check="assurance")


@dataclass(frozen=True)
class DevAppraisal(Found):
    """A receipt that rests on development evidence: for tests. Nothing that wants an `Appraisal` takes it."""

    DEVELOPMENT: ClassVar[bool | None] = True

    def __post_init__(self) -> None:
        if not self.development:
            raise PolicyDenied("This evidence is of a production root.", reason="production", check="assurance")
