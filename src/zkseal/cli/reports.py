"""Files that reports are written to: a page for people, or JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path

from zkseal.errors import InvalidEncoding
from zkseal.files.atomic import write_atomically
from zkseal.pages import render
from zkseal.pipeline import ModelReport

__all__ = ["report_format", "write_report"]

FORMATS = (".html", ".json")


def report_format(path: Path) -> str:
    """The ending of a report's name. Raises `InvalidEncoding` for one that is not written, before any work."""
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise InvalidEncoding(
            f"Reports are written as {' or '.join(FORMATS)}, not '{path.suffix}'. Choose another ending.",
            path=str(path),
            reason="format",
        )
    return ending


def write_report(path: Path, report: ModelReport) -> None:
    """Writes a report, whole or not at all. It shows what the model says about the samples: only its owner reads it.

    Raises `InvalidEncoding`, `OutOfDisk`, `FileUnavailable`.
    """
    if report_format(path) == ".html":
        text = render(report)
    else:
        text = json.dumps(report.to_dict(), indent=2, allow_nan=False) + "\n"
    write_atomically(path, [text.encode()], secret=True)
