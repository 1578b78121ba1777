"""Entry point: parser, dispatch, and the one place where errors become exit codes."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from types import FrameType, ModuleType
from typing import NoReturn

from zkseal._version import __version__
from zkseal.cli import exit_codes
from zkseal.cli.commands import compile as compile_command
from zkseal.cli.commands import evaluate, inspect, open_, prove, setup, verify
from zkseal.cli.console import Console
from zkseal.errors import InternalError, Interrupted, ResourceLimit, ZksealError

__all__ = ["COMMANDS", "build_parser", "main"]

COMMANDS: dict[str, ModuleType] = {
    "compile": compile_command,
    "setup": setup,
    "inspect": inspect,
    "prove": prove,
    "verify": verify,
    "open": open_,
    "evaluate": evaluate,
}


class _Terminated(KeyboardInterrupt):
    """SIGTERM, treated like Ctrl-C but for its exit code."""


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
        description = (module.__doc__ or "").strip()
        command = commands.add_parser(
            name,
            help=description.splitlines()[0].rstrip("."),
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.configure(command)
        command.add_argument(
            "--json", action="store_true", help="print one JSON object on standard output, also for errors"
        )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; argparse itself exits with 2 for a wrong command line."""
    options = build_parser().parse_args(arguments)
    console = Console(as_json=options.json)
    try:
        with _terminable():
            COMMANDS[options.command].run(options, console)
            sys.stdout.flush()
        return exit_codes.OK
    except BrokenPipeError:
        # Whoever read our output has seen enough. Nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.OK
    except KeyboardInterrupt as signal_:
        error: ZksealError = Interrupted("Stopped on request; no file was left half-written.")
        code = exit_codes.TERMINATED if isinstance(signal_, _Terminated) else exit_codes.exit_code(error)
    except ZksealError as raised:
        error, code = raised, exit_codes.exit_code(raised)
    except MemoryError:
        error = ResourceLimit(
            "The memory does not suffice. `zkseal inspect` predicts what is needed.", resource="memory"
        )
        code = exit_codes.exit_code(error)
    except Exception as unexpected:
        if os.environ.get("ZKSEAL_TRACEBACK"):
            raise
        error = InternalError(
            f"{type(unexpected).__name__}: {unexpected}. This is a bug of zkseal, please report it; "
            "ZKSEAL_TRACEBACK=1 shows where it happened.",
            kind=type(unexpected).__name__,
        )
        code = exit_codes.exit_code(error)
    console.error(error, code)
    return code


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM unwinds like Ctrl-C, so that no temporary file stays behind."""

    def terminate(number: int, frame: FrameType | None) -> NoReturn:
        raise _Terminated

    try:
        before = signal.signal(signal.SIGTERM, terminate)
    except ValueError:
        # Not the main thread: whoever runs us there handles signals.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
