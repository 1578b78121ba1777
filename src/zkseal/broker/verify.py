"""Checking an audit log that somebody kept: a database, or lines as `zkseal broker log` and GET /v1/log give them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zkseal.broker.audit import Broken, Verified, verify_entries
from zkseal.broker.checkpoints import Checkpoint, check_against
from zkseal.broker.store import read_log
from zkseal.errors import FileUnavailable, InvalidEncoding
from zkseal.json_text import distinct, parse_json

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
    rows = _rows(path)
    log = verify_entries((row.entry, row.hash) for row in rows)
    for place, (entry, row) in enumerate(zip(log.entries, rows, strict=False)):
        # Compared as text, where 1, 1.0 and true are three things.
        if row.view is not None and _text(row.view) != _text(entry.to_json()):
            return Verified(log.entries[:place], Broken(place, "its readable part says another thing than its cbor"))
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


def _text(view: Any) -> str:
    return json.dumps(view, sort_keys=True)


@dataclass(frozen=True)
class _Row:
    """An entry's encoding and the hash beside it; of an exported log also the object that people read."""

    entry: bytes
    hash: bytes
    view: Any = None


def _rows(path: Path) -> list[_Row]:
    try:
        with path.open("rb") as file:
            start = file.read(len(SQLITE_MAGIC))
            lines = [] if start == SQLITE_MAGIC else (start + file.read()).splitlines()
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnavailable(f"Cannot read '{path}': {reason}.", path=str(path), reason=reason) from error
    if start == SQLITE_MAGIC:
        return [_Row(*row) for row in read_log(path)]
    return [_row(path, number, line) for number, line in enumerate(lines, 1)]


def _row(path: Path, number: int, line: bytes) -> _Row:
    try:
        view = parse_json(line, object_pairs_hook=distinct)
        return _Row(bytes.fromhex(view["cbor"]), bytes.fromhex(view["hash"]), view)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        text = f"Line {number} of '{path}' is no entry of an audit log. Give a broker's database or an exported log."
        raise InvalidEncoding(text, reason="log line") from error
