"""Check evidence against a policy, at a time, without network.

Evidence is a report, quote, document, token or bundle of a vendor, what `zkseal tee attest` writes, or the attestation
of an enclave. Every check is printed, also those that were not made. Exit code 0 means that the policy accepts the
evidence.

example: zkseal tee verify report.bin --with vcek.der --now 2026-07-01T00:00:00Z --policy evidence-only
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from zkseal.cli.commands.evidence_arguments import add_now, nonce_of, now_of, read_file
from zkseal.cli.commands.tee.given_evidence import GivenEvidence, add_evidence, given_evidence
from zkseal.cli.console import Console
from zkseal.collateral import Cache, completed, roots_with
from zkseal.errors import ZksealError
from zkseal.tee import (
    AppraisalPolicy,
    AttestationBundle,
    Evidence,
    Platform,
    appraise_bundle,
    appraise_evidence,
    load_policy,
    parse_policy,
    shipped_policies,
)

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    add_evidence(parser)
    parser.add_argument(
        "--collateral", type=Path, metavar="DIR", help="folder of `zkseal tee fetch`: what vendors say of the hardware"
    )
    parser.add_argument(
        "--policy",
        default="production",
        metavar="P",
        help=f"a TOML file, or one of {', '.join(shipped_policies())} (default: production)",
    )
    add_now(parser)
    parser.add_argument("--nonce", metavar="HEX", help="what the evidence has to be bound to")


def run(options: argparse.Namespace, console: Console) -> None:
    """Appraises and prints the checks; a refusal is raised after they are shown."""
    policy, now = _policy(options.policy), now_of(options)
    given = given_evidence(options)
    if options.collateral is not None:
        given = _with_collateral(given, Cache(options.collateral), now, console)
    try:
        platform, ear = _appraised(given, policy, now, nonce_of(options))
    except ZksealError as error:
        if "result" in error.fields:
            _show(console, error.fields["result"])
        raise
    _show(console, ear)
    status = ear["submods"][str(platform)]["ear_status"]
    line = f"{platform}: {status}, assurance {ear['assurance']}, under {policy.policy_id}"
    console.result({"accepted": True, **ear}, [line])


def _appraised(
    given: GivenEvidence, policy: AppraisalPolicy, now: int, nonce: bytes | None
) -> tuple[Platform, dict[str, Any]]:
    whole = given.whole
    if isinstance(whole, AttestationBundle):
        result = appraise_bundle(whole, policy, now=now, nonce=nonce)
        return whole.evidence.platform, result.to_json()
    return whole.platform, appraise_evidence(whole, policy, now=now, nonce=nonce, roots=given.roots).to_json()


def _with_collateral(given: GivenEvidence, cache: Cache, now: int, console: Console) -> GivenEvidence:
    """With what the folder has for each piece; what it has not is said, and left to the policy."""
    roots = given.roots if given.roots.nras_jwks is not None else roots_with(given.roots, cache)

    def change(piece: Evidence) -> Evidence:
        found, missing = completed(piece, cache, roots=roots, now=now)
        for name in missing:
            console.note(f"the folder has no {name}: `zkseal tee fetch` gets it")
        return found

    return GivenEvidence(given.changed(change).whole, roots)


def _show(console: Console, ear: dict[str, Any]) -> None:
    """The checks as a table; with --json they are in the result."""
    rows = [[check["name"], check["outcome"], check["detail"]] for check in ear["checks"]]
    console.table(["check", "outcome", "detail"], [*rows, ["(assurance)", ear["assurance"], ""]])


def _policy(name: str) -> AppraisalPolicy:
    if name in shipped_policies():
        return load_policy(name)
    return parse_policy(read_file(Path(name)).decode("utf-8", "replace"))
