"""What a bundle is worth, part by part under one policy: as much as its worst part.

Which evidence can be of a machine and which of a device is fixed here, whatever a policy lists: a manifest is of no
machine, a GPU is not the machine that it is in. A relay stays possible: a GPU's report says that some GPU answered this
nonce, not in which machine it is (docs/decisions/attestation.md).

An `AttestedRuntime` is of production roots and under a policy of production (`AppraisalPolicy.production`). What the
policies `development` or `evidence-only` accept is a `DevAttestedRuntime`, over genuine hardware too: they do not ask
whose code runs, so no key may follow from them.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from zkseal.errors import NonceMismatch, PolicyDenied, ZksealError
from zkseal.tee.appraise import appraise_evidence
from zkseal.tee.bundle import DEV_MEDIA_TYPE, MEDIA_TYPE, AttestationBundle
from zkseal.tee.evidence import Evidence
from zkseal.tee.policy import AppraisalPolicy
from zkseal.tee.result import DEV_PROFILE, AttestationResult, Check, DevAttestationResult, Outcome, Platform
from zkseal.tee.roots import Roots
from zkseal.tee.runtime_data import RuntimeData

__all__ = ["DEVICES", "MACHINES", "AttestedRuntime", "DevAttestedRuntime", "appraise_bundle"]

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
