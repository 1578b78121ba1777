"""Deploy the contracts, each once, and write their addresses into the address book.

Without more, what needs nothing else is deployed: ZksealVerifier, ModelRegistry, InferenceVerifier, InferenceOracle
and CreditScore. Others take their constructor arguments from a JSON file,
{"LoanDesk": {"asset_": "0x..", "terms": {..}}}; an address may be a name of the book. A run that was interrupted is
run again. A registry of enclaves' keys needs its appraisers, in ascending order, and how many of them sign:
{"AttestedKeyRegistry": {"appraisers": ["0x..", "0x..", "0x.."], "threshold_": 2}}.

example: zkseal chain deploy --rpc http://127.0.0.1:8545 --keystore deployer.json --parameters loans.json
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from zkseal.cli.commands.chain.shared_options import add_keystore, add_node, connected, opened_book, opened_keystore
from zkseal.cli.console import Console
from zkseal.cli.setups import add_insecure_srs
from zkseal.errors import FileUnavailable, InvalidEncoding
from zkseal.json_text import parse_json

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    add_node(parser)
    add_keystore(parser)
    parser.add_argument(
        "--contracts", metavar="NAMES", help="what to deploy, separated by commas (default: the five above)"
    )
    parser.add_argument(
        "--parameters", type=Path, metavar="FILE", help="JSON: constructor arguments by contract, and by name"
    )
    add_insecure_srs(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Deploys and prints addresses."""
    from zkseal.chain.deployment import CORE, deploy

    parameters = {} if options.parameters is None else _read(options.parameters)
    if options.insecure_srs:
        parameters["ModelRegistry"] = {**parameters.get("ModelRegistry", {}), "anySetup_": True}
    contracts = CORE if options.contracts is None else tuple(filter(None, options.contracts.split(",")))
    connection = connected(options)
    deployed = deploy(
        connection,
        opened_keystore(options, console),
        opened_book(options),
        parameters,
        contracts=contracts,
        progress=lambda name: console.note(f"deploying {name}"),
    )
    console.table(
        ["contract", "address", "gas"],
        [[entry.name, entry.address, f"{entry.gas_used:,}" if entry.gas_used else "was there"] for entry in deployed],
    )
    console.result(
        {
            "chain_id": connection.chain_id,
            "addresses": str(options.addresses),
            "contracts": {entry.name: {"address": entry.address, "gas_used": entry.gas_used} for entry in deployed},
        },
        [f"chain {connection.chain_id}: addresses are in {options.addresses}"],
    )


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        document = parse_json(path.read_text())
        if not isinstance(document, dict) or not all(isinstance(entry, dict) for entry in document.values()):
            raise ValueError("it is no object of objects")
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnavailable(f"Cannot read '{path}': {reason}.", path=str(path), reason=reason) from error
    except ValueError as error:
        raise InvalidEncoding(
            f"'{path}' does not hold constructor arguments by contract: {error}.", path=str(path), reason="form"
        ) from error
    return document
