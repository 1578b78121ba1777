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
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from zkseal.cli import exit_codes
from zkseal.cli.failure import show_error
from zkseal.errors import InternalError, Interrupted, ResourceLimit, ZksealError

if TYPE_CHECKING:
    from zkseal.cli.console import Console

__all__ = ["main"]


RETRY_S = 0.01
"""How long a signal waits when it comes while an extension module starts."""

_waiting: list[int] = []
"""Signals that came when they had to wait."""

_LOADING = ("create_module", "exec_module")
_LOADER_FILE = ExtensionFileLoader.exec_module.__code__.co_filename
_CONSOLE_FILE = str(Path(__file__).with_name("console.py"))


class _Terminated(KeyboardInterrupt):
    """SIGTERM, treated like Ctrl-C but for its exit code."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; argparse itself exits with 2 for a wrong command line."""
    words = sys.argv[1:] if arguments is None else arguments
    console: Console | None = None
    try:
        with _terminable():
            from zkseal.cli.console import Console
            from zkseal.cli.parser import COMMANDS, build_parser

            options = build_parser().parse_args(words)
            console = Console(as_json=options.json)
            COMMANDS[options.command].run(options, console)
            sys.stdout.flush()
        return exit_codes.OK
    except BrokenPipeError:
        # Whoever read our output has seen enough. Nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.OK
    except KeyboardInterrupt as signal_:
        if console is not None and console.told:
            # Everything was done, and was said to be.
            return exit_codes.OK
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
    """SIGTERM unwinds like Ctrl-C, so that no temporary file stays behind; both wait while an extension is loaded."""
    before: dict[int, Any] = {}
    try:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            before[signal.SIGINT] = signal.signal(signal.SIGINT, _stop)
        before[signal.SIGTERM] = signal.signal(signal.SIGTERM, _stop)
    except ValueError:
        # Not the main thread: whoever runs us there handles signals.
        yield
        return
    try:
        yield
    finally:
        if _waiting:
            # A signal that waited until there was nothing left to stop.
            _waiting.clear()
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    """Raises, or tries again soon.

    An exception inside of an extension's start ends the process (nanobind aborts); one while a result is told would
    leave half of it, or add an error to it.
    """
    if _must_wait(frame):
        _waiting.append(number)
        signal.signal(signal.SIGALRM, lambda alarm, later: _stop(number, later))
        signal.setitimer(signal.ITIMER_REAL, RETRY_S)
        return
    raise _Terminated if number == signal.SIGTERM else KeyboardInterrupt


def _must_wait(frame: FrameType | None) -> bool:
    while frame is not None:
        code = frame.f_code
        loading = code.co_name in _LOADING and code.co_filename == _LOADER_FILE
        if loading and isinstance(frame.f_locals.get("self"), ExtensionFileLoader):
            return True
        if code.co_name == "result" and code.co_filename == _CONSOLE_FILE:
            return True
        frame = frame.f_back
    return False
