"""Figures of the acceptance run: collected by tests, kept in out/e2e, printed when the run ends."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

OUT = Path(__file__).resolve().parents[2] / "out" / "e2e"

Figures = dict[str, dict[str, Any]]

_FIGURES = pytest.StashKey[Figures]()


def pytest_configure(config: pytest.Config) -> None:
    collected: Figures = defaultdict(dict)
    config.stash[_FIGURES] = collected


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Figures:
    """Figures by model; what is put in is written to out/e2e/models.json and printed."""
    return pytestconfig.stash[_FIGURES]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    collected = config.stash[_FIGURES]
    if not collected:
        return
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "models.json").write_text(json.dumps(collected, indent=2) + "\n")
    terminalreporter.section("models proved (out/e2e/models.json)")
    columns = list(dict.fromkeys(column for row in collected.values() for column in row))
    lines = [["model", *columns], *([name, *(_text(row.get(c)) for c in columns)] for name, row in collected.items())]
    widths = [max(len(line[k]) for line in lines) for k in range(len(columns) + 1)]
    for line in lines:
        terminalreporter.write_line("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "-" if value is None else str(value)
