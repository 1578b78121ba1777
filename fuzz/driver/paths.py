"""Where things lie, and how tools that are not there are named."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FUZZ = ROOT / "fuzz"
OUT = ROOT / "out" / "fuzz"
SEEDS, GROWN, FINDINGS = OUT / "seeds", OUT / "corpus", OUT / "findings"

MEMORY_MIB = 2048
SLOWEST_SECONDS = 10
"""Limits of one run: beyond them is a finding."""


class Missing(Exception):
    """A tool is not installed; the message tells which and how to get it."""


class Unmeasured(Missing):
    """Only the tools that measure coverage are not installed."""


def made(*folders: Path) -> None:
    """Makes the folders where they are missing."""
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
