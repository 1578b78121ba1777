"""Check evidence against a policy, at a time, without network.

Evidence is a report, quote, document, token or bundle of a vendor, what `zkseal tee attest` writes, or the attestation
of an enclave. Every check is printed, also those that were not made. Exit code 0 means that the policy accepts the
evidence.

example: zkseal tee verify report.bin --with vcek.der --now 2026-07-01T00:00:00Z --policy evidence-only
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from zkseal.cli.commands.evidence_arguments import add_now, nonce_of, now_of, read_file
from zkseal.cli.console import Console
from zkseal.errors import WrongInput, ZksealError
from zkseal.tee import (
    AppraisalPolicy,
    AttestationBundle,
    Evidence,
    Platform,
    Roots,
    appraise_bundle,
    appraise_evidence,
    evidence_from_cbor,
    load_policy,
    parse_policy,
    pinned_roots,
    read_evidence,
    shipped_policies,
)
from zkseal.tee.evidence import is_key_set

__all__ = ["configure", "run"]

# Beginnings of the deterministic CBOR of zkseal's own files: a map, and its first key.
_BUNDLE = b"\xa5\x66bundle"
_STANDALONE = b"\xa2\x68evidence"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("evidence", type=Path, metavar="FILE", help="evidence of one machine")
    parser.add_argument(
        "--with",
        dest="others",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="certificate, collateral, revocation list, key set, manifest, signature, event log; repeatable",
    )
    parser.add_argument(
        "--policy",
        default="production",
        metavar="P",
        help=f"a TOML file, or one of {', '.join(shipped_policies())} (default: production)",
    )
    add_now(parser)
    parser.add_argument("--nonce", metavar="HEX", help="what the evidence has to be bound to")
    platforms = [str(platform) for platform in Platform]
    parser.add_argument("--platform", choices=platforms, help="kind of evidence, if content is not enough")
    parser.add_argument("--index", type=int, default=0, metavar="N", help="which device of a list (default: 0)")


def run(options: argparse.Namespace, console: Console) -> None:
    """Appraises and prints the checks; a refusal is raised after they are shown."""
    policy = _policy(options.policy)
    try:
        platform, ear = _appraised(options, policy)
    except ZksealError as error:
        if "result" in error.fields:
            _show(console, error.fields["result"])
        raise
    _show(console, ear)
    status = ear["submods"][str(platform)]["ear_status"]
    line = f"{platform}: {status}, assurance {ear['assurance']}, under {policy.policy_id}"
    console.result({"accepted": True, **ear}, [line])


def _appraised(options: argparse.Namespace, policy: AppraisalPolicy) -> tuple[Platform, dict[str, Any]]:
    payload, now, nonce = read_file(options.evidence), now_of(options), nonce_of(options)
    if payload.startswith(_BUNDLE):
        _require_nothing_else(options, "an attestation")
        bundle = AttestationBundle.from_cbor(payload)
        return bundle.evidence.platform, appraise_bundle(bundle, policy, now=now, nonce=nonce).to_json()
    evidence, roots = _evidence(options, payload)
    return evidence.platform, appraise_evidence(evidence, policy, now=now, nonce=nonce, roots=roots).to_json()


def _evidence(options: argparse.Namespace, payload: bytes) -> tuple[Evidence, Roots]:
    """The evidence, and the pinned roots with a key set that was given: whoever runs the command trusts it."""
    if payload.startswith(_STANDALONE):
        _require_nothing_else(options, "what `zkseal tee attest` writes")
        return evidence_from_cbor(payload), pinned_roots()
    others = [read_file(path) for path in options.others]
    key_sets = [other.decode("utf-8", "replace") for other in others if is_key_set(other)]
    if len(key_sets) > 1:
        raise WrongInput("Two key sets are given; give one.", name="with", expected="one key set", got=len(key_sets))
    roots = replace(pinned_roots(), nras_jwks=key_sets[0]) if key_sets else pinned_roots()
    platform = Platform(options.platform) if options.platform else None
    others = [other for other in others if not is_key_set(other)]
    return read_evidence(payload, others, platform=platform, index=options.index), roots


def _require_nothing_else(options: argparse.Namespace, what: str) -> None:
    """Files of zkseal carry what belongs to them: an option that would be ignored is refused."""
    for name, given in (("with", options.others), ("platform", options.platform), ("index", options.index)):
        if given:
            text = f"--{name} is not for {what}, which carries it. Leave it away."
            raise WrongInput(text, name=name, expected="nothing", got=str(given))


def _show(console: Console, ear: dict[str, Any]) -> None:
    """The checks as a table; with --json they are in the result."""
    rows = [[check["name"], check["outcome"], check["detail"]] for check in ear["checks"]]
    console.table(["check", "outcome", "detail"], [*rows, ["(assurance)", ear["assurance"], ""]])


def _policy(name: str) -> AppraisalPolicy:
    if name in shipped_policies():
        return load_policy(name)
    return parse_policy(read_file(Path(name)).decode("utf-8", "replace"))
