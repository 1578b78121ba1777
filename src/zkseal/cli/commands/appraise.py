"""Appraise a receipt: proof, signed answer and attestation under one policy, offline.

Every check is printed, also those that were not made. Exit code 0 means that the policy accepts the receipt. What rests
on development evidence says so.

example: zkseal appraise visit.zkr --policy tee-and-zk --key model.zkv --context "visit 12" --nonce 07ab...
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from zkseal import files
from zkseal.appraisal import (
    Appraisal,
    DevAppraisal,
    ReceiptPolicy,
    appraise,
    load_policy,
    parse_policy,
    shipped_policies,
)
from zkseal.cli.commands.contexts import add_context, context_of
from zkseal.cli.commands.evidence_arguments import add_now, nonce_of, now_of, read_file
from zkseal.cli.console import Console
from zkseal.errors import ZksealError

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("receipt", type=Path, metavar="receipt.zkr")
    parser.add_argument(
        "--policy",
        required=True,
        metavar="P",
        help=f"a TOML file, or one of {', '.join(shipped_policies())}",
    )
    parser.add_argument("--key", type=Path, metavar="model.zkv", help="the verifying key: needed for proofs")
    parser.add_argument("--nonce", metavar="HEX", help="the challenge that the enclave's attestation answers")
    add_context(parser)
    add_now(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Appraises and prints the checks; a refusal is raised after they are shown."""
    policy = _policy(options.policy)
    receipt = files.load_receipt(options.receipt)
    key = None if options.key is None else files.load_any_verifying_key(options.key)
    try:
        found = appraise(
            receipt,
            policy,
            now=now_of(options),
            verifying_key=key,
            context=context_of(options),
            nonce=nonce_of(options),
        )
    except ZksealError as error:
        _show(console, error.fields.get("checks", []), "none: refused")
        raise
    view = found.to_json()
    _show(console, view["checks"], view["assurance"])
    console.result({"accepted": True} | view, _lines(found, policy))


def _lines(found: Appraisal | DevAppraisal, policy: ReceiptPolicy) -> list[str]:
    lines = [f"accepted under {policy.policy_id}", f"assurance {found.assurance}"]
    if found.development:
        lines.append("DEVELOPMENT: it rests on evidence that no vendor or ceremony stands behind")
    if found.pending_until is not None:
        lines.append(f"pending: void unless its proof comes by {found.pending_until}")
    lines.append(f"model {found.statement.model_id.hex()}")
    lines += [f"input {name} = {array.tolist()}" for name, array in found.inputs.items()]
    lines += [f"output {name} = {array.tolist()}" for name, array in found.outputs.items()]
    return lines


def _show(console: Console, checks: list[dict[str, Any]], assurance: str) -> None:
    rows = [[check["name"], check["outcome"], check["detail"]] for check in checks]
    console.table(["check", "outcome", "detail"], [*rows, ["(assurance)", assurance, ""]])


def _policy(name: str) -> ReceiptPolicy:
    if name in shipped_policies():
        return load_policy(name)
    return parse_policy(read_file(Path(name)).decode("utf-8", "replace"))
