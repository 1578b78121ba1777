"""Trusted execution environments: evidence of this machine, what vendors say of it, and checks of both, offline.

example: zkseal tee verify report.bin --with vcek.der --now 2026-07-01T00:00:00Z --policy evidence-only
"""

from __future__ import annotations

import argparse
from types import ModuleType

from zkseal.cli.commands.tee import attest, fetch, verify
from zkseal.cli.console import Console
from zkseal.cli.declare import add_subcommands

__all__ = ["SUBCOMMANDS", "configure", "run"]

SUBCOMMANDS: dict[str, ModuleType] = {"verify": verify, "fetch": fetch, "attest": attest}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the subcommands, each with its own arguments."""
    add_subcommands(parser, SUBCOMMANDS)


def run(options: argparse.Namespace, console: Console) -> None:
    """Runs the subcommand."""
    SUBCOMMANDS[options.subcommand].run(options, console)
