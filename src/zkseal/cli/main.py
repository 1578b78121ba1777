"""Entry point: the one place where errors become exit codes.

Ctrl-C is heard from the first moment on: what takes time to load (parser, commands, and all that they use) is loaded
inside `main`, and the package `zkseal` loads its public names when they are used.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import NoReturn

from zkseal.cli import exit_codes
from zkseal.cli.failure import show_error
from zkseal.errors import InternalError, Interrupted, ResourceLimit, ZksealError

__all__ = ["main"]


class _Terminated(KeyboardInterrupt):
    """SIGTERM, treated like Ctrl-C but for its exit code."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; argparse itself exits with 2 for a wrong command line."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        with _terminable():
            from zkseal.cli.console import Console
            from zkseal.cli.parser import COMMANDS, build_parser

            options = build_parser().parse_args(words)
            COMMANDS[options.command].run(options, Console(as_json=options.json))
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
    show_error(error, code, as_json="--json" in words)
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
