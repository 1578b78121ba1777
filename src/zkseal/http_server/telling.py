"""What a server tells its operator: one JSON object a line. Ids, digests, sizes, times; nothing of what was sent."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from typing import IO, Any

__all__ = ["Log"]


class Log:
    """Lines for machines; every event is counted by its name. Threads may share it."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self.counters: Counter[str] = Counter()

    def event(self, event: str, **fields: Any) -> None:
        """Writes one event."""
        line = json.dumps({"time": round(time.time(), 3), "event": event, **fields})
        with self._lock:
            self.counters[event] += 1
            print(line, file=self._stream, flush=True)
