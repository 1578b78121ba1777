"""Put models on a chain: contracts, models, inferences, oracles, keys of enclaves; and predict gas.

Works with any JSON-RPC node. Keys are read from keystore files; which contracts are where is in an address book.

example: zkseal chain deploy --rpc http://127.0.0.1:8545 --keystore deployer.json
"""

from __future__ import annotations

import argparse
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
from zkseal.cli.declare import add_subcommands
from zkseal.cli.extras import require_packages

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
    add_subcommands(parser, SUBCOMMANDS)


def run(options: argparse.Namespace, console: Console) -> None:
    """Runs the subcommand.

    Raises:
        MissingDependency: web3.py is not installed.
    """
    require_packages(("web3",), extra="chain")
    SUBCOMMANDS[options.subcommand].run(options, console)
