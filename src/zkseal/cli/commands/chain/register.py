"""Register a model: store its two programs, prove it, enter it. Only what is missing is done.

The model id that is printed is the same in every registry. A model proof names no owner: check the owner that
is printed.

example: zkseal chain register model.zkv --rpc http://127.0.0.1:8545 --keystore owner.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zkseal import files
from zkseal.cli.commands.chain.shared_options import (
    add_keystore,
    add_node,
    connected,
    model_id,
    opened_book,
    opened_keystore,
    trusted,
)
from zkseal.cli.console import Console
from zkseal.cli.setups import add_insecure_srs

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("verifying_key", type=Path, metavar="model.zkv")
    add_node(parser)
    add_keystore(parser)
    parser.add_argument("--uri", default="", help="where people read about the model; not part of its id")
    parser.add_argument(
        "--successor-of", type=model_id, metavar="ID", help="add it as the next version of this model's family"
    )
    add_insecure_srs(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Registers and prints the id."""
    from zkseal.chain.registration import register

    key = trusted(options, files.load_verifying_key(options.verifying_key))
    connection = connected(options)
    signer = opened_keystore(options, console)
    registered = register(
        connection,
        signer,
        opened_book(options).address(connection, "ModelRegistry"),
        key,
        uri=options.uri,
        successor_of=options.successor_of,
        progress=console.note,
    )
    console.table(["step", "gas"], [[step, f"{gas:,}"] for step, gas in registered.gas_used.items()])
    shown = f"0x{registered.model_id:064x}"
    mine = registered.owner == signer.address
    console.result(
        {
            "chain_id": connection.chain_id,
            "model_id": shown,
            "version": registered.version,
            "owner": registered.owner,
            "owned": mine,
            "gas_used": dict(registered.gas_used),
        },
        [f"model id {shown}, version {registered.version}, owner {registered.owner}{'' if mine else ' (not you)'}"],
    )
