"""AMD SEV-SNP: the report, and what a policy says of guest policy, levels and privilege.

Sources: SEV-SNP Firmware ABI 56860 (guest policy, table 10; report, table 23).
"""

from __future__ import annotations

from typing import Any

from zkseal.errors import InvalidEncoding
from zkseal.tee.context import (
    CORE,
    Context,
    Found,
    check_chip,
    check_nonce,
    check_references,
    check_revocation,
    denied,
    hexadecimal,
)
from zkseal.tee.native import native
from zkseal.tee.result import Assurance, Checks

__all__ = ["ANNOUNCED", "verify"]

ANNOUNCED = (
    *CORE,
    "tcb",
    "debug",
    "migration",
    "vmpl",
    "tcb-floor",
    "tcb-committed",
    "nonce",
    "reference-values",
    "chips",
)

MIGRATION_AGENT_BIT = 18
DEBUG_BIT = 19


def verify(context: Context, found: Found) -> None:
    """Verifies and appraises a report; the leaf is the first certificate given."""
    report = authenticate(context, found, context.evidence.payload, list(context.evidence.endorsements.certificates))
    check_nonce(found.checks, context, report["report_data"], padded_to=64)
    claims = {name: value.hex() for name, value in report.items() if isinstance(value, bytes)}
    check_references(found.checks, context, "snp", claims)
    check_chip(found.checks, context, [report["chip_id"].hex()])


def authenticate(context: Context, found: Found, payload: bytes, certificates: list[bytes]) -> dict[str, Any]:
    """All but nonce, references and chips, for Azure's bundles too."""
    checks, policy = found.checks, context.policy

    def core() -> dict[str, Any]:
        if not certificates:
            raise InvalidEncoding("An SNP report comes with its VCEK or VLEK certificate; give it.", reason="leaf")
        leaf, *others = certificates
        authorities = others or list(context.roots.amd_authorities)
        lists = list(context.evidence.endorsements.revocation_lists)
        verified: dict[str, Any] = native().attest_snp(
            payload, leaf, authorities, list(context.roots.amd), lists, context.now
        )
        return verified

    report = checks.core((*CORE, "tcb"), core)
    check_revocation(checks, report["revocation_checked"], "no revocation list of the ARK was given")
    found.assurance = Assurance.HARDWARE
    found.claims |= hexadecimal({name: value for name, value in report.items() if name != "chain"})
    found.claims["debug"] = bool(report["policy"] >> DEBUG_BIT & 1)
    found.claims["certificate_window"] = [report["chain"]["not_before"], report["chain"]["not_after"]]

    checks.require("debug", not found.claims["debug"], denied("debug", "the guest policy allows debugging (bit 19)"))
    migrates = bool(report["policy"] >> MIGRATION_AGENT_BIT & 1) and not policy.snp_allow_migration_agent
    checks.require("migration", not migrates, denied("migration", "the guest policy allows a migration agent (bit 18)"))
    vmpl = report["vmpl"]
    text = f"the report is of privilege level {vmpl}, the policy accepts {policy.snp_max_vmpl}"
    checks.require("vmpl", vmpl <= policy.snp_max_vmpl, denied("vmpl", text), str(vmpl))
    _check_floor(checks, context, report)
    _check_committed(checks, context, report)
    return report


def _check_floor(checks: Checks, context: Context, report: dict[str, Any]) -> None:
    product = report["product"].partition("-")[0].lower()
    floor = context.policy.snp_min_tcb.get(product)
    if not floor:
        checks.skipped("tcb-floor", f"the policy has no levels for {product or 'this product'}")
        return
    low = [
        f"{part} of the {which} TCB is {report[which + '_tcb'][part]}, the policy wants {least}"
        for which in ("reported", "launch")
        for part, least in floor.items()
        if (report[which + "_tcb"][part] or 0) < least
    ]
    checks.require("tcb-floor", not low, denied("tcb-floor", "; ".join(low) or "-"))


def _check_committed(checks: Checks, context: Context, report: dict[str, Any]) -> None:
    """Firmware can go back to what is committed: the reported TCB then says nothing of tomorrow."""
    behind = [
        part for part, level in report["reported_tcb"].items() if (report["committed_tcb"][part] or 0) < (level or 0)
    ]
    text = f"the platform can go back below its reported TCB in {', '.join(behind)}"
    allowed = not behind or context.policy.snp_allow_provisional
    checks.require("tcb-committed", allowed, denied("tcb-committed", text), text if behind else "")
