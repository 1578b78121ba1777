"""Checking an audit log that somebody kept: a database, or lines as `zkseal broker log` and GET /v1/log give them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zkseal.broker.audit import Broken, Verified, verify_entries
from zkseal.broker.checkpoints import Checkpoint, check_against
from zkseal.broker.store import read_log
from zkseal.errors import FileUnavailable, InvalidEncoding
from zkseal.json_text import parse_json

__all__ = ["verify_log"]

SQLITE_MAGIC = b"SQLite format 3\0"


def verify_log(path: Path, checkpoints: Sequence[Checkpoint] = (), *, public_key: bytes | None = None) -> Verified:
    """The entries of a log, and the first place where it is broken, if there is one.

    Args:
        path: a broker's database, or an exported log with one JSON object a line.
        checkpoints: how far the log was at other times; a log that was cut or replaced contradicts them.
        public_key: of the broker's log, known from elsewhere. Without it a checkpoint is held against the key that the
            log names, which says nothing if log and checkpoint come from the same hand.

    Raises:
        FileUnavailable: it cannot be read.
        InvalidEncoding: it is neither.
    """
    log = verify_entries(_rows(path))
    if log.broken is not None:
        return log
    opened = log.entries[0]
    if public_key is not None and opened.fields.get("log_public_key") != public_key:
        return Verified(log.entries, Broken(0, "the log names another key than the one that you know"))
    for checkpoint in checkpoints:
        broken = check_against(log, checkpoint, public_key)
        if broken is not None:
            return Verified(log.entries, broken)
    return log


def _rows(path: Path) -> list[tuple[bytes, bytes | None]]:
    try:
        with path.open("rb") as file:
            start = file.read(len(SQLITE_MAGIC))
            lines = [] if start == SQLITE_MAGIC else (start + file.read()).splitlines()
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnavailable(f"Cannot read '{path}': {reason}.", path=str(path), reason=reason) from error
    if start == SQLITE_MAGIC:
        return [*read_log(path)]
    return [_row(path, number, line) for number, line in enumerate(lines, 1)]


def _row(path: Path, number: int, line: bytes) -> tuple[bytes, bytes | None]:
    try:
        entry = parse_json(line)
        return bytes.fromhex(entry["cbor"]), bytes.fromhex(entry["hash"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        text = f"Line {number} of '{path}' is no entry of an audit log. Give a broker's database or an exported log."
        raise InvalidEncoding(text, reason="log line") from error
