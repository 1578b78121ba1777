"""Check evidence of trusted execution environments, offline: `zkseal tee verify`.

Every check is printed, also those that were not made. Exit code 0 means that the policy accepts the evidence.

example: zkseal tee verify report.bin --with vcek.der --now 2026-07-01T00:00:00Z --policy evidence-only
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zkseal.cli.console import Console
from zkseal.cli.declare import add_json
from zkseal.errors import FileUnavailable, WrongInput, ZksealError
from zkseal.tee import (
    AppraisalPolicy,
    Platform,
    appraise_evidence,
    load_policy,
    parse_policy,
    read_evidence,
    shipped_policies,
)

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the subcommand and its arguments."""
    commands = parser.add_subparsers(dest="subcommand", metavar="SUBCOMMAND", required=True)
    command = commands.add_parser(
        "verify",
        help="check one piece of evidence against a policy",
        description="Check one piece of evidence against a policy, at a time, without network.",
        allow_abbrev=False,
    )
    command.add_argument("evidence", type=Path, metavar="FILE", help="report, quote, document, token or bundle")
    command.add_argument(
        "--with",
        dest="others",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="certificate, collateral, revocation list, key set, manifest, signature; told by content, repeatable",
    )
    command.add_argument(
        "--policy",
        default="production",
        metavar="P",
        help=f"a TOML file, or one of {', '.join(shipped_policies())} (default: production)",
    )
    command.add_argument("--now", metavar="T", help="time of the appraisal, RFC 3339 or Unix seconds (default: now)")
    command.add_argument("--nonce", metavar="HEX", help="what the evidence has to be bound to")
    platforms = [str(platform) for platform in Platform]
    command.add_argument("--platform", choices=platforms, help="kind of evidence, if content is not enough")
    command.add_argument("--index", type=int, default=0, metavar="N", help="which device of a list (default: 0)")
    add_json(command, nested=True)


def run(options: argparse.Namespace, console: Console) -> None:
    """Appraises and prints the checks; a refusal is raised after they are shown."""
    policy = _policy(options.policy)
    evidence = read_evidence(
        _read(options.evidence),
        [_read(path) for path in options.others],
        platform=Platform(options.platform) if options.platform else None,
        index=options.index,
    )
    try:
        result = appraise_evidence(evidence, policy, now=_now(options.now), nonce=_nonce(options.nonce))
    except ZksealError as error:
        if "result" in error.fields:
            _show(console, error.fields["result"])
        raise
    ear = result.to_json()
    _show(console, ear)
    submodule = ear["submods"][str(evidence.platform)]
    line = f"{evidence.platform}: {submodule['ear_status']}, assurance {ear['assurance']}, under {policy.policy_id}"
    console.result({"accepted": True, **ear}, [line])


def _show(console: Console, ear: dict[str, Any]) -> None:
    """The checks as a table; with --json they are in the result."""
    rows = [[check["name"], check["outcome"], check["detail"]] for check in ear["checks"]]
    console.table(["check", "outcome", "detail"], [*rows, ["(assurance)", ear["assurance"], ""]])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        text = f"{path} cannot be read: {error.strerror}."
        raise FileUnavailable(text, path=str(path), reason=str(error.strerror)) from error


def _policy(name: str) -> AppraisalPolicy:
    if name in shipped_policies():
        return load_policy(name)
    return parse_policy(_read(Path(name)).decode("utf-8", "replace"))


def _wrong(name: str, expected: str, got: str) -> WrongInput:
    return WrongInput(f"--{name} is {got!r}; give {expected}.", name=name, expected=expected, got=got)


def _now(text: str | None) -> int:
    if text is None:
        return int(time.time())
    if text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _wrong("now", "a time such as 2026-07-01T00:00:00Z", text) from error
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if seconds < 0:
        raise _wrong("now", "a time from 1970 on", text)
    return int(seconds)


def _nonce(text: str | None) -> bytes | None:
    try:
        return bytes.fromhex(text) if text is not None else None
    except ValueError as error:
        raise _wrong("nonce", "hexadecimal", text or "") from error
