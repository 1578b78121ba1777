"""Limits on how fast a model can be asked: copying a model by its answers takes many of them.

Token buckets: one for everybody, one for each client. A client is whoever knows its key, a secret of its choice in the
encrypted request; those without one share a bucket. New keys cost nothing, so the bucket of everybody is the bound
that holds, and a client's bucket keeps it from taking all of that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from zkseal.errors import RateLimited
from zkseal.http_server.rates import Bucket, Buckets

__all__ = ["RateLimits", "Rates"]

MOST_CLIENTS = 4096


@dataclass(frozen=True)
class RateLimits:
    """Requests per second in the long run, and how many may come at once."""

    total_per_s: int = 100
    total_burst: int = 200
    client_per_s: int = 20
    client_burst: int = 50


class Rates:
    """Buckets of all and of each client.

    Args:
        clock: seconds that only go forwards.
    """

    def __init__(self, limits: RateLimits, clock: Callable[[], float], most_clients: int = MOST_CLIENTS) -> None:
        now = clock()
        self._clock = clock
        self._total = Bucket(limits.total_per_s, limits.total_burst, limits.total_burst, now)
        # Whoever has not asked for longest has the fullest bucket: forgetting it gives away least.
        self._clients = Buckets(limits.client_per_s, limits.client_burst, most_clients)

    def admit(self, client: bytes) -> None:
        """Takes a token of each bucket. Raises `RateLimited`, and takes none, if one is empty.

        Args:
            client: digest of the client's key.
        """
        now = self._clock()
        mine = self._clients.of(client, now)
        for scope, held in (("client", mine), ("total", self._total)):
            held.refill(now)
            if held.wait_s > 0:
                milliseconds = int(held.wait_s * 1000) + 1
                raise RateLimited(
                    f"Too many requests ({scope}). Ask again in {milliseconds} ms.",
                    scope=scope,
                    retry_after_ms=milliseconds,
                )
        mine.take(now)
        self._total.take(now)
