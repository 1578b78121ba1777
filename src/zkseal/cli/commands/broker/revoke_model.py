"""Revoke a sealed model by the digest of its header, for ever. Keys that were released stay where they are.

Takes effect at once, also in a broker that serves.

example: zkseal broker revoke-model broker 5f2e..c1
"""

from __future__ import annotations

import argparse

from zkseal.cli.commands.broker.shared_options import add_broker, digest, now, opened
from zkseal.cli.console import Console

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    add_broker(parser)
    parser.add_argument("model", type=digest, metavar="DIGEST", help="as `add-model` and `log` show it")


def run(options: argparse.Namespace, console: Console) -> None:
    """Revokes it."""
    with opened(options) as broker:
        model = broker.revoke_model(options.model, now=now())
    assurance = model.minimum_assurance.name.lower()
    result = {"model": model.digest.hex(), "name": model.name, "version": model.version, "assurance": assurance}
    console.result(
        {**result, "revoked": True},
        [f"revoked {model.digest.hex()}: {model.name}, version {model.version}, assurance {assurance}"],
    )
