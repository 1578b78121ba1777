"""What operators see of the service: metrics, traces, logs. Nothing in them is anybody's input, by construction.

============  ==========================================================================
`logs`        `ServiceLog`: JSON lines whose fields are listed; what libraries log is told by its kind only
`metrics`     `Metrics`: counters and times for Prometheus; labels are routes, states, codes
`tracing`     `Tracing`: OpenTelemetry spans, if there is an endpoint for them
`requests`    the middleware that measures, names and logs every request
============  ==========================================================================
"""

from zkseal.service.observing.logs import ServiceLog, capture_libraries
from zkseal.service.observing.metrics import Metrics
from zkseal.service.observing.tracing import Tracing

__all__ = ["Metrics", "ServiceLog", "Tracing", "capture_libraries"]
