"""Commands and subcommands, declared alike: help from the module, `--json`, no abbreviated options."""

from __future__ import annotations

import argparse
from types import ModuleType
from typing import Any

__all__ = ["add_command", "add_json"]


def add_command(commands: Any, name: str, module: ModuleType, *, nested: bool = False) -> None:
    """Adds the command that a module declares (`configure`) and describes (its docstring).

    Args:
        commands: what `add_subparsers` returned.
        nested: it is a command of a command.
    """
    description = (module.__doc__ or "").strip()
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=description.splitlines()[0].rstrip("."),
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.configure(command)
    add_json(command, nested=nested)


def add_json(parser: argparse.ArgumentParser, *, nested: bool = False) -> None:
    """Declares --json; a nested command leaves the value of the outer one alone unless it is given."""
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS if nested else False,
        help="print one JSON object on standard output, also for errors",
    )
