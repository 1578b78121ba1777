"""Evidence of a whole machine in one value: its main evidence, its GPUs, and the runtime data that all are bound to.

A bundle is appraised part by part under one policy; it is as good as its worst part. A relay stays possible: a GPU's
report says that some GPU answered this nonce, not in which machine it is (docs/decisions/attestation.md).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from zkseal.errors import (
    InvalidEncoding,
    NonceMismatch,
    PolicyDenied,
    UnknownVersion,
    ZksealError,
)
from zkseal.receipts import cbor
from zkseal.tee.appraise import appraise_evidence
from zkseal.tee.evidence import Evidence
from zkseal.tee.evidence_encoding import decode_evidence, encode_evidence
from zkseal.tee.policy import AppraisalPolicy
from zkseal.tee.result import AttestationResult, Check, DevAttestationResult, Outcome, Platform
from zkseal.tee.roots import Roots
from zkseal.tee.runtime_data import MAX_RUNTIME_DATA_BYTES, RuntimeData

__all__ = [
    "DEV_MEDIA_TYPE",
    "MAX_BUNDLE_BYTES",
    "MEDIA_TYPE",
    "AttestationBundle",
    "AttestedRuntime",
    "DevAttestedRuntime",
    "appraise_bundle",
]

MEDIA_TYPE = "application/vnd.zkseal.evidence+cbor"
DEV_MEDIA_TYPE = "application/vnd.zkseal.evidence-dev+cbor"
VERSION = 1
MAX_BUNDLE_BYTES = 1 << 23
MAX_SUBMODULES = 16

_KEYS = {"bundle", "evidence", "media_type", "runtime", "submodules"}


@dataclass(frozen=True)
class AttestationBundle:
    """What an enclave shows.

    Attributes:
        evidence: of the machine or the process.
        submodules: of its devices, by name: `gpu0`, `gpu1`.
    """

    runtime_data: RuntimeData
    evidence: Evidence
    submodules: Mapping[str, Evidence] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.submodules) > MAX_SUBMODULES:
            raise InvalidEncoding(f"{len(self.submodules)} submodules are too many.", reason="submodules")

    @property
    def media_type(self) -> str:
        """Another one for evidence that can show no production assurance."""
        return MEDIA_TYPE if self.runtime_data.ceiling.production else DEV_MEDIA_TYPE

    def to_cbor(self) -> bytes:
        """The one encoding."""
        return cbor.dumps(
            {
                "bundle": VERSION,
                "media_type": self.media_type,
                "runtime": self.runtime_data.to_cbor(),
                "evidence": encode_evidence(self.evidence),
                "submodules": {name: encode_evidence(evidence) for name, evidence in self.submodules.items()},
            }
        )

    @staticmethod
    def from_cbor(data: bytes) -> AttestationBundle:
        """Raises: DecodeError: not the one encoding of a bundle, or of the other media type."""
        value = cbor.loads(data, max_bytes=MAX_BUNDLE_BYTES)
        if not isinstance(value, dict) or set(value) != _KEYS:
            raise InvalidEncoding("The attestation has missing or unknown entries.", reason="bundle")
        if value["bundle"] != VERSION or isinstance(value["bundle"], bool):
            text = f"Attestations of version {value['bundle']!r} are not known to this release."
            raise UnknownVersion(text, got=value["bundle"], expected=VERSION)
        runtime, submodules = value["runtime"], value["submodules"]
        if not isinstance(runtime, bytes) or len(runtime) > MAX_RUNTIME_DATA_BYTES or not isinstance(submodules, dict):
            raise InvalidEncoding("The attestation's runtime data or submodules are none.", reason="bundle")
        bundle = AttestationBundle(
            RuntimeData.from_cbor(runtime),
            decode_evidence(value["evidence"]),
            {name: decode_evidence(entry) for name, entry in submodules.items()},
        )
        if value["media_type"] != bundle.media_type:
            text = f"The attestation says to be {value['media_type']!r}, but its ceiling makes it {bundle.media_type}."
            raise InvalidEncoding(text, reason="media type")
        return bundle


@dataclass(frozen=True)
class _Attested:
    """Runtime data, and what vouches for it.

    Attributes:
        checks: of the bundle; those of its parts are in the results.
    """

    runtime_data: RuntimeData
    checks: tuple[Check, ...]

    DEVELOPMENT: ClassVar[bool]

    def _to_json(
        self, result: AttestationResult | DevAttestationResult, submodules: Mapping[str, Any]
    ) -> dict[str, Any]:
        ear = result.to_json()
        for name, part in submodules.items():
            inner = part.to_json()
            (appraisal,) = inner["submods"].values()
            ear["submods"][name] = appraisal
            ear["checks"] += [{**check, "name": f"{name}.{check['name']}"} for check in inner["checks"]]
        ear["checks"] += [check.to_json() for check in self.checks]
        return ear | {"runtime_data": self.runtime_data.to_json(), "media_type": self._media_type()}

    def _media_type(self) -> str:
        return DEV_MEDIA_TYPE if self.DEVELOPMENT else MEDIA_TYPE


@dataclass(frozen=True)
class AttestedRuntime(_Attested):
    """A production root vouches for it: keys may be released to it, and its answers count."""

    result: AttestationResult
    submodules: Mapping[str, AttestationResult]

    DEVELOPMENT: ClassVar[bool] = False

    def to_json(self) -> dict[str, Any]:
        """An EAR with a submodule for each part."""
        return self._to_json(self.result, self.submodules)


@dataclass(frozen=True)
class DevAttestedRuntime(_Attested):
    """For work without hardware. No interface that wants an `AttestedRuntime` takes it."""

    result: DevAttestationResult
    submodules: Mapping[str, AttestationResult | DevAttestationResult]

    DEVELOPMENT: ClassVar[bool] = True

    def to_json(self) -> dict[str, Any]:
        """As that of an `AttestedRuntime`, contraindicated."""
        return self._to_json(self.result, self.submodules)


def appraise_bundle(
    bundle: AttestationBundle,
    policy: AppraisalPolicy,
    *,
    now: int,
    nonce: bytes | None = None,
    roots: Roots | None = None,
) -> AttestedRuntime | DevAttestedRuntime:
    """Appraises all parts of a bundle, and that each is bound to the runtime data.

    Args:
        now: Unix seconds.
        nonce: the challenge that the runtime data has to hold; without it the check `challenge` is not made, which
            only a policy that names it in `allow_not_checked` accepts.

    Raises:
        AppraisalError, DecodeError: as `appraise_evidence`; for a submodule the field `submodule` names it.
    """
    runtime = bundle.runtime_data
    checks = [_challenge(runtime, nonce, policy)]
    evidence = bundle.evidence
    binding = runtime.binding(evidence.platform, evidence.index)
    result = appraise_evidence(evidence, policy, now=now, nonce=binding, roots=roots)
    checks.append(Check("runtime-data", Outcome.PASS, "the evidence is bound to it"))
    if result.assurance > runtime.ceiling:
        reason = f"the runtime data says {runtime.ceiling.name.lower()} at most, the evidence shows more"
        raise PolicyDenied(f"{reason[:1].upper()}{reason[1:]}.", check="ceiling", reason=reason)
    checks.append(Check("ceiling", Outcome.PASS, runtime.ceiling.name.lower()))
    submodules = {name: _submodule(name, part, bundle, policy, now, roots) for name, part in bundle.submodules.items()}
    checks.append(_gpus(submodules, policy))
    if isinstance(result, DevAttestationResult):
        return DevAttestedRuntime(runtime, tuple(checks), result, submodules)
    production = {name: part for name, part in submodules.items() if isinstance(part, AttestationResult)}
    if len(production) != len(submodules):
        reason = "a submodule is of a development root"
        raise PolicyDenied(
            "A submodule is of a development root, the machine is not.", check="assurance", reason=reason
        )
    return AttestedRuntime(runtime, tuple(checks), result, production)


def _challenge(runtime: RuntimeData, nonce: bytes | None, policy: AppraisalPolicy) -> Check:
    if nonce is not None:
        if not hmac.compare_digest(nonce, runtime.nonce):
            raise NonceMismatch(
                "The attestation answers another challenge. Ask for a new one.",
                check="challenge",
                expected=nonce.hex(),
                got=runtime.nonce.hex(),
            )
        return Check("challenge", Outcome.PASS)
    if "challenge" not in policy.allow_not_checked:
        reason = "the check challenge was not made (the caller gave no nonce), and the policy does not allow that"
        raise PolicyDenied(f"{reason[:1].upper()}{reason[1:]}.", check="challenge", reason=reason)
    return Check("challenge", Outcome.NOT_CHECKED, "the caller gave no nonce")


def _submodule(
    name: str, part: Evidence, bundle: AttestationBundle, policy: AppraisalPolicy, now: int, roots: Roots | None
) -> AttestationResult | DevAttestationResult:
    binding = bundle.runtime_data.binding(part.platform, part.index)
    try:
        return appraise_evidence(part, policy, now=now, nonce=binding, roots=roots)
    except ZksealError as error:
        error.fields["submodule"] = name
        raise


def _gpus(submodules: Mapping[str, AttestationResult | DevAttestationResult], policy: AppraisalPolicy) -> Check:
    """Each GPU once: one that answers under two names, with a nonce for each, has one key."""
    keys = [part.claims["device_key_sha256"] for part in submodules.values() if part.platform is Platform.NVIDIA]
    if len(set(keys)) != len(keys):
        reason = "one GPU is there under two names"
        raise PolicyDenied("One GPU is there under two names.", check="gpus", reason=reason)
    if len(keys) < policy.composite_gpus:
        reason = f"{len(keys)} GPUs are attested, the policy wants {policy.composite_gpus}"
        raise PolicyDenied(f"{reason}.", check="gpus", reason=reason)
    return Check("gpus", Outcome.PASS, f"{len(keys)}")
