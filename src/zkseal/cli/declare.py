"""Commands and subcommands, declared alike: help from the module, `--json`, no abbreviated options."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from types import ModuleType
from typing import Any

__all__ = ["add_command", "add_json", "add_subcommands"]


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


def add_subcommands(parser: argparse.ArgumentParser, modules: Mapping[str, ModuleType]) -> None:
    """Declares the commands of a command, each with its own arguments; `options.subcommand` is the name of one."""
    commands = parser.add_subparsers(dest="subcommand", metavar="SUBCOMMAND", required=True)
    for name, module in modules.items():
        add_command(commands, name, module, nested=True)


def add_json(parser: argparse.ArgumentParser, *, nested: bool = False) -> None:
    """Declares --json; a nested command leaves the value of the outer one alone unless it is given."""
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS if nested else False,
        help="print one JSON object on standard output, also for errors",
    )
