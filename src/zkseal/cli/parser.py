"""The parser of all commands."""

from __future__ import annotations

import argparse
from types import ModuleType

from zkseal._version import __version__
from zkseal.cli.commands import (
    appraise,
    broker,
    chain,
    enclave,
    evaluate,
    inspect,
    keygen,
    open_,
    prove,
    prove_many,
    seal,
    serve,
    service,
    setup,
    tee,
    unseal,
    verify,
)
from zkseal.cli.commands import compile as compile_command
from zkseal.cli.declare import add_command

__all__ = ["COMMANDS", "build_parser"]

COMMANDS: dict[str, ModuleType] = {
    "compile": compile_command,
    "setup": setup,
    "inspect": inspect,
    "prove": prove,
    "prove-many": prove_many,
    "verify": verify,
    "appraise": appraise,
    "open": open_,
    "evaluate": evaluate,
    "chain": chain,
    "tee": tee,
    "enclave": enclave,
    "keygen": keygen,
    "seal": seal,
    "unseal": unseal,
    "broker": broker,
    "serve": serve,
    "service": service,
}


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands. Each has ``--json`` and a help text that comes from its module."""
    parser = argparse.ArgumentParser(
        prog="zkseal",
        description="Prove what a private model says about private data; check it without seeing either.",
        epilog="Errors are one line on stderr; exit codes are listed in docs/reference/errors.md.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"zkseal {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        add_command(commands, name, module)
    return parser
