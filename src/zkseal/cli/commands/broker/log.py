"""Show the audit log of a broker, and write checkpoints of it.

Each entry holds the hash of the one before. --export writes one JSON object a line, which `verify-log` reads;
--checkpoint writes a signed statement how far the log is, to be kept elsewhere.

example: zkseal broker log broker --checkpoint 2026-12-01.checkpoint
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from zkseal.cli.commands.broker.shared_options import add_broker, now, opened
from zkseal.cli.console import Console
from zkseal.files.atomic import write_atomically

if TYPE_CHECKING:
    from zkseal.broker import Entry, KeyBroker

__all__ = ["configure", "run"]

PAGE = 1000


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    add_broker(parser)
    parser.add_argument("--after", type=int, default=-1, metavar="N", help="only entries beyond this one")
    parser.add_argument("--export", type=Path, metavar="FILE", help="write the whole log, one JSON object a line")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="write a signed checkpoint of the last entry")


def run(options: argparse.Namespace, console: Console) -> None:
    """Shows entries; writes what is asked for."""
    from zkseal.broker import write_checkpoint

    with opened(options) as broker:
        checkpoint = broker.checkpoint(now=now())
        if options.export is not None:
            lines = (f"{json.dumps(entry.to_json())}\n".encode() for entry in _all(broker, -1))
            write_atomically(options.export, lines, secret=False)
        if options.checkpoint is not None:
            write_checkpoint(options.checkpoint, checkpoint)
        entries = list(_all(broker, options.after))
    result = {
        "entries": [entry.to_json() for entry in entries],
        "sequence": checkpoint.sequence,
        "hash": checkpoint.hash.hex(),
        "broker": checkpoint.broker.hex(),
    }
    console.result(result, [_line(entry) for entry in entries])


def _all(broker: KeyBroker, after: int) -> Iterator[Entry]:
    while page := broker.entries(after, PAGE):
        yield from page
        after = page[-1].sequence


def _line(entry: Entry) -> str:
    """One entry for people; decisions show the assurance that was found."""
    fields = entry.fields
    words = [f"{entry.sequence} {entry.time} {entry.kind}"]
    words += [str(fields[name]) for name in ("denial", "name", "version") if name in fields]
    if "model" in fields:
        words.append(fields["model"].hex()[:16])
    if "assurance" in fields or "minimum_assurance" in fields:
        words.append(f"assurance {fields.get('assurance', fields.get('minimum_assurance')) or 'none'}")
    return " ".join(words)
