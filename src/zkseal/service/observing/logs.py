"""JSON lines whose fields are listed here, and what becomes of the lines of libraries.

A field that is not in `FIELDS` is not written, and neither is a text with other characters than identifiers, routes and
versions have: somebody who adds a line cannot let an input slip into the log. Libraries format messages from whatever
they have at hand (asyncio writes exceptions with their texts), so of their lines only the logger, the level and the
kind of an exception are kept.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import warnings
from types import TracebackType
from typing import IO, Any

from zkseal.errors import ZksealError
from zkseal.http_server.telling import Log

__all__ = ["FIELDS", "ServiceLog", "capture_libraries"]

FIELDS = frozenset(
    {
        "attempt", "bytes_out", "code", "duration_ms", "error", "host", "job", "key", "kind", "level", "logger",
        "method", "model", "port", "request", "role", "route", "state", "status", "store", "tenant", "version", "where",
    }
)  # fmt: skip

_TEXT = re.compile(r"[A-Za-z0-9_.:/{}<>@+\[\]\- ]{0,160}", re.ASCII)


class ServiceLog:
    """One JSON object a line. Threads may share it."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._log = Log(sys.stderr if stream is None else stream)

    def event(self, event: str, **fields: Any) -> None:
        """Writes one event, with those of the fields that are listed and plain."""
        self._log.event(event, **{name: _plain(value) for name, value in fields.items() if name in FIELDS})

    def failure(self, event: str, error: BaseException, **fields: Any) -> None:
        """Writes an event that went wrong: the kind of the error and where it was raised, and none of its text."""
        code = error.code if isinstance(error, ZksealError) else type(error).__name__
        self.event(event, error=code, where=_where(error.__traceback__), **fields)


def _plain(value: Any) -> Any:
    """Numbers, truth values, and texts of few characters; anything else is a question mark."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return value if isinstance(value, str) and _TEXT.fullmatch(value) else "?"


def _where(traceback: TracebackType | None) -> str | None:
    """Module and line of the innermost frame of this package."""
    found = None
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "")
        if module.startswith("zkseal.") or found is None:
            found = f"{module}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found


class _Libraries(logging.Handler):
    """Tells of a library's line what cannot hold an input."""

    def __init__(self, log: ServiceLog) -> None:
        super().__init__(logging.WARNING)
        self._told_to = log

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        self._told_to.event("library", logger=record.name, level=record.levelname.lower(), error=kind)


def capture_libraries(log: ServiceLog) -> None:
    """For the whole process: what libraries log, warnings, and exceptions that nobody caught, without their texts."""
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    root.addHandler(_Libraries(log))
    root.setLevel(logging.WARNING)

    def uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        log.event("uncaught", error=kind.__name__, where=_where(traceback))

    sys.excepthook = uncaught
    threading.excepthook = lambda met: uncaught(met.exc_type, met.exc_value or met.exc_type(), met.exc_traceback)
    sys.unraisablehook = lambda met: uncaught(met.exc_type, met.exc_value or met.exc_type(), met.exc_traceback)
    # A warning's text may quote a value that it warns of.
    warnings.showwarning = lambda message, category, *_: log.event("library", logger="warnings", kind=category.__name__)
