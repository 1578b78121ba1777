"""Put models on a chain: contracts, models, inferences, oracles, keys of enclaves; and predict gas.

Works with any JSON-RPC node. Keys are read from keystore files; which contracts are where is in an address book.

example: zkseal chain deploy --rpc http://127.0.0.1:8545 --keystore deployer.json
"""

from __future__ import annotations

import argparse
import importlib.util
from types import ModuleType

from zkseal.cli.commands.chain import (
    allow_measurement,
    attest_key,
    check,
    check_key,
    deploy,
    gas,
    register,
    register_key,
    request,
    revoke_key,
    serve_oracle,
    submit,
)
from zkseal.cli.console import Console
from zkseal.cli.declare import add_command
from zkseal.errors import MissingDependency

__all__ = ["SUBCOMMANDS", "configure", "run"]

SUBCOMMANDS: dict[str, ModuleType] = {
    "deploy": deploy,
    "register": register,
    "check": check,
    "submit": submit,
    "request": request,
    "serve-oracle": serve_oracle,
    "allow-measurement": allow_measurement,
    "attest-key": attest_key,
    "register-key": register_key,
    "check-key": check_key,
    "revoke-key": revoke_key,
    "gas": gas,
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the subcommands, each with its own arguments."""
    commands = parser.add_subparsers(dest="subcommand", metavar="SUBCOMMAND", required=True)
    for name, module in SUBCOMMANDS.items():
        add_command(commands, name, module, nested=True)


def run(options: argparse.Namespace, console: Console) -> None:
    """Runs the subcommand.

    Raises:
        MissingDependency: web3.py is not installed.
    """
    if importlib.util.find_spec("web3") is None:
        raise MissingDependency(
            "The package web3 is not installed. Install it with: pip install 'zkseal[chain]'", package="web3"
        )
    SUBCOMMANDS[options.subcommand].run(options, console)
