"""Intel SGX and TDX: the quote under collateral, and what a policy says of status, attributes and service TDs.

Sources: Intel TDX DCAP Quoting Library API, A.3 (TD report, attributes); SGX Developer Reference (attributes);
Intel TDX Module ABI 348551, table 3.23.
"""

from __future__ import annotations

from typing import Any

from zkseal.errors import InvalidEncoding, UntrustedRoot
from zkseal.tee.context import CORE, Context, Found, check_chip, check_nonce, check_references, denied, hexadecimal
from zkseal.tee.native import native
from zkseal.tee.result import Assurance, Platform

__all__ = ["ANNOUNCED", "authenticate", "verify"]

ANNOUNCED = (
    *CORE,
    "tcb",
    "advisories",
    "debug",
    "attributes",
    "service-td",
    "smt",
    "nonce",
    "reference-values",
    "chips",
)

SGX_DEBUG = 0x02
# TUD group: DEBUG and profiling. Any bit of it makes a TD untrusted.
TD_UNDER_DEBUG = 0xFF


def verify(context: Context, found: Found) -> None:
    """Verifies and appraises a quote."""
    endorsements = context.evidence.endorsements
    quote = authenticate(context, found, context.evidence.payload, endorsements.collateral)
    fields = quote["fields"]
    check_nonce(found.checks, context, fields["report_data"], padded_to=64)
    check_references(found.checks, context, quote["tee"], {name: value.hex() for name, value in fields.items()})
    check_chip(found.checks, context, [quote["ppid"].hex(), quote["fmspc"].hex()])


def authenticate(context: Context, found: Found, payload: bytes, collateral: str | None) -> dict[str, Any]:
    """All but nonce, references and chips, for Azure's bundles too."""
    checks, policy = found.checks, context.policy

    def core() -> dict[str, Any]:
        if collateral is None:
            reason = "A quote is checked under Intel's collateral for its platform; give the JSON of its time."
            raise InvalidEncoding(reason, reason="collateral", check="chain")
        if len(context.roots.intel) != 1:
            reason = f"quotes are checked under one root of Intel's, and {len(context.roots.intel)} were given"
            raise UntrustedRoot(f"{reason[:1].upper()}{reason[1:]}.", reason=reason, check="chain")
        verified: dict[str, Any] = native().attest_intel(payload, collateral, context.roots.intel[0], context.now)
        wanted = "sgx" if context.evidence.platform is Platform.SGX else "tdx"
        if verified["tee"] != wanted:
            reason = f"The quote is of {verified['tee']}, given as one of {wanted}."
            raise InvalidEncoding(reason, reason="platform", check="format")
        return verified

    quote = checks.core((*CORE, "tcb"), core, ordered=False)
    fields = quote["fields"]
    found.assurance = Assurance.HARDWARE
    found.claims |= hexadecimal({**quote, **fields})

    refused = quote["refused_attributes"]
    is_tdx = quote["tee"] == "tdx"
    debug = fields["td_attributes"][0] & TD_UNDER_DEBUG if is_tdx else fields["attributes"][0] & SGX_DEBUG
    found.claims["debug"] = bool(debug)
    checks.require("debug", not debug, denied("debug", "debug mode or profiling is enabled"))
    allowed = (
        refused == "SEPT_VE_DISABLE is not enabled"
        and policy.azure_allow_sept_ve
        and context.evidence.platform is Platform.AZURE_TDX
    )
    checks.require("attributes", refused is None or allowed, denied("attributes", str(refused)), refused or "")
    bound = any(fields.get("mr_service_td", b""))
    text = "a service TD is bound (MR_SERVICETD is not zero)"
    checks.require("service-td", not bound or policy.intel_allow_service_td, denied("service-td", text))
    if quote["tcb_status"] is None:
        checks.skipped("tcb", f"the library stops before the status: {refused}")
        checks.skipped("advisories", "the status is not known")
        checks.skipped("smt", "the status is not known")
    else:
        _check_status(context, found, quote)
    return quote


def _check_status(context: Context, found: Found, quote: dict[str, Any]) -> None:
    checks, policy = found.checks, context.policy
    status, evaluation = quote["tcb_status"], quote["tcb_evaluation"]
    if evaluation < policy.intel_min_tcb_evaluation:
        text = f"the collateral's evaluation data number is {evaluation}, below {policy.intel_min_tcb_evaluation}"
        checks.failed("tcb", denied("tcb", text))
    else:
        accepted = status in policy.intel_tcb_statuses
        checks.require("tcb", accepted, denied("tcb", f"the TCB status {status} is not accepted"), status)
    unwanted = sorted(set(quote["advisories"]) & set(policy.intel_reject_advisories))
    text = f"the advisories {', '.join(unwanted)} apply"
    checks.require("advisories", not unwanted, denied("advisories", text), ", ".join(quote["advisories"]))
    smt = bool(quote["smt"]) and not policy.intel_allow_smt
    checks.require("smt", not smt, denied("smt", "hyperthreading is on"))
