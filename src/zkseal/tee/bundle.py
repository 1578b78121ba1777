"""Evidence of a whole machine in one value: its main evidence, its GPUs, and the runtime data that all are bound to.

A bundle is appraised part by part under one policy; it is as good as its worst part. Which evidence can be of a machine
and which of a device is fixed here, whatever a policy lists: a manifest is of no machine, a GPU is not the machine that
it is in. A relay stays possible: a GPU's report says that some GPU answered this nonce, not in which machine it is
(docs/decisions/attestation.md).

An `AttestedRuntime` is of production roots and under a policy of production (`AppraisalPolicy.production`). What the
policies `development` or `evidence-only` accept is a `DevAttestedRuntime`, over genuine hardware too: they do not ask
whose code runs, so no key may follow from them.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Mapping
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
from zkseal.tee.result import DEV_PROFILE, AttestationResult, Check, DevAttestationResult, Outcome, Platform
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
MAX_BUNDLE_ITEMS = 1 << 13
MAX_SUBMODULES = 16

MACHINES = frozenset(
    {
        Platform.SGX,
        Platform.TDX,
        Platform.SNP,
        Platform.NITRO,
        Platform.AZURE_SNP,
        Platform.AZURE_TDX,
        Platform.CONFIDENTIAL_SPACE,
        Platform.TPM,
        Platform.SANDBOX,
    }
)
"""Evidence that says what runs on a machine, or in a process of it."""
DEVICES = frozenset({Platform.NVIDIA})
"""Evidence of a device that answered a nonce itself."""

# Names of submodules: they stand in tables and in EARs, beside the machine's own entry, whose name is its platform.
_NAME = re.compile(r"[a-z][a-z0-9]{0,15}")

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
        for name in self.submodules:
            if not isinstance(name, str) or not _NAME.fullmatch(name) or name in list(Platform):
                raise InvalidEncoding(f"{name!r} is no name of a submodule; gpu0 is one.", reason="submodules")

    @property
    def media_type(self) -> str:
        """Another one for evidence that can show no production assurance: by its ceiling, or because of a sandbox."""
        production = self.runtime_data.ceiling.production and self.evidence.platform is not Platform.SANDBOX
        return MEDIA_TYPE if production else DEV_MEDIA_TYPE

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
        value = cbor.loads(data, max_bytes=MAX_BUNDLE_BYTES, max_items=MAX_BUNDLE_ITEMS)
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
            text = (
                f"The attestation says to be {value['media_type']!r}, but what it holds makes it {bundle.media_type}."
            )
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
        if self.DEVELOPMENT:
            ear["eat_profile"] = DEV_PROFILE
        return ear | {"runtime_data": self.runtime_data.to_json(), "media_type": self._media_type()}

    def _media_type(self) -> str:
        return DEV_MEDIA_TYPE if self.DEVELOPMENT else MEDIA_TYPE


@dataclass(frozen=True)
class AttestedRuntime(_Attested):
    """A production root vouches for it, under a policy of production: it may get keys, and its answers count."""

    result: AttestationResult
    submodules: Mapping[str, AttestationResult]

    DEVELOPMENT: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not all(isinstance(part, AttestationResult) for part in (self.result, *self.submodules.values())):
            reason = "a part is of a development root"
            raise PolicyDenied("A part of the attestation is of no production root.", check="assurance", reason=reason)

    def to_json(self) -> dict[str, Any]:
        """An EAR with a submodule for each part."""
        return self._to_json(self.result, self.submodules)


@dataclass(frozen=True)
class DevAttestedRuntime(_Attested):
    """Of a development root, or under a policy that is not for keys. What wants an `AttestedRuntime` refuses it."""

    result: AttestationResult | DevAttestationResult
    submodules: Mapping[str, AttestationResult | DevAttestationResult]

    DEVELOPMENT: ClassVar[bool] = True

    def to_json(self) -> dict[str, Any]:
        """As that of an `AttestedRuntime`, in the profile of development; parts of such roots are contraindicated."""
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
        AppraisalError, DecodeError: as `appraise_evidence`; for a submodule the field `submodule` names it. Further
            checks are `challenge`, `machine` and `device` (evidence of a kind that cannot be there), `runtime-data`,
            `ceiling` and `gpus`.

    Returns:
        An `AttestedRuntime` only of production roots and under a policy of production.
    """
    runtime = bundle.runtime_data
    checks = [_challenge(runtime, nonce, policy)]
    result = _bound("machine", bundle.evidence, MACHINES, runtime, policy, now, roots)
    checks.append(Check("runtime-data", Outcome.PASS, "the evidence is bound to it"))
    if result.assurance > runtime.ceiling:
        reason = f"the runtime data says {runtime.ceiling.name.lower()} at most, the evidence shows more"
        raise PolicyDenied(f"{reason[:1].upper()}{reason[1:]}.", check="ceiling", reason=reason)
    checks.append(Check("ceiling", Outcome.PASS, runtime.ceiling.name.lower()))
    submodules = {name: _submodule(name, part, runtime, policy, now, roots) for name, part in bundle.submodules.items()}
    checks.append(_gpus(submodules, policy))
    if isinstance(result, DevAttestationResult) or not policy.production:
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


def _bound(
    role: str,
    part: Evidence,
    platforms: Collection[Platform],
    runtime: RuntimeData,
    policy: AppraisalPolicy,
    now: int,
    roots: Roots | None,
) -> AttestationResult | DevAttestationResult:
    """The result of one part, which is of a kind that can be a `role` and whose nonce is that of the runtime data."""
    if part.platform not in platforms:
        reason = f"evidence of {part.platform} is not of a {role}"
        raise PolicyDenied(f"{reason[:1].upper()}{reason[1:]}.", check=role, reason=reason)
    binding = runtime.binding(part.platform, part.index)
    result = appraise_evidence(part, policy, now=now, nonce=binding, roots=roots)
    # A policy may allow that the nonce is not checked, and a verifier may not know of one: here it has to be.
    if {check.name: check.outcome for check in result.checks}.get("nonce") is not Outcome.PASS:
        reason = "the evidence is not bound to the runtime data"
        raise PolicyDenied(f"{reason[:1].upper()}{reason[1:]}.", check="runtime-data", reason=reason)
    return result


def _submodule(
    name: str, part: Evidence, runtime: RuntimeData, policy: AppraisalPolicy, now: int, roots: Roots | None
) -> AttestationResult | DevAttestationResult:
    try:
        return _bound("device", part, DEVICES, runtime, policy, now, roots)
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
