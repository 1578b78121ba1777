"""Spans of OpenTelemetry, sent by OTLP over HTTP. Without an endpoint there are none, and nothing is loaded for them.

Attributes are listed, as fields of the log are; exceptions are not recorded, since their text may hold anything. Of a
caller's trace only the two identifiers of `traceparent` are taken over: `tracestate` and baggage are texts of
strangers.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from typing import Any, Protocol

from zkseal._version import __version__

__all__ = ["ATTRIBUTES", "Span", "Tracing"]

ATTRIBUTES = frozenset(
    {
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "zkseal.attempt",
        "zkseal.code",
        "zkseal.job",
        "zkseal.kind",
        "zkseal.model",
        "zkseal.phase",
        "zkseal.request",
        "zkseal.state",
        "zkseal.tenant",
    }
)

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-0([01])", re.ASCII)


class Span(Protocol):
    """What is written into."""

    def set(self, **attributes: str | int | None) -> None:
        """Sets attributes; `http_route` stands for `http.route`. Those that are not listed are left out."""


class _NoSpan:
    def set(self, **attributes: str | int | None) -> None:
        pass


class _RealSpan:
    def __init__(self, span: Any) -> None:
        self._span = span

    def set(self, **attributes: str | int | None) -> None:
        for name, value in attributes.items():
            dotted = _DOTTED.get(name)
            if dotted is not None and value is not None:
                self._span.set_attribute(dotted, value)


_DOTTED = {name.replace(".", "_"): name for name in ATTRIBUTES}


class Tracing:
    """Spans of one process. `close` sends what is left.

    Args:
        endpoint: URL of a collector, up to and without `/v1/traces`; None: no spans.
    """

    def __init__(self, endpoint: str | None = None, *, service: str = "zkseal") -> None:
        self._provider: Any = None
        if endpoint is None:
            return
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource({"service.name": service, "service.version": __version__})
        self._provider = TracerProvider(resource=resource)
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=5)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("zkseal.service", __version__)

    @contextlib.contextmanager
    def span(self, name: str, *, traceparent: str = "") -> Iterator[Span]:
        """A span around the block, inside of the one around it. An exception marks it as failed, and is not told."""
        if self._provider is None:
            yield _NoSpan()
            return
        from opentelemetry.trace import Status, StatusCode

        options: dict[str, Any] = {"record_exception": False, "set_status_on_exception": False}
        with self._tracer.start_as_current_span(name, context=_parent(traceparent), **options) as span:
            try:
                yield _RealSpan(span)
            except BaseException:
                span.set_status(Status(StatusCode.ERROR))
                raise

    def ended(self, name: str, *, duration_ms: int, **attributes: str | int | None) -> None:
        """A span of something that has ended now, and took so long."""
        if self._provider is None:
            return
        end_ns = time.time_ns()
        span = self._tracer.start_span(name, start_time=end_ns - duration_ms * 1_000_000)
        _RealSpan(span).set(**attributes)
        span.end(end_ns)

    def close(self) -> None:
        """Sends what is left, for five seconds at most."""
        if self._provider is not None:
            self._provider.shutdown()


def _parent(traceparent: str) -> Any:
    """The caller's span, if it named one; None: the current one."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return None
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    trace_id, span_id, sampled = int(found[1], 16), int(found[2], 16), TraceFlags(int(found[3]))
    return set_span_in_context(NonRecordingSpan(SpanContext(trace_id, span_id, is_remote=True, trace_flags=sampled)))
