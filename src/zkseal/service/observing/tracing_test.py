"""Spans have listed attributes only; of a caller's trace its identifiers are taken over, and nothing else."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from zkseal.service.observing.tracing import ATTRIBUTES, Tracing

PARENT = f"00-{'ab' * 16}-{'cd' * 8}-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> Tracing:
    """With a collector in memory."""
    found = Tracing()
    found._provider = TracerProvider()
    found._provider.add_span_processor(SimpleSpanProcessor(exporter))
    found._tracer = found._provider.get_tracer("test")
    return found


def test_attributes_that_are_not_listed_are_left_out(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with tracing.span("POST") as span:
        span.set(http_route="/v1/models", zkseal_code=None, inputs="61518.8125", zkseal_job="job_1")
    (told,) = exporter.get_finished_spans()
    assert dict(told.attributes or {}) == {"http.route": "/v1/models", "zkseal.job": "job_1"}
    assert set(told.attributes or {}) <= ATTRIBUTES


def test_an_exception_marks_its_span_and_is_not_told(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="61518"), tracing.span("POST"):
        raise ValueError("61518.8125")
    (told,) = exporter.get_finished_spans()
    assert not told.status.is_ok
    assert "61518" not in told.to_json()


def test_a_caller_is_the_parent_of_its_request(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with tracing.span("POST", traceparent=PARENT):
        pass
    (told,) = exporter.get_finished_spans()
    assert (told.context.trace_id, told.parent and told.parent.span_id) == (int("ab" * 16, 16), int("cd" * 8, 16))


@pytest.mark.parametrize(
    "text", ["", "x", PARENT + "-more", PARENT.upper(), f"00-{'0' * 32}-{'cd' * 8}-01", PARENT[:-1] + "5"]
)
def test_what_is_no_parent_is_none(tracing: Tracing, exporter: InMemorySpanExporter, text: str) -> None:
    with tracing.span("POST", traceparent=text):
        pass
    assert exporter.get_finished_spans()[0].parent is None


def test_without_an_endpoint_there_are_no_spans() -> None:
    with Tracing().span("POST") as span:
        span.set(http_route="/")
    Tracing().ended("job", duration_ms=1)
    Tracing().close()
