"""Release keys of sealed models to attested machines: a key broker, its models, its audit log.

A broker is a folder with a database and two keys. Publishers seal models to its public key; `serve` hands the keys on
to machines whose evidence satisfies the model's policy. Every decision is in the log before its answer leaves.

example: zkseal broker init broker
"""

from __future__ import annotations

import argparse
from types import ModuleType

from zkseal.cli.commands.broker import add_model, init, log, revoke_model, serve, set_minimum, verify_log
from zkseal.cli.console import Console
from zkseal.cli.declare import add_subcommands

__all__ = ["SUBCOMMANDS", "configure", "run"]

SUBCOMMANDS: dict[str, ModuleType] = {
    "init": init,
    "add-model": add_model,
    "set-minimum": set_minimum,
    "revoke-model": revoke_model,
    "serve": serve,
    "log": log,
    "verify-log": verify_log,
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the subcommands, each with its own arguments."""
    add_subcommands(parser, SUBCOMMANDS)


def run(options: argparse.Namespace, console: Console) -> None:
    """Runs the subcommand."""
    SUBCOMMANDS[options.subcommand].run(options, console)
