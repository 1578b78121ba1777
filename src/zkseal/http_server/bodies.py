"""Bodies of requests: bounded before they are read, in time, and few that are not there yet.

A client that announces a body and sends none costs a place. Such places are not those of requests that are there; when
they run out, the body that was waited for longest gives its place to the new one.
"""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request

__all__ = ["Bodies"]


class Bodies:
    """Reads the bodies of one service, on one event loop.

    Args:
        unfinished_at_once: bodies of all clients that are not there; beyond, the oldest is given up.
        timeout_s: seconds for a body to arrive.
    """

    def __init__(self, *, unfinished_at_once: int, timeout_s: float) -> None:
        self._unfinished_at_once, self._timeout_s = unfinished_at_once, timeout_s
        self._waiting: dict[asyncio.Timeout, None] = {}

    async def read(self, request: Request, most: int, *, timeout_s: float | None = None) -> bytes:
        """The body, if it is no longer than `most` bytes and comes in time.

        Args:
            timeout_s: another time than that of all bodies, for one that is large.

        Raises:
            HTTPException: 413 or 408.
            ClientDisconnect: the client went away.
        """
        announced = request.headers.get("content-length", "0")
        if not announced.isdecimal() or len(announced) > 12 or int(announced) > most:
            raise _too_long(most)
        if len(self._waiting) >= self._unfinished_at_once:
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            if not oldest.expired():
                oldest.reschedule(asyncio.get_running_loop().time())
        parts, size = [], 0
        try:
            async with asyncio.timeout(self._timeout_s if timeout_s is None else timeout_s) as waiting:
                self._waiting[waiting] = None
                try:
                    async for part in request.stream():
                        size += len(part)
                        if size > most:
                            raise _too_long(most)
                        parts.append(part)
                finally:
                    self._waiting.pop(waiting, None)
        except TimeoutError as error:
            raise HTTPException(408, "The request did not come in time.") from error
        return b"".join(parts)


def _too_long(most: int) -> HTTPException:
    return HTTPException(413, f"A request to this path has at most {most} bytes.")
