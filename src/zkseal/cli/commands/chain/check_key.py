"""Check whether answers of an enclave's key count now, and say why not.

example: zkseal chain check-key 0x.. --rpc http://127.0.0.1:8545
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from zkseal.cli.commands.chain.shared_options import add_node, connected, opened_book
from zkseal.cli.console import Console
from zkseal.tee import Assurance

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("key", metavar="KEY", help="its address")
    add_node(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Reads, and refuses as the contract would."""
    from zkseal.chain.attested_keys import KEYS, read_key, require_usable
    from zkseal.chain.connection import address_of

    connection, key = connected(options), address_of(options.key)
    registry = opened_book(options).address(connection, KEYS)
    found = read_key(connection, registry, key)
    require_usable(connection, registry, key, found.model_id)
    model_id, measurement = f"0x{found.model_id:064x}", f"0x{found.measurement.hex()}"
    level = Assurance(found.assurance).name.lower()
    shown = asdict(found) | {"model_id": model_id, "measurement": measurement, "assurance": level, "key": key}
    console.result(
        {**shown, "chain_id": connection.chain_id},
        [f"key {key} answers for model {model_id} until {found.valid_until}: measurement {measurement}, {level}"],
    )
