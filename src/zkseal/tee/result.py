"""What an appraisal found: checks by name, claims, and the result in the form of an EAR.

An EAR is an EAT attestation result (draft-ietf-rats-ear-04); its trustworthiness vector holds the codes of
draft-ietf-rats-ar4si. A check that was not made is written `not_checked`, with the reason.

Rule of development evidence: `AttestationResult` is made of assurance 3 and 4 only. What a development root, or no root
at all, vouches for is a `DevAttestationResult`: no subclass, another profile, contraindicated by construction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, TypeVar

from zkseal.errors import AppraisalError, DecodeError, PolicyDenied, ZksealError

__all__ = [
    "Appraised",
    "Assurance",
    "AttestationResult",
    "Check",
    "Checks",
    "DevAttestationResult",
    "Outcome",
    "Platform",
    "Rejected",
]

PROFILE = "tag:zkseal,2026:ear"
DEV_PROFILE = "tag:zkseal,2026:ear-dev"

T = TypeVar("T")


class Assurance(IntEnum):
    """How much stands behind evidence: which root closed the chain, never what the evidence says of itself."""

    SANDBOX = 0
    SIMULATED = 1
    VTPM_DEV = 2
    VTPM_CLOUD = 3
    HARDWARE = 4

    @property
    def production(self) -> bool:
        """Whether keys may be released on it."""
        return self >= Assurance.VTPM_CLOUD


class Platform(StrEnum):
    """Kinds of evidence."""

    SGX = "sgx"
    TDX = "tdx"
    SNP = "snp"
    NITRO = "nitro"
    NVIDIA = "nvidia"
    NVIDIA_RIM = "nvidia_rim"
    NVIDIA_NRAS = "nvidia_nras"
    AZURE_SNP = "azure_snp"
    AZURE_TDX = "azure_tdx"
    CONFIDENTIAL_SPACE = "gcp_confidential_space"
    TPM = "tpm"
    SANDBOX = "sandbox"


class Outcome(StrEnum):
    """Of a check."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True)
class Check:
    """One check: its name, stable across releases, what came out, and why in words."""

    name: str
    outcome: Outcome
    detail: str = ""

    def to_json(self) -> dict[str, str]:
        """JSON view."""
        return {"name": self.name, "outcome": str(self.outcome), "detail": self.detail}


class Rejected(Exception):
    """Stops a verifier after a check without which the others mean nothing. Never leaves the package."""


class Checks:
    """The log of one appraisal. Names that are announced and not reached are `not_checked` at the end."""

    def __init__(self, announced: tuple[str, ...], prefix: str = "") -> None:
        self._prefix = prefix
        self._log: dict[str, Check] = {}
        self._announced = [prefix + name for name in announced]
        self.failures: list[ZksealError] = []

    def passed(self, name: str, detail: str = "") -> None:
        """The check was made and holds."""
        self._add(name, Outcome.PASS, detail)

    def skipped(self, name: str, reason: str) -> None:
        """The check was not made."""
        self._add(name, Outcome.NOT_CHECKED, reason)

    def failed(self, name: str, error: ZksealError) -> None:
        """The check was made and does not hold; others go on."""
        error.fields.setdefault("check", self._prefix + name)
        error.fields["check"] = self._prefix + name
        self.failures.append(error)
        self._add(name, Outcome.FAIL, error.message)

    def require(self, name: str, holds: bool, error: ZksealError, detail: str = "") -> None:
        """`passed` or `failed`."""
        if holds:
            self.passed(name, detail)
        else:
            self.failed(name, error)

    def core(self, names: tuple[str, ...], work: Callable[[], T], *, ordered: bool = True) -> T:
        """Runs a verifier that makes the checks `names`, in this order if `ordered`.

        Raises:
            Rejected: one failed; those before it passed if `ordered`, or if it is the last.
        """
        try:
            found = work()
        except (AppraisalError, DecodeError) as error:
            named = str(error.fields.get("check", "format"))
            failed = named if named in names else names[0]
            for name in names[: names.index(failed)] if ordered or failed == names[-1] else ():
                self.passed(name)
            self.failed(failed, error)
            raise Rejected from error
        for name in names:
            self.passed(name)
        return found

    def outcome(self, name: str) -> Outcome:
        """Of a check that may not have been reached."""
        check = self._log.get(self._prefix + name)
        return check.outcome if check else Outcome.NOT_CHECKED

    def absorb(self, other: Checks) -> None:
        """Takes over the log of a part of the evidence."""
        self._log |= {check.name: check for check in other.finish()}
        self.failures += other.failures

    def finish(self) -> tuple[Check, ...]:
        """All checks in the order of announcement, then of arrival."""
        missing = {
            name: Check(name, Outcome.NOT_CHECKED, "an earlier check failed")
            for name in self._announced
            if name not in self._log
        }
        every = missing | self._log
        return tuple(every[name] for name in dict.fromkeys([*self._announced, *self._log]))

    def _add(self, name: str, outcome: Outcome, detail: str) -> None:
        self._log[self._prefix + name] = Check(self._prefix + name, outcome, detail)


