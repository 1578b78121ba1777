"""Development evidence of a sandbox (`zkseal.tee.sandbox_evidence`). Its assurance is `sandbox` under every policy."""

from __future__ import annotations

import hashlib

from zkseal.errors import UntrustedRoot, ZksealError
from zkseal.tee.context import Context, Found, check_nonce, check_references, no_chip
from zkseal.tee.native import native
from zkseal.tee.result import Assurance, Rejected
from zkseal.tee.sandbox_evidence import decode_sandbox, signed_part

__all__ = ["ANNOUNCED", "verify"]

ANNOUNCED = (
    "format",
    "validity",
    "revocation",
    "signature",
    "issuer",
    "debug",
    "nonce",
    "reference-values",
    "chips",
)


def verify(context: Context, found: Found) -> None:
    """Verifies and appraises a sandbox's evidence."""
    checks = found.checks
    found.assurance = Assurance.SANDBOX
    try:
        claims, signature = decode_sandbox(context.evidence.payload)
    except ZksealError as error:
        checks.failed("format", error)
        raise Rejected from error
    checks.passed("format")
    checks.core(("signature",), lambda: native().es256k_verify(claims.issuer, signed_part(claims), signature))
    issuer = hashlib.sha256(claims.issuer).hexdigest()
    found.claims |= {
        "measurement": claims.measurement.hex(),
        "isolation": list(claims.isolation),
        "issuer_sha256": issuer,
    }
    listed = context.policy.sandbox_issuers
    if listed:
        unlisted = UntrustedRoot("The policy does not list the key that signed this evidence.", reason="issuer")
        checks.require("issuer", issuer in {entry.lower() for entry in listed}, unlisted)
    else:
        checks.skipped("issuer", "the policy lists no issuers of development evidence")
    for name in ("validity", "revocation"):
        checks.skipped(name, "nobody certifies the key of a sandbox")
    checks.skipped("debug", "a process cannot vouch that nobody debugs it")
    check_nonce(checks, context, claims.report_data)
    check_references(checks, context, "sandbox", {"measurement": claims.measurement.hex()})
    no_chip(checks, context, "a sandbox is of no chip")
