"""Appraise the attestation of an enclave that is served somewhere.

Every check is printed, also those that were not made. Exit code 0 means that the policy accepts the evidence.

example: zkseal enclave attest http://127.0.0.1:8701 --policy credit.toml
"""

from __future__ import annotations

import argparse
from typing import Any

from zkseal.cli.commands.enclave.asking import DEVELOPMENT, add_asking, client_of
from zkseal.cli.console import Console
from zkseal.errors import ZksealError

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    add_asking(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Appraises and prints; a refusal is raised after its checks are shown."""
    try:
        attested = client_of(options).attest()
    except ZksealError as error:
        # Of an appraisal that was made here: what a host says arrives without fields (`enclave.transport`).
        if isinstance(error.fields.get("result"), dict):
            _show(console, error.fields["result"])
        raise
    view = attested.to_json()
    _show(console, view)
    runtime = attested.runtime_data
    lines = [
        f"assurance {view['assurance']}",
        *([DEVELOPMENT] if attested.DEVELOPMENT else []),
        f"model {runtime.zk_model_commitment.hex()}",
        f"sealed model {runtime.model_digest.hex()}",
        f"signing key {runtime.signing_public_key.hex()}",
        f"boot epoch {runtime.boot_epoch.hex()}",
    ]
    console.result({"accepted": True, "development": attested.DEVELOPMENT, **view}, lines)


def _show(console: Console, ear: dict[str, Any]) -> None:
    rows = [[check["name"], check["outcome"], check["detail"]] for check in ear.get("checks", [])]
    console.table(["check", "outcome", "detail"], [*rows, ["(assurance)", str(ear.get("assurance")), ""]])
