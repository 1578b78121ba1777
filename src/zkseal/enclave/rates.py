"""Limits on how fast a model can be asked: copying a model by its answers takes many of them.

Token buckets: one for everybody, one for each client. A client is whoever knows its key, a secret of its choice in the
encrypted request; those without one share a bucket. New keys cost nothing, so the bucket of everybody is the bound
that holds, and a client's bucket keeps it from taking all of that.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from zkseal.errors import RateLimited

__all__ = ["RateLimits", "Rates"]

MOST_CLIENTS = 4096


@dataclass(frozen=True)
class RateLimits:
    """Requests per second in the long run, and how many may come at once."""

    total_per_s: int = 100
    total_burst: int = 200
    client_per_s: int = 20
    client_burst: int = 50


class _Bucket:
    def __init__(self, per_s: int, burst: int, now: float) -> None:
        self._per_s, self._burst = per_s, burst
        self._tokens, self._at = float(burst), now

    def wait_s(self, now: float) -> float:
        """Seconds until there is a token; 0 if there is one."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        return max(0.0, (1 - self._tokens) / self._per_s)

    def take(self) -> None:
        self._tokens -= 1


class Rates:
    """Buckets of all and of each client.

    Args:
        clock: seconds that only go forwards.
    """

    def __init__(self, limits: RateLimits, clock: Callable[[], float], most_clients: int = MOST_CLIENTS) -> None:
        self._limits, self._clock, self._most_clients = limits, clock, most_clients
        self._total = _Bucket(limits.total_per_s, limits.total_burst, clock())
        self._clients: OrderedDict[bytes, _Bucket] = OrderedDict()

    def admit(self, client: bytes) -> None:
        """Takes a token of each bucket. Raises `RateLimited`, and takes none, if one is empty.

        Args:
            client: digest of the client's key.
        """
        now = self._clock()
        mine = self._clients.get(client) or _Bucket(self._limits.client_per_s, self._limits.client_burst, now)
        self._clients[client] = mine
        self._clients.move_to_end(client)
        if len(self._clients) > self._most_clients:
            # Whoever has not asked for longest has the fullest bucket: forgetting it gives away least.
            self._clients.popitem(last=False)
        for scope, held in (("client", mine), ("total", self._total)):
            wait_s = held.wait_s(now)
            if wait_s > 0:
                milliseconds = int(wait_s * 1000) + 1
                raise RateLimited(
                    f"Too many requests ({scope}). Ask again in {milliseconds} ms.",
                    scope=scope,
                    retry_after_ms=milliseconds,
                )
        mine.take()
        self._total.take()
