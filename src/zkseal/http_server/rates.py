"""How much a client may ask: token buckets, and what counts as one client."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

__all__ = ["Bucket", "Buckets", "network_of"]

IPV6_PREFIX_BITS = 64
"""Who has one address of version 6 has a network of this size."""


@dataclass
class Bucket:
    """Tokens that come back with time. Times are seconds of any clock that does not go back."""

    rate_s: float
    burst: int
    tokens: float
    at: float

    def refill(self, now: float) -> None:
        """Adds the tokens that have come back."""
        self.tokens = min(float(self.burst), self.tokens + (now - self.at) * self.rate_s)
        self.at = now

    def take(self, now: float) -> bool:
        """Takes a token if there is one."""
        self.refill(now)
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    @property
    def wait_s(self) -> float:
        """Seconds from the last `refill` or `take` until there is a token again."""
        return max(0.0, (1 - self.tokens) / self.rate_s)


class Buckets:
    """One bucket for each name, all alike. The name that was silent longest is forgotten first. For one thread.

    Args:
        most: names that are remembered.
    """

    def __init__(self, rate_s: float, burst: int, most: int) -> None:
        self._rate_s, self._burst, self._most = rate_s, burst, most
        self._buckets: OrderedDict[Hashable, Bucket] = OrderedDict()

    def of(self, name: Hashable, now: float) -> Bucket:
        """The bucket of a name, full if it is new."""
        bucket = self._buckets.pop(name, None) or Bucket(self._rate_s, self._burst, self._burst, now)
        self._buckets[name] = bucket
        while len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket

    def __len__(self) -> int:
        return len(self._buckets)


def network_of(address: str) -> str:
    """What is counted as one client: an IPv4 address, or an IPv6 network."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if (mapped := getattr(parsed, "ipv4_mapped", None)) is not None:
        return str(mapped)
    return str(ipaddress.ip_network((int(parsed), IPV6_PREFIX_BITS), strict=False))
