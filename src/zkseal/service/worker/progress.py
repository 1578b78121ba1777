"""What a task tells of itself, between the threads of the executor and the heart of the job."""

from __future__ import annotations

import threading
import time

__all__ = ["Progress"]

_STEP = 0.05
_PAUSE_S = 0.5


class Progress:
    """Phases of a task and how long they took. `told` is for the executor.

    Attributes:
        changed: set when there is something worth an event: a new phase, or a step in it, twice a second at most.
    """

    def __init__(self) -> None:
        self.changed = threading.Event()
        self._lock = threading.Lock()
        self._phase: str | None = None
        self._share = 0.0
        self._seen: tuple[str | None, float] = (None, 0.0)
        self._seen_at = 0.0
        self._spent_s: dict[str, float] = {}
        self._since = time.monotonic()

    def told(self, worker: str, phase: str, share: float) -> None:
        """The executor's worker is in this phase, and has done this share of it, 0 to 1."""
        with self._lock:
            if phase != self._phase:
                self._close_phase()
                self._phase = phase
            self._share = min(max(share, 0.0), 1.0)
            before = self._seen
            moved = phase != before[0] or self._share >= before[1] + _STEP
            worth_it = moved and time.monotonic() >= self._seen_at + _PAUSE_S
        if worth_it:
            self.changed.set()

    def news(self) -> tuple[str | None, float | None]:
        """Phase and share, if they have changed since they were asked for; else nothing."""
        with self._lock:
            now = (self._phase, self._share)
            if self._phase is None or now == self._seen:
                return None, None
            self._seen, self._seen_at = now, time.monotonic()
            return now

    def phase_ms(self) -> dict[str, int]:
        """How long each phase has taken so far, in milliseconds."""
        with self._lock:
            self._close_phase()
            return {name: round(1000 * seconds) for name, seconds in self._spent_s.items()}

    def _close_phase(self) -> None:
        now = time.monotonic()
        if self._phase is not None:
            self._spent_s[self._phase] = self._spent_s.get(self._phase, 0.0) + now - self._since
        self._since = now
