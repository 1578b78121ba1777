"""Requests that were answered since this start, so that none is answered twice.

Digests are kept until the enclave ends; what was recorded before ends with its keys. When the memory for them is full,
no request is answered any more: forgetting one would let it be answered again.
"""

from __future__ import annotations

from zkseal.errors import RateLimited, RequestReplayed

__all__ = ["Replays"]

MOST_REQUESTS = 1 << 20
"""About 100 MB of digests."""


class Replays:
    """Digests of requests of this start."""

    def __init__(self, most: int = MOST_REQUESTS) -> None:
        self._most = most
        self._seen: set[bytes] = set()

    def require_new(self, digest: bytes) -> None:
        """Raises `RequestReplayed` if the request was noted before."""
        if digest in self._seen:
            raise RequestReplayed("This request was answered before. Encrypt a new one.", request=digest.hex())

    def note(self, digest: bytes) -> None:
        """From now on the request is known. Raises `RateLimited` if no more can be noted."""
        if len(self._seen) >= self._most:
            raise RateLimited(
                f"The enclave has answered {self._most} requests since its start and cannot tell more apart. Its "
                "operator has to start it anew.",
                scope="start",
                retry_after_ms=None,
            )
        self._seen.add(digest)
