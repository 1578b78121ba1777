"""What the node tells: one JSON object a line, and counters. Never a value of an input, an output or a witness."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import IO, Any

from zkseal.errors import ChainError, ZksealError

__all__ = ["Log", "told"]


class Log:
    """Lines for machines; every event is counted by its name."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.counters: Counter[str] = Counter()
        self.proving_s = 0.0

    def event(self, event: str, **fields: Any) -> None:
        """Writes one event."""
        self.counters[event] += 1
        self._write(event, fields)

    def metrics(self, **fields: Any) -> None:
        """Writes the counters since the start, and what is given."""
        proofs = self.counters["proved"]
        mean_ms = round(1000 * self.proving_s / proofs, 1) if proofs else None
        self._write("metrics", {**fields, "events": dict(self.counters), "mean_proving_ms": mean_ms})

    def _write(self, event: str, fields: dict[str, Any]) -> None:
        line = {"time": round(time.time(), 3), "event": event, **fields}
        print(json.dumps(line), file=self._stream, flush=True)


def told(error: ZksealError) -> dict[str, Any]:
    """What of an error may be logged: its code; of errors of the chain, which know no witness, the sentence too."""
    return {"error": error.code} | ({"message": str(error)} if isinstance(error, ChainError) else {})
