"""Check a registered model: make its programs from the verifying key, and compare them with the code on the chain.

Do this once before you rely on a model id: whoever makes up a program can make it accept anything.

example: zkseal chain check model.zkv --rpc http://127.0.0.1:8545
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from zkseal import files
from zkseal.cli.commands.chain.shared_options import add_node, connected, opened_book, trusted
from zkseal.cli.console import Console
from zkseal.cli.setups import add_insecure_srs

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("verifying_key", type=Path, metavar="model.zkv")
    add_node(parser)
    add_insecure_srs(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Compares, and prints what the registry says of the model."""
    from zkseal.chain.registration import check

    key = trusted(options, files.load_verifying_key(options.verifying_key))
    connection = connected(options)
    checked = check(connection, opened_book(options).address(connection, "ModelRegistry"), key)
    shown = f"0x{checked.model_id:064x}"
    state = "deprecated" if checked.deprecated else "in use"
    if checked.version < checked.minimum_version:
        state = f"refused: the least version is {checked.minimum_version}"
    lines = [f"model id {shown}, version {checked.version} ({state}), owner {checked.owner}: the code is this key's"]
    if checked.any_setup:
        lines.append("This registry takes powers of tau of any origin: it is for tests.")
    console.result({**asdict(checked), "model_id": shown, "chain_id": connection.chain_id}, lines)
