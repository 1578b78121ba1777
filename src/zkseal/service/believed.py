"""What the database said a short while ago, so that not every request has to ask it again."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["BELIEVED_S", "Believed"]

BELIEVED_S = 5.0
"""A revoked key, or a deleted model, works that much longer."""
MOST_BELIEVED = 10_000

Thing = TypeVar("Thing")


class Believed(Generic[Thing]):
    """Things by name, for some seconds each. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._found: OrderedDict[str, tuple[float, Thing]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> Thing | None:
        """The thing, if it was put here a short while ago."""
        with self._lock:
            until, thing = self._found.get(name, (0.0, None))
            return thing if self._clock() < until else None

    def put(self, name: str, thing: Thing) -> None:
        """Keeps a thing. Those whose time is over go, and the one that was put first when there are too many."""
        with self._lock:
            now = self._clock()
            self._found.pop(name, None)
            self._found[name] = (now + BELIEVED_S, thing)
            # All have the same time: the first in line is the first that is over.
            while len(self._found) > MOST_BELIEVED or next(iter(self._found.values()))[0] <= now:
                self._found.popitem(last=False)

    def __len__(self) -> int:
        return len(self._found)
