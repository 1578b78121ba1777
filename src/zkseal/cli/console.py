"""What the command line shows: results on standard output, everything else on standard error.

With ``--json`` standard output holds exactly one JSON object, be it a result or an error (`failure`), and nothing else
is shown.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

__all__ = ["Console", "bytes_text", "milliseconds_text", "plain_numbers"]


class Console:
    """Output of one command.

    Attributes:
        told: whether its result was.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json, self.told = as_json, False
        self._out = RichConsole(file=sys.stdout, highlight=False, soft_wrap=True)
        self._err = RichConsole(file=sys.stderr, highlight=False, soft_wrap=True)

    def result(self, result: Mapping[str, Any], lines: Sequence[str] = ()) -> None:
        """The result of the command: the object, or its lines for people.

        Signals wait until it is told (`cli.main`); one that comes later is too late to undo anything.
        """
        if self.as_json:
            print(json.dumps(result, allow_nan=False))
        else:
            for line in lines:
                self._out.print(line, markup=False)
        self.told = True

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table for people; with --json nothing."""
        if self.as_json:
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for index, column in enumerate(columns):
            table.add_column(column, justify="left" if index == 0 else "right")
        for row in rows:
            table.add_row(*row)
        self._out.print(table)

    def note(self, line: str) -> None:
        """A remark on standard error, which a result does not contain."""
        if not self.as_json:
            self._err.print(line, markup=False)

    @contextlib.contextmanager
    def progress(self) -> Iterator[Callable[[str, float], None]]:
        """A function that is told stage and share done, shown as one bar for each stage when someone is watching."""
        if self.as_json or not self._err.is_terminal:
            yield lambda stage, share: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
        with Progress(*columns, TimeElapsedColumn(), console=self._err, transient=True) as bars:
            tasks: dict[str, Any] = {}

            def tell(stage: str, share: float) -> None:
                if stage not in tasks:
                    tasks[stage] = bars.add_task(stage, total=1.0)
                bars.update(tasks[stage], completed=share)

            yield tell

    @contextlib.contextmanager
    def worker_progress(self, total: int) -> Iterator[tuple[Callable[[str, str, float], None], Callable[[], None]]]:
        """As `progress`, for work of many workers: one bar for each of them, and one for the `total` results.

        Gives a function that is told worker, stage and share done, from any thread, and one for each result.
        """
        if self.as_json or not self._err.is_terminal:
            yield (lambda worker, stage, share: None), (lambda: None)
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
        with Progress(*columns, TimeElapsedColumn(), console=self._err, transient=True) as bars:
            whole = bars.add_task("receipts", total=total)
            tasks: dict[str, Any] = {}
            lock = threading.Lock()

            def tell(worker: str, stage: str, share: float) -> None:
                with lock:
                    if worker not in tasks:
                        tasks[worker] = bars.add_task(worker, total=1.0)
                bars.update(tasks[worker], description=f"worker {worker}: {stage}", completed=share)

            yield tell, lambda: bars.advance(whole)


def bytes_text(count: int) -> str:
    """`count` bytes for people, in units of 1000."""
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def milliseconds_text(duration_ms: float) -> str:
    """A duration for people."""
    return f"{duration_ms:.3g} ms" if duration_ms < 1000 else f"{duration_ms / 1000:.3g} s"


def plain_numbers(array: np.ndarray) -> Any:
    """Nested lists of numbers for JSON, which has no NaN: a missing entry is null."""
    if array.dtype.kind != "f" or not np.isnan(array).any():
        return array.tolist()
    numbers = array.astype(object)
    numbers[np.isnan(array)] = None
    return numbers.tolist()
