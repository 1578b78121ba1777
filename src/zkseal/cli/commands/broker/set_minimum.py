"""Set the least version of a model's name, so that older sealed models get no key. It only grows.

Takes effect at once, also in a broker that serves.

example: zkseal broker set-minimum broker credit 3
"""

from __future__ import annotations

import argparse

from zkseal.cli.commands.broker.shared_options import add_broker, now, opened
from zkseal.cli.console import Console

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    add_broker(parser)
    parser.add_argument("name", metavar="NAME", help="as it stands in the headers")
    parser.add_argument("version", type=int, metavar="N", help="least version that gets a key")


def run(options: argparse.Namespace, console: Console) -> None:
    """Sets it."""
    with opened(options) as broker:
        entry = broker.set_minimum(options.name, options.version, now=now())
    result = {"name": options.name, "version": options.version, "before": entry.fields["before"]}
    console.result(result, [f"{options.name}: version {options.version} or later (before: {entry.fields['before']})"])
