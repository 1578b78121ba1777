"""Counters and times, as Prometheus reads them. Labels are routes, methods, states and codes: nobody's data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from zkseal._version import __version__

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_REQUEST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
VERIFY_S = (
    0.002, 0.004, 0.006, 0.008, 0.01, 0.0125, 0.015, 0.0175, 0.02, 0.025, 0.03, 0.035, 0.04, 0.045, 0.05, 0.055, 0.06,
    0.065, 0.07, 0.075, 0.08, 0.085, 0.09, 0.095, 0.1, 0.125, 0.15, 0.2, 0.3, 0.5, 1, 2,
)  # fmt: skip
_PHASE_S = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000)

JobCounts = Callable[[], Mapping[str, int]]


class Metrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry(auto_describe=False)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        Gauge("zkseal_build", "The release that runs", ["version"], registry=registry).labels(__version__).set(1)
        self.requests = Counter(
            "zkseal_http_requests", "Requests that were answered", ["method", "route", "status"], registry=registry
        )
        self.request_s = Histogram(
            "zkseal_http_request_seconds",
            "From the head of a request to the end of its answer",
            ["method", "route"],
            buckets=_REQUEST_S,
            registry=registry,
        )
        self.open_requests = Gauge("zkseal_http_requests_open", "Requests that are not answered yet", registry=registry)
        self.streams = Gauge("zkseal_event_streams_open", "Event streams that are open", registry=registry)
        self.verifications = Counter(
            "zkseal_verifications", "Verifications: proved, rejected, or refused (429)", ["outcome"], registry=registry
        )
        self.verify_s = Histogram(
            "zkseal_verification_seconds",
            "Accepted verifications, from the head of the request until the answer is made",
            buckets=VERIFY_S,
            registry=registry,
        )
        self.verifier_open = Gauge("zkseal_verifier_open", "Verifications that wait or run", registry=registry)
        self.jobs_ended = Counter(
            "zkseal_jobs_ended", "Jobs that this process ended", ["kind", "state"], registry=registry
        )
        self.phase_s = Histogram(
            "zkseal_job_phase_seconds", "Time of jobs by phase", ["phase"], buckets=_PHASE_S, registry=registry
        )

    def watch_jobs(self, counts: JobCounts) -> None:
        """Adds the number of jobs by state, read from the database at every scrape."""
        self.registry.register(_Jobs(counts))

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self.registry)


class _Jobs(Collector):
    def __init__(self, counts: JobCounts) -> None:
        self._counts = counts

    def describe(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("zkseal_jobs", "Jobs in the database by state", labels=["state"])

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily("zkseal_jobs", "Jobs in the database by state", labels=["state"])
        for state, count in self._counts().items():
            family.add_metric([state], count)
        yield family