# Codes of the trustworthiness vector, draft-ietf-rats-ar4si-08, section 2.3.
GENUINE, UNSAFE_HARDWARE, UNRECOGNIZED_HARDWARE = 2, 32, 97
APPROVED, UNRECOGNIZED_EXECUTABLES, BAD = 2, 33, 96
ENCRYPTED_MEMORY, ISOLATED_MEMORY = 2, 32
CRYPTO_FAILED = 99

_ISOLATED_ONLY = {Platform.TPM, Platform.SANDBOX}
_DOCUMENTS = {Platform.NVIDIA_RIM}


def trust_vector(platform: Platform, outcomes: Mapping[str, Outcome], *, development: bool) -> dict[str, int]:
    """The codes for one piece of evidence. Zero claims nothing."""
    signed = all(outcomes.get(name) is Outcome.PASS for name in ("format", "signature"))
    if not signed:
        return dict.fromkeys(("hardware", "executables", "configuration", "runtime-opaque"), CRYPTO_FAILED)

    def code(name: str, good: int, unknown: int, bad: int) -> int:
        outcome = outcomes.get(name)
        return good if outcome is Outcome.PASS else bad if outcome is Outcome.FAIL else unknown

    chained = code("chain", GENUINE, UNRECOGNIZED_HARDWARE, UNRECOGNIZED_HARDWARE)
    hardware = max(chained, code("tcb", GENUINE, GENUINE, UNSAFE_HARDWARE))
    opaque = 0 if platform in _DOCUMENTS else ISOLATED_MEMORY if platform in _ISOLATED_ONLY else ENCRYPTED_MEMORY
    return {
        "hardware": UNRECOGNIZED_HARDWARE if development else hardware,
        "executables": code("reference-values", APPROVED, UNRECOGNIZED_EXECUTABLES, BAD),
        "configuration": code("debug", APPROVED, 0, BAD),
        "runtime-opaque": BAD if development else opaque,
    }


def status_of(vector: Mapping[str, int]) -> str:
    """The worst tier of a vector (draft-ietf-rats-ear-04, 3.2)."""
    worst = max(vector.values())
    for least, name in ((96, "contraindicated"), (32, "warning"), (2, "affirming")):
        if worst >= least:
            return name
    return "none"


@dataclass(frozen=True)
class Appraised:
    """What an appraisal found, before anything is made of it.

    Attributes:
        platform: kind of evidence.
        assurance: what root closed the chain.
        checks: every check, also those not made.
        claims: what the evidence says, as JSON values; bytes are hexadecimal.
        evidence_digest: SHA-256 of the payload.
        policy_id: name and digest of the policy.
        now: Unix time of the appraisal.
        nonce: what the caller asked to be bound, if anything.
    """

    platform: Platform
    assurance: Assurance
    checks: tuple[Check, ...]
    claims: Mapping[str, Any]
    evidence_digest: bytes
    policy_id: str
    now: int
    nonce: bytes | None

    @property
    def production(self) -> bool:
        """Whether a production root closed the chain."""
        return self.assurance.production

    def to_json(self) -> dict[str, Any]:
        """Claims of an EAR, contraindicated unless of a production root.

        draft-ietf-rats-ear-04 spells `ear_status`, where its fourth revision and ours agree.
        """
        outcomes = {check.name: check.outcome for check in self.checks}
        vector = trust_vector(self.platform, outcomes, development=not self.production)
        return {
            "eat_profile": PROFILE if self.production else DEV_PROFILE,
            "iat": self.now,
            "ear_verifier_id": {"developer": "zkseal", "build": "zkseal.tee"},
            "eat_nonce": self.nonce.hex() if self.nonce is not None else None,
            "assurance": self.assurance.name.lower(),
            "evidence_digest": self.evidence_digest.hex(),
            "checks": [check.to_json() for check in self.checks],
            "submods": {
                str(self.platform): {
                    "ear_status": status_of(vector),
                    "ear_trustworthiness_vector": vector,
                    "ear_appraisal_policy_id": self.policy_id,
                    "ear_veraison_annotated_evidence": dict(self.claims),
                }
            },
        }


@dataclass(frozen=True)
class AttestationResult(Appraised):
    """Evidence of a production root that satisfied a policy."""

    def __post_init__(self) -> None:
        if not self.production:
            raise PolicyDenied("This evidence is of no production root.", reason="development", check="assurance")


@dataclass(frozen=True)
class DevAttestationResult(Appraised):
    """Evidence of a development root, or of none. No production interface takes it."""

    def __post_init__(self) -> None:
        if self.production:
            raise PolicyDenied("This evidence is of a production root.", reason="production", check="assurance")


def digest(payload: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(payload).digest()
