"""How much may be asked, by whom, before anything of it is read.

Three bounds stand in front of every route, in this order: requests a second of one address (whoever has no key yet),
requests a second of one API key, and requests of one address that are open at once. Each is a token bucket or a counter
in the memory of one process; several processes each count for themselves. Bodies are bounded by `http_server.bodies`,
the work that they ask for by `verifying.pool` and by quotas of the tenant.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from zkseal.errors import RateLimited
from zkseal.http_server.rates import Buckets
from zkseal.service.problems import RETRY_AFTER_MS

__all__ = ["Admission", "Limits"]


@dataclass(frozen=True)
class Limits:
    """Bounds of one process.

    Attributes:
        address_per_s, address_burst: requests of one address; behind a proxy that is not trusted all have one.
        key_per_s, key_burst: requests of one API key.
        address_at_once: open requests of one address, event streams included.
        streams_at_once: open event streams of one API key.
        body_timeout_s: seconds for a body to arrive; `model_timeout_s` for a model's.
        unfinished_at_once: bodies of all clients that are not there yet; beyond, the oldest is given up.
        max_request_bytes: longest body of an inference or a verification.
        max_model_bytes: longest proving or verifying key.
        max_batch: inputs of one batch.
        verify_threads: verifications at the same time; 0: one for each core.
        verify_wait_ms: a verification that would wait longer than this is refused with 429.
    """

    address_per_s: float = 100.0
    address_burst: int = 400
    key_per_s: float = 100.0
    key_burst: int = 400
    address_at_once: int = 256
    streams_at_once: int = 32
    body_timeout_s: float = 10.0
    model_timeout_s: float = 300.0
    unfinished_at_once: int = 256
    max_request_bytes: int = 4 << 20
    max_model_bytes: int = 1 << 30
    max_batch: int = 256
    verify_threads: int = 0
    verify_wait_ms: int = 25


MOST_CLIENTS = 10_000


class Admission:
    """Lets requests in, or says when to come again. For one event loop."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._addresses = Buckets(limits.address_per_s, limits.address_burst, MOST_CLIENTS)
        self._keys = Buckets(limits.key_per_s, limits.key_burst, MOST_CLIENTS)
        self._open: Counter[str] = Counter()
        self._streams: Counter[str] = Counter()
        self._uploads: Counter[str] = Counter()

    @contextlib.contextmanager
    def request_of(self, address: str) -> Iterator[None]:
        """Around one request of an address. Raises `RateLimited`."""
        if self._open[address] >= self._limits.address_at_once:
            raise too_many("open requests of this address", 1.0)
        self._take(self._addresses, address, "requests of this address")
        with _counted(self._open, address):
            yield

    def use_of_key(self, key_id: str) -> None:
        """Counts one request of an API key. Raises `RateLimited`."""
        self._take(self._keys, key_id, "requests of this API key")

    @contextlib.contextmanager
    def stream_of(self, key_id: str) -> Iterator[None]:
        """Around one event stream of an API key. Raises `RateLimited`."""
        if self._streams[key_id] >= self._limits.streams_at_once:
            raise too_many("event streams of this API key", 1.0)
        with _counted(self._streams, key_id):
            yield

    @contextlib.contextmanager
    def upload_of(self, tenant: str) -> Iterator[None]:
        """Around the one model that a tenant registers at a time. Raises `RateLimited`."""
        if self._uploads[tenant]:
            raise too_many("models of this tenant at once", 1.0)
        with _counted(self._uploads, tenant):
            yield

    def _take(self, buckets: Buckets, name: str, scope: str) -> None:
        now = self._clock()
        bucket = buckets.of(name, now)
        if not bucket.take(now):
            raise too_many(scope, bucket.wait_s)


def too_many(scope: str, wait_s: float) -> RateLimited:
    """Whatever there is too much of, with the time after which to ask again."""
    text = f"Too many {scope}. Ask again after the time that Retry-After says."
    return RateLimited(text, scope=scope, **{RETRY_AFTER_MS: max(1, round(wait_s * 1000))})


@contextlib.contextmanager
def _counted(counter: Counter[str], name: str) -> Iterator[None]:
    counter[name] += 1
    try:
        yield
    finally:
        counter[name] -= 1
        if not counter[name]:
            del counter[name]
