"""Models inside an enclave: serve a sealed one, ask one, look at its attestation.

Without hardware a sandbox takes the enclave's place: for development, and every line says so.

example: zkseal enclave serve credit.zks --broker http://127.0.0.1:8700 --attester sandbox
"""

from __future__ import annotations

import argparse
from types import ModuleType

from zkseal.cli.commands.enclave import ask, attest, measure, serve
from zkseal.cli.console import Console
from zkseal.cli.declare import add_subcommands

__all__ = ["SUBCOMMANDS", "configure", "run"]

SUBCOMMANDS: dict[str, ModuleType] = {"serve": serve, "ask": ask, "attest": attest, "measure": measure}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the subcommands, each with its own arguments."""
    add_subcommands(parser, SUBCOMMANDS)


def run(options: argparse.Namespace, console: Console) -> None:
    """Runs the subcommand."""
    SUBCOMMANDS[options.subcommand].run(options, console)
