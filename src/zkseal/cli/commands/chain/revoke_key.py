"""Revoke an enclave's key, or a measurement and so all keys that have it, at once and for good.

The account has to be the owner or the guardian of the registry of keys.

example: zkseal chain revoke-key 0x.. --rpc http://127.0.0.1:8545 --keystore guardian.json
"""

from __future__ import annotations

import argparse

from zkseal.cli.commands.chain.enclave_keys import add_measurement, measurement_option
from zkseal.cli.commands.chain.shared_options import add_keystore, add_node, connected, opened_book, opened_keystore
from zkseal.cli.console import Console
from zkseal.errors import WrongInput

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("key", nargs="?", metavar="KEY", help="address of the key; or a measurement:")
    add_measurement(parser)
    add_node(parser)
    add_keystore(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Revokes."""
    from zkseal.chain.attested_keys import KEYS, KeyRevocation, MeasurementRevocation, revoke
    from zkseal.chain.connection import address_of

    measurement = measurement_option(options)
    if (options.key is None) == (measurement is None):
        raise WrongInput("Give a key or a measurement.", name="key", expected="one of them", got="none or both")
    what: KeyRevocation | MeasurementRevocation
    if measurement is None:
        what, name = KeyRevocation(address_of(options.key), 0), f"key {address_of(options.key)}"
    else:
        what, name = MeasurementRevocation(measurement, 0), f"measurement 0x{measurement.hex()}"
    connection = connected(options)
    registry = opened_book(options).address(connection, KEYS)
    receipt = revoke(connection, opened_keystore(options, console), registry, what)
    console.result(
        {
            "chain_id": connection.chain_id,
            "registry": registry,
            "revoked": name,
            "gas_used": int(receipt["gasUsed"]),
        },
        [f"{name} is revoked"],
    )
