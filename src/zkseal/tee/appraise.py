"""`appraise_evidence`: one piece of evidence under one policy, check by check. No clock, no network."""

from __future__ import annotations

from zkseal.errors import InvalidEncoding, PolicyDenied, ZksealError
from zkseal.tee.context import Context, Found, denied
from zkseal.tee.evidence import Evidence
from zkseal.tee.policy import AppraisalPolicy
from zkseal.tee.result import (
    Appraised,
    Assurance,
    AttestationResult,
    Check,
    Checks,
    DevAttestationResult,
    Outcome,
    Platform,
    Rejected,
    digest,
)
from zkseal.tee.roots import Roots, pinned_roots
from zkseal.tee.verifiers import VERIFIERS

__all__ = ["appraise_evidence"]

POLICY_CHECKS = ("platform", "assurance")


def appraise_evidence(
    evidence: Evidence,
    policy: AppraisalPolicy,
    *,
    now: int,
    nonce: bytes | None = None,
    roots: Roots | None = None,
) -> AttestationResult | DevAttestationResult:
    """Appraises evidence at the time `now` (Unix seconds) and returns what was checked.

    Args:
        nonce: what the evidence has to be bound to; without it the check `nonce` is not made. Give 16 random bytes or
            more; an empty one, or one of zeros only, is refused.
        roots: trust anchors, by default those that zkseal pins.

    Raises:
        AppraisalError: the first check that failed, or that was not made and has to be. Fields: `check`, and `result`,
            the result so far as an EAR whose checks tell the rest.
        InvalidEncoding: evidence or endorsements are malformed. Fields as above. Or the nonce binds nothing.
    """
    if nonce is not None and not any(nonce):
        # Evidence that is bound to nothing carries zeros, or no nonce at all.
        text = "A nonce that is empty, or of zeros only, binds nothing. Give random bytes."
        raise InvalidEncoding(text, reason="nonce", check="nonce")
    module = VERIFIERS[evidence.platform]
    found = Found(Checks((*module.ANNOUNCED, *POLICY_CHECKS)))
    if evidence.platform is Platform.SANDBOX:
        found.assurance = Assurance.SANDBOX
    context = Context(evidence, policy, roots if roots is not None else pinned_roots(), now, nonce)
    try:
        _check_platform(context, found)
        module.verify(context, found)
        _check_assurance(context, found)
    except Rejected:
        pass
    except (ZksealError, MemoryError):
        raise
    except Exception as unexpected:
        # The last resort: what a verifier did not expect is an evidence's fault, and refused as such. Only the type of
        # the error is told, since its text can hold anything.
        text = f"The evidence is malformed ({type(unexpected).__name__})."
        found.checks.failed("format", InvalidEncoding(text, reason="malformed"))
    checks = found.checks.finish()
    error = _first_error(found, checks, policy, evidence)
    appraised = Appraised(
        platform=evidence.platform,
        assurance=found.assurance,
        checks=checks,
        claims=found.claims,
        evidence_digest=digest(evidence.payload),
        policy_id=policy.policy_id,
        now=now,
        nonce=nonce,
    )
    if error is not None:
        error.fields["result"] = appraised.to_json()
        raise error
    return (AttestationResult if appraised.production else DevAttestationResult)(**vars(appraised))


def _check_platform(context: Context, found: Found) -> None:
    """Comes first: evidence of a kind that the policy does not accept is not even read."""
    policy, platform = context.policy, context.evidence.platform
    text = f"the policy does not accept evidence of {platform}"
    found.checks.require("platform", platform in policy.platforms, denied("platform", text), str(platform))
    if found.checks.failures:
        raise Rejected


def _check_assurance(context: Context, found: Found) -> None:
    policy = context.policy
    text = f"the assurance is {found.assurance.name.lower()}, the policy wants {policy.min_assurance}"
    enough = found.assurance >= policy.assurance
    found.checks.require("assurance", enough, denied("assurance", text), found.assurance.name.lower())


def _first_error(
    found: Found, checks: tuple[Check, ...], policy: AppraisalPolicy, evidence: Evidence
) -> ZksealError | None:
    if found.checks.failures:
        return found.checks.failures[0]
    for check in checks:
        if check.outcome is Outcome.NOT_CHECKED and not policy.allows_unmade(evidence.platform, check.name):
            reason = f"the check {check.name} was not made ({check.detail}), and the policy does not allow that"
            return PolicyDenied(f"{reason[:1].upper()}{reason[1:]}.", check=check.name, reason=reason)
    return None
