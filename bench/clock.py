"""Wall time, CPU time, time spent waiting for a core, and peak memory of this process. Linux, standard library only."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any


class Clock:
    """Measures a block: `with Clock() as clock: ...`. Seconds.

    `waited_s` is how long threads of this process were ready and had no core, summed over threads: on a busy machine
    it says how far to trust `wall_s`. Threads that end inside the block take their share with them.
    """

    def __enter__(self) -> Clock:
        self._waited = _waited_s()
        self.cpu_s = -time.process_time()
        self.wall_s = -time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall_s += time.perf_counter()
        self.cpu_s += time.process_time()
        self.waited_s = max(0.0, _waited_s() - self._waited)

    def result(self) -> dict[str, float]:
        """JSON-ready."""
        return {"wall_s": self.wall_s, "cpu_s": self.cpu_s, "waited_s": self.waited_s}


class Series:
    """Clocks of the same thing, repeated."""

    def __init__(self) -> None:
        self.clocks: list[Clock] = []

    def clock(self) -> Clock:
        """A clock that belongs to the series."""
        self.clocks.append(Clock())
        return self.clocks[-1]

    def result(self) -> dict[str, list[float]]:
        """JSON-ready: a list for each figure."""
        return {name: [clock.result()[name] for clock in self.clocks] for name in ("wall_s", "cpu_s", "waited_s")}


class Phases:
    """A progress callback that measures how long each stage lasts, in wall and CPU seconds."""

    def __init__(self) -> None:
        self.wall_s: dict[str, float] = {}
        self.cpu_s: dict[str, float] = {}
        self._current = ""
        self._since = (0.0, 0.0)

    def __call__(self, stage: str, _share: float) -> None:
        self.finish()
        self._current = stage

    def finish(self) -> None:
        """Ends the stage that runs."""
        now = (time.perf_counter(), time.process_time())
        if self._current:
            self.wall_s[self._current] = self.wall_s.get(self._current, 0.0) + now[0] - self._since[0]
            self.cpu_s[self._current] = self.cpu_s.get(self._current, 0.0) + now[1] - self._since[1]
        self._current, self._since = "", now


def memory() -> dict[str, int]:
    """Resident bytes of this process, now and at most. getrusage would count what the parent was before exec."""
    fields: dict[str, Any] = {}
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        fields[name] = value
    return {"rss_bytes": _kib(fields["VmRSS"]), "peak_rss_bytes": _kib(fields["VmHWM"])}


def reset_peak() -> None:
    """Lets the peak of `memory` start again from what is resident now; where that is forbidden, it stays higher."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _kib(field: str) -> int:
    return int(field.split()[0]) * 1024


def _waited_s() -> float:
    total = 0
    for task in Path("/proc/self/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[1])
        except (OSError, IndexError):  # A thread that just ended, or a kernel without schedstat.
            continue
    return total / 1e9
