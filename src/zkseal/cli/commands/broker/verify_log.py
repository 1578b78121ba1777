"""Check an audit log: a broker's folder or database, or an exported log. Needs no key of the broker.

Says which entry is the first that does not follow from the one before. A log that was cut, or replaced as a whole, is
found by checkpoints that were kept elsewhere, under the public key that is known from elsewhere.

example: zkseal broker verify-log broker --checkpoint 2026-12-01.checkpoint --key log.zkk.pub
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zkseal.cli.console import Console
from zkseal.errors import LogBroken

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("log", type=Path, metavar="LOG", help="folder, database or exported log")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="the log has to hold it; repeatable",
    )
    parser.add_argument(
        "--key", type=Path, metavar="FILE", help="public key file of the log (default: the key that the log names)"
    )


def run(options: argparse.Namespace, console: Console) -> None:
    """Checks, and says how far the log holds.

    Raises:
        LogBroken: it does not.
    """
    from zkseal.broker import BrokerFolder, read_checkpoint, verify_log
    from zkseal.sealed import read_publisher_public_key

    path: Path = BrokerFolder(options.log).database if options.log.is_dir() else options.log
    checkpoints = [read_checkpoint(checkpoint) for checkpoint in options.checkpoint]
    key = None if options.key is None else read_publisher_public_key(options.key)
    log = verify_log(path, checkpoints, public_key=key)
    if log.broken is not None:
        sequence, reason = log.broken.sequence, log.broken.reason
        text = (
            f"The audit log '{path}' is broken at entry {sequence}: {reason}. Keep it as it is, and ask who wrote it."
        )
        raise LogBroken(text, path=str(path), sequence=sequence, reason=reason)
    last = log.entries[-1]
    kinds: dict[str, int] = {}
    for entry in log.entries:
        kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
    released: dict[str, int] = {}
    for entry in log.entries:
        if entry.kind.startswith("released"):
            released[entry.fields["assurance"]] = released.get(entry.fields["assurance"], 0) + 1
    result = {
        "entries": len(log.entries),
        "sequence": last.sequence,
        "hash": last.hash.hex(),
        "kinds": kinds,
        "released_by_assurance": released,
        "checkpoints": len(checkpoints),
        "key_known": key is not None,
    }
    lines = [f"{len(log.entries)} entries hold, up to {last.sequence}, hash {last.hash.hex()}"]
    lines += [f"released at assurance {assurance}: {count}" for assurance, count in sorted(released.items())]
    if not checkpoints:
        lines.append(
            "no checkpoint was given: a log that was cut at its end, or replaced as a whole, looks like this, too"
        )
    elif key is None:
        lines.append("no key was given: who replaces the log can sign checkpoints of his own")
    console.result(result, lines)
