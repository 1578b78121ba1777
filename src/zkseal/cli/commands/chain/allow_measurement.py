"""Let an image run your model: keys of enclaves with this measurement may answer for it. Or no longer.

The account has to be the model's owner. The measurement is computed from the policy that names the image, as
appraisers do.

example: zkseal chain allow-measurement 0x.. --policy image.toml --platform snp --rpc URL --keystore owner.json
"""

from __future__ import annotations

import argparse

from zkseal.cli.commands.chain.enclave_keys import add_measurement, measurement_option, production
from zkseal.cli.commands.chain.shared_options import (
    add_keystore,
    add_node,
    connected,
    model_id,
    opened_book,
    opened_keystore,
)
from zkseal.cli.console import Console
from zkseal.errors import WrongInput
from zkseal.tee import Assurance

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("model_id", type=model_id, metavar="MODEL_ID")
    add_measurement(parser)
    parser.add_argument(
        "--least",
        type=production,
        default=Assurance.HARDWARE,
        metavar="ASSURANCE",
        help="vtpm_cloud or hardware (default: hardware)",
    )
    parser.add_argument("--disallow", action="store_true", help="take it back")
    add_node(parser)
    add_keystore(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Allows or disallows."""
    from zkseal.chain.attested_keys import KEYS, allow_measurement, disallow_measurement

    measurement = measurement_option(options)
    if measurement is None:
        raise WrongInput(
            "Which image? Give --policy and --platform, or --measurement.",
            name="measurement",
            expected="32 bytes",
            got="none",
        )
    connection = connected(options)
    registry = opened_book(options).address(connection, KEYS)
    target = (connection, opened_keystore(options, console), registry, options.model_id, measurement)
    receipt = disallow_measurement(*target) if options.disallow else allow_measurement(*target, int(options.least))
    shown, image = f"0x{options.model_id:064x}", f"0x{measurement.hex()}"
    verb = "may no longer run" if options.disallow else f"may run, with {options.least.name.lower()} at least,"
    console.result(
        {
            "chain_id": connection.chain_id,
            "registry": registry,
            "model_id": shown,
            "measurement": image,
            "allowed": not options.disallow,
            "gas_used": int(receipt["gasUsed"]),
        },
        [f"measurement {image} {verb} model {shown}"],
    )
