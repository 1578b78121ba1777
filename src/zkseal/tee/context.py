"""What every verifier is given, and checks that several platforms share."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zkseal.errors import Expired, MeasurementMismatch, NonceMismatch, PolicyDenied
from zkseal.tee.evidence import Evidence
from zkseal.tee.policy import AppraisalPolicy
from zkseal.tee.result import Assurance, Checks
from zkseal.tee.roots import Roots

__all__ = ["CORE", "Context", "Found", "check_nonce", "check_references", "check_revocation"]

# What the Rust verifiers check, in this order.
CORE = ("format", "chain", "validity", "revocation", "signature")


@dataclass(frozen=True)
class Context:
    """One appraisal.

    Attributes:
        now: Unix seconds.
        nonce: what the evidence has to be bound to, or None.
    """

    evidence: Evidence
    policy: AppraisalPolicy
    roots: Roots
    now: int
    nonce: bytes | None


@dataclass
class Found:
    """What a verifier finds: filled as it goes, so that a refusal can show how far it came."""

    checks: Checks
    claims: dict[str, Any] = field(default_factory=dict)
    assurance: Assurance = Assurance.SIMULATED


def denied(check: str, reason: str) -> PolicyDenied:
    """The policy does not accept what a check found."""
    return PolicyDenied(f"{reason[:1].upper()}{reason[1:]}.", check=check, reason=reason)


def check_nonce(checks: Checks, context: Context, bound: bytes | None, *, padded_to: int = 0) -> None:
    """`nonce`: the evidence carries the caller's nonce, filled with zeros to `padded_to` bytes."""
    if context.nonce is None:
        checks.skipped("nonce", "the caller gave no nonce")
        return
    expected = context.nonce.ljust(padded_to, b"\0")
    got = bound if bound is not None else b""
    error = NonceMismatch(
        "The evidence is bound to another nonce. Ask for new evidence.", expected=expected.hex(), got=got.hex()
    )
    checks.require("nonce", hmac.compare_digest(expected, got), error)


def check_references(checks: Checks, context: Context, prefix: str, claims: Mapping[str, str]) -> None:
    """`reference-values`: each claim of `prefix` that the policy knows has one of its values, and there is one."""
    wanted = {
        name.removeprefix(f"{prefix}."): accepted
        for name, accepted in context.policy.references.items()
        if name.startswith(f"{prefix}.")
    }
    if not wanted:
        checks.skipped("reference-values", f"the policy has no reference values {prefix}.*")
        return
    for name, accepted in wanted.items():
        got = claims.get(name, "")
        if got.lower() not in accepted:
            error = MeasurementMismatch(
                f"{prefix}.{name} is {got or 'absent'}, which is no reference value of the policy.",
                claim=f"{prefix}.{name}",
                got=got,
            )
            checks.failed("reference-values", error)
            return
    checks.passed("reference-values", ", ".join(sorted(wanted)))


def check_revocation(
    checks: Checks, made: bool, reason: str = "no revocation list was given for every authority"
) -> None:
    """`revocation` passed in the core when lists were there; without them it was not made."""
    if not made:
        checks.skipped("revocation", reason)


def check_age(checks: Checks, context: Context, time_s: float) -> None:
    """`age`: the evidence says when it was made, and that is not long ago."""
    age = context.now - time_s
    skew, limit = context.policy.clock_skew_s, context.policy.max_age_s
    error = Expired(
        f"The evidence was made {age:.0f} seconds ago; the policy accepts {limit}. Ask for new evidence.",
        reason="age",
        now=context.now,
    )
    checks.require("age", -skew <= age <= limit, error, f"{age:.0f} s")


def check_chip(checks: Checks, context: Context, identifiers: Sequence[str]) -> None:
    """`chips`: the hardware is on the policy's list, if it has one."""
    if not context.policy.chips:
        checks.skipped("chips", "the policy lists no chips")
        return
    listed = {chip.lower() for chip in context.policy.chips}
    known = any(identifier.lower() in listed for identifier in identifiers)
    checks.require("chips", known, denied("chips", "this chip is not on the policy's list"))


def no_chip(checks: Checks, context: Context, reason: str) -> None:
    """`chips` of evidence that does not say which chip it is of: a policy that lists chips refuses it."""
    if context.policy.chips:
        checks.failed("chips", denied("chips", f"the policy lists chips, and {reason}"))
    else:
        checks.skipped("chips", reason)


def hexadecimal(value: Any) -> Any:
    """Bytes as text, inside dictionaries and lists too."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {str(key): hexadecimal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [hexadecimal(item) for item in value]
    return value
