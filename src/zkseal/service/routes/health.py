"""`/healthz`: the process runs. `/readyz`: it can work. `/metrics`: for Prometheus."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from zkseal._version import __version__
from zkseal.errors import ZksealError
from zkseal.service.observing.metrics import CONTENT_TYPE
from zkseal.service.routes.declare import PROBLEMS, MetricsReader, answers
from zkseal.service.schemas import Health, Readiness
from zkseal.service.service import Service, service_of

__all__ = ["HEALTH_PATHS", "router"]

router = APIRouter(tags=["operation"], responses=PROBLEMS)
HEALTH_PATHS = frozenset({"/healthz", "/readyz"})
READY_S = 1.0
"""How long what was found is told again."""


@router.get("/healthz", summary="Whether the process runs", responses=answers(200, "It runs", Health))
async def healthz() -> Response:
    """Asks nothing of the database: a process that waits for it is not to be killed."""
    return JSONResponse({"status": "ok", "version": __version__})


@router.get(
    "/readyz",
    summary="Whether it can work",
    responses=answers(200, "It can", Readiness) | answers(503, "It cannot", Readiness),
)
async def readyz(request: Request) -> Response:
    """Asks database and artifact store. While the process is told to stop it is not ready."""
    service = service_of(request)
    # Anybody may ask, as often as they like: one asks for all, and a database that is away holds one thread.
    async with service.readiness.one:
        if time.monotonic() >= service.readiness.until:
            service.readiness.found = await _stores(service)
            service.readiness.until = time.monotonic() + READY_S
    found = {"draining": "ok" if not service.draining else "unavailable", **service.readiness.found}
    ready = all(state == "ok" for state in found.values())
    body = {"status": "ok" if ready else "unavailable", "checks": found}
    return JSONResponse(body, 200 if ready else 503)


async def _stores(service: Service) -> dict[str, str]:
    found = {}
    for name, check in (("database", service.database_answers), ("artifacts", service.vault.store.check)):
        try:
            await run_in_threadpool(check)
            found[name] = "ok"
        except ZksealError as error:
            service.log.failure("not ready", error, store=name)
            found[name] = "unavailable"
    return found


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    responses=answers(200, "The exposition", None, **{"text/plain": {"type": "string"}}),
)
async def metrics(request: Request, caller: MetricsReader) -> Response:
    """Counts and times of this process, and jobs by state. Labels are routes, states and codes."""
    text = await run_in_threadpool(service_of(request).metrics.text)
    return Response(text, media_type=CONTENT_TYPE)
