"""Server-sent events: bounded in number, kept alive, ended with their API key and when the service is told to stop."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from zkseal.service import api_keys
from zkseal.service.api_keys import ApiKey
from zkseal.service.believed import BELIEVED_S
from zkseal.service.service import Service

__all__ = ["EVENT_SCHEMA", "EVENT_STREAM", "event_stream"]

EVENT_STREAM = "text/event-stream"
EVENT_SCHEMA = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["id", "event", "data"],
}
"""Of one event, for the OpenAPI document; `data` is JSON."""
KEPT_ALIVE_S = 15.0
_ALIVE = b": alive\n\n"
_RETRY = b"retry: 1000\n\n"


def event_stream(service: Service, caller: ApiKey, events: AsyncIterator[bytes | None]) -> StreamingResponse:
    """An answer that sends events as they come. `events` yields None whenever there is nothing to send.

    Raises:
        RateLimited: the API key has as many streams open as it may.
    """
    # Entered before the answer begins, so that too many are refused with a status of their own.
    place = contextlib.ExitStack()
    place.enter_context(service.admission.stream_of(caller.id))
    # Proxies are told not to collect events before they pass them on.
    headers = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
    return _Stream(_kept_alive(service, caller, events), place, headers)


class _Stream(StreamingResponse):
    """Gives its place back however it ends."""

    def __init__(self, body: AsyncIterator[bytes], place: contextlib.ExitStack, headers: dict[str, str]) -> None:
        super().__init__(body, headers=headers, media_type=EVENT_STREAM)
        self._place = place

    async def __call__(self, *arguments: object) -> None:
        with self._place:
            await super().__call__(*arguments)  # type: ignore[arg-type]


async def _kept_alive(service: Service, caller: ApiKey, events: AsyncIterator[bytes | None]) -> AsyncIterator[bytes]:
    service.metrics.streams.inc()
    try:
        yield _RETRY
        sent = believed = time.monotonic()
        async for event in events:
            if service.draining:
                return
            if time.monotonic() - believed >= BELIEVED_S:
                if not await run_in_threadpool(api_keys.holds, service.vault.database, caller):
                    return
                believed = time.monotonic()
            if event is not None or time.monotonic() - sent >= KEPT_ALIVE_S:
                yield event or _ALIVE
                sent = time.monotonic()
    finally:
        service.metrics.streams.dec()
