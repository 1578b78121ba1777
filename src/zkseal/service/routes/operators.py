"""`/v1/operator`: the whole service at a glance, once or again and again, for the dashboard."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from zkseal.service.operating import summary
from zkseal.service.operating_schemas import OperatorSummary
from zkseal.service.routes.declare import PROBLEMS, Operator, answers
from zkseal.service.service import Service, service_of
from zkseal.service.streams import EVENT_SCHEMA, EVENT_STREAM, event_stream

__all__ = ["router"]

router = APIRouter(tags=["operation"], responses=PROBLEMS)

_TICK_S = 0.2
Every = Annotated[float, Query(ge=0.5, le=60, description="seconds between two pictures")]


@router.get("/v1/operator/summary", summary="The service now", responses=answers(200, "The picture", OperatorSummary))
async def now(request: Request, caller: Operator) -> Response:
    """Queue, workers, throughput, phases, failures, cost by model, receipts, storage. Ids, counts and times only."""
    return JSONResponse(await _picture(service_of(request)))


@router.get(
    "/v1/operator/events",
    summary="The service, again and again",
    responses=answers(200, "Server-sent events `summary`", None, **{EVENT_STREAM: EVENT_SCHEMA}),
)
async def events(request: Request, caller: Operator, every_s: Every = 1.0) -> Response:
    """Server-sent events called `summary`: the same document as `/v1/operator/summary`, every `every_s` seconds."""
    service = service_of(request)
    return event_stream(service, caller, _pictures(service, every_s))


async def _pictures(service: Service, every_s: float) -> AsyncIterator[bytes | None]:
    number = 0
    while True:
        number += 1
        data = json.dumps(await _picture(service), separators=(",", ":"))
        yield f"id: {number}\nevent: summary\ndata: {data}\n\n".encode()
        waited = 0.0
        while waited < every_s:
            await asyncio.sleep(_TICK_S)
            waited += _TICK_S
            yield None


async def _picture(service: Service) -> dict[str, Any]:
    found = await run_in_threadpool(summary, service.vault.database)
    return {**found, "verifications": service.verification_counts()}
