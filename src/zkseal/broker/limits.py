"""How much clients may ask: a token bucket for each address and one for all, open requests, bodies, their sizes."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

from zkseal.broker.wire import LARGEST_RELEASE_BYTES, MAX_RELEASE_BYTES
from zkseal.errors import WrongInput
from zkseal.http_server.rates import Bucket, Buckets

__all__ = ["RateLimiter", "RateLimits"]


@dataclass(frozen=True)
class RateLimits:
    """Requests a second, and how many may come at once.

    Attributes:
        client_at_once: open requests of one client, with or without their bodies.
        at_once: requests whose bodies are there. With the largest ones, those of all take `at_once` +
            `unfinished_at_once` times `max_release_bytes`: 320 MiB.
        unfinished_at_once: requests of all clients whose bodies are not there; beyond, the oldest is given up.
        body_timeout_s: seconds for a body to arrive.
        decodes_at_once: requests that are taken apart at the same time, which takes more memory than their bytes.
        max_release_bytes: longest request for a key, at most 8 MiB and a head. Evidence of a GPU has 12 KiB: eight
            send 0.1 MiB, or 0.8 if that of each lists all; reference documents in the evidence come on top.
        max_clients: addresses that are remembered; the one that was silent longest is forgotten first.
    """

    per_client_s: float = 5.0
    per_client_burst: int = 20
    global_s: float = 100.0
    global_burst: int = 200
    client_at_once: int = 8
    at_once: int = 64
    unfinished_at_once: int = 256
    body_timeout_s: float = 5.0
    decodes_at_once: int = 4
    max_release_bytes: int = MAX_RELEASE_BYTES
    max_clients: int = 10_000

    def __post_init__(self) -> None:
        if not 0 < self.max_release_bytes <= LARGEST_RELEASE_BYTES:
            text = f"No request for a key has {self.max_release_bytes} bytes. Choose 1 to {LARGEST_RELEASE_BYTES}."
            expected = f"1 to {LARGEST_RELEASE_BYTES}"
            raise WrongInput(text, name="max_release_bytes", expected=expected, got=self.max_release_bytes)


class RateLimiter:
    """Buckets of all clients. Threads may share it."""

    def __init__(self, limits: RateLimits, now: float) -> None:
        self._limits = limits
        self._global = Bucket(limits.global_s, limits.global_burst, limits.global_burst, now)
        self._clients = Buckets(limits.per_client_s, limits.per_client_burst, limits.max_clients)
        self._open: Counter[str] = Counter()
        self._working = 0
        self._lock = threading.Lock()

    def enters(self, client: str, now: float) -> bool:
        """Whether a request may come, until `leaves`. Who is over its own limit takes nothing from the others."""
        with self._lock:
            if self._open.get(client, 0) >= self._limits.client_at_once:
                return False
            if not (self._clients.of(client, now).take(now) and self._global.take(now)):
                return False
            self._open[client] += 1
            return True

    def begins(self) -> bool:
        """Whether there is a place for the work on a request whose body is there, until `ends`."""
        with self._lock:
            if self._working >= self._limits.at_once:
                return False
            self._working += 1
            return True

    def ends(self) -> None:
        """The work is done."""
        with self._lock:
            self._working -= 1

    def leaves(self, client: str) -> None:
        """The request is answered, or given up."""
        with self._lock:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]
