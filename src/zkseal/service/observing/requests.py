"""Every request is named, measured and logged, by the template of its route: paths and queries are not repeated."""

from __future__ import annotations

import secrets
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zkseal.service.names import IDENTIFIER
from zkseal.service.observing.logs import ServiceLog
from zkseal.service.observing.metrics import Metrics
from zkseal.service.observing.tracing import Tracing

__all__ = ["ObservedRequests", "note", "request_id_of"]

UNMATCHED = "unmatched"
_IDENTIFIERS = frozenset({"job", "key", "model", "tenant"})
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


def request_id_of(scope: Scope) -> str:
    """The name of a request: in its answer, in its problem document and in the log."""
    return str(scope.setdefault("zkseal.request", secrets.token_hex(8)))


def note(scope: Scope, **fields: Any) -> None:
    """Adds fields to the line and the span of a request: tenant, key, model, job, code. Texts of callers are none."""
    for name, value in fields.items():
        if name not in _IDENTIFIERS or IDENTIFIER.fullmatch(str(value)):
            scope.setdefault("zkseal.noted", {})[name] = value


class ObservedRequests:
    """ASGI: outermost, so that whatever happens inside is seen."""

    def __init__(self, app: ASGIApp, log: ServiceLog, metrics: Metrics, tracing: Tracing) -> None:
        self._app, self._log, self._metrics, self._tracing = app, log, metrics, tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["zkseal.began"] = time.perf_counter()
        request_id = request_id_of(scope)
        seen = {"status": 499, "bytes": 0}

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            elif message["type"] == "http.response.body":
                seen["bytes"] += len(message.get("body", b""))
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        traceparent = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
        self._metrics.open_requests.inc()
        try:
            with self._tracing.span(method, traceparent=traceparent.decode("latin-1")) as span:
                try:
                    await self._app(scope, receive, counted)
                finally:
                    route = route_of(scope)
                    noted = scope.get("zkseal.noted", {})
                    span.set(
                        http_request_method=method,
                        http_route=route,
                        http_response_status_code=seen["status"],
                        zkseal_request=request_id,
                        **{f"zkseal_{name}": noted.get(name) for name in ("tenant", "model", "job", "code")},
                    )
        finally:
            self._metrics.open_requests.dec()
            self._tell(scope, method, seen["status"], seen["bytes"])

    def _tell(self, scope: Scope, method: str, status: int, sent: int) -> None:
        route = route_of(scope)
        took_s = time.perf_counter() - scope["zkseal.began"]
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.request_s.labels(method, route).observe(took_s)
        self._log.event(
            "request",
            request=request_id_of(scope),
            method=method,
            route=route,
            status=status,
            duration_ms=round(took_s * 1000, 3),
            bytes_out=sent,
            **scope.get("zkseal.noted", {}),
        )


def route_of(scope: Scope) -> str:
    """The template of the route, as it stands in the OpenAPI document."""
    return str(getattr(scope.get("route"), "path", UNMATCHED))
