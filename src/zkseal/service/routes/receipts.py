"""What jobs gave: receipts by their digest, openings and outputs for their owner, events as they happen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from zkseal.errors import NotFound
from zkseal.proving.plain_arrays import opening_to_plain
from zkseal.receipts import Receipt, cbor
from zkseal.service import events, jobs
from zkseal.service.arrays import nested
from zkseal.service.observing.requests import note
from zkseal.service.routes.declare import CBOR, JSON, PROBLEMS, JobReader, OpeningReader, ReceiptReader, answers
from zkseal.service.schemas import OutputsAnswer, ReceiptJson
from zkseal.service.service import Service, service_of
from zkseal.service.streams import EVENT_SCHEMA, EVENT_STREAM, event_stream

__all__ = ["router"]

router = APIRouter(tags=["jobs"], responses=PROBLEMS)

_BYTES = {"type": "string", "format": "binary"}
_FINAL = frozenset({"succeeded", "failed", "cancelled"})
_LAST = (1 << 63) - 1
"""The largest number that databases count to."""
LOOK_S = 0.15
LOOKS = 8
"""After so many looks without an event it is asked whether there will be another one."""

LastEvent = Annotated[str | None, Header(alias="Last-Event-ID", max_length=20, description="go on after this event")]


@router.get(
    "/v1/receipts/{digest}",
    tags=["receipts"],
    summary="A receipt",
    responses=answers(200, "Its CBOR, or a view of it by Accept: application/json", ReceiptJson, **{CBOR: _BYTES}),
)
async def receipt(request: Request, caller: ReceiptReader, digest: Annotated[str, Path(max_length=64)]) -> Response:
    """A receipt by the SHA-256 of its CBOR. The CBOR is the receipt; JSON is a view for people."""
    vault = service_of(request).vault
    data = await run_in_threadpool(jobs.receipt, vault, caller.tenant, digest)
    if _prefers_json(request.headers.get("accept", "")):
        view = await run_in_threadpool(lambda: Receipt.from_cbor(data).to_json())
        return JSONResponse(view, headers={"Vary": "Accept"})
    headers = {"Vary": "Accept", "Cache-Control": "private, max-age=86400, immutable"}
    return Response(data, media_type=CBOR, headers=headers)


@router.get(
    "/v1/jobs/{job_id}/opening",
    summary="A receipt's opening: a secret",
    responses=answers(200, "Its CBOR", None, **{CBOR: _BYTES}),
)
async def opening(request: Request, caller: OpeningReader, job_id: str) -> Response:
    """What opens the commitments of a job's receipt: the private numbers and their blindings. For the owner alone."""
    vault = service_of(request).vault
    data = await run_in_threadpool(lambda: cbor.dumps(opening_to_plain(jobs.opening(vault, caller.tenant, job_id))))
    note(request.scope, job=job_id)
    return Response(data, media_type=CBOR)


@router.get(
    "/v1/jobs/{job_id}/outputs", summary="A job's outputs: a secret", responses=answers(200, "By name", OutputsAnswer)
)
async def outputs(request: Request, caller: OpeningReader, job_id: str) -> Response:
    """What the model answered, private outputs too: a map of an inference, one for each input of a batch."""
    vault = service_of(request).vault
    found = await run_in_threadpool(lambda: nested(jobs.outputs(vault, caller.tenant, job_id)))
    note(request.scope, job=job_id)
    return JSONResponse({"outputs": found})


@router.get(
    "/v1/jobs/{job_id}/events",
    summary="Events of a job, as they happen",
    responses=answers(200, "Server-sent events", None, **{EVENT_STREAM: EVENT_SCHEMA}),
)
async def job_events(request: Request, caller: JobReader, job_id: str, last_event_id: LastEvent = None) -> Response:
    """Server-sent events: `queued`, `running`, `progress`, `retrying`, `cancelling`, then one of `succeeded`, `failed`,
    `cancelled`, after which the stream ends. `id` counts from 1; a stream that broke goes on with `Last-Event-ID`.
    """
    service = service_of(request)
    job = await run_in_threadpool(jobs.find, service.vault.database, caller.tenant, job_id)
    note(request.scope, job=job.id)
    known = last_event_id or ""
    seen = min(int(known), _LAST) if known.isascii() and known.isdecimal() else 0
    return event_stream(service, caller, _events(service, caller.tenant, job.id, seen))


async def _events(service: Service, tenant: str, job: str, seen: int) -> AsyncIterator[bytes | None]:
    """Events beyond `seen` as they are told; None whenever there is nothing new. Ends with the job, also if that was
    before, or it was deleted.
    """
    ended, quiet = False, 0
    while True:
        found = await run_in_threadpool(events.after, service.vault.database, tenant, job, seen)
        for event in found:
            seen = event.sequence
            data = json.dumps({"at": event.at, **event.data}, separators=(",", ":"))
            yield f"id: {event.sequence}\nevent: {event.kind}\ndata: {data}\n\n".encode()
            if event.kind in _FINAL:
                return
        if not found:
            # Looked at after the job was: nothing was told between.
            if ended:
                return
            quiet += 1
            if quiet % LOOKS == 0:
                ended = await run_in_threadpool(_has_ended, service, tenant, job)
            yield None
            await asyncio.sleep(LOOK_S)


def _has_ended(service: Service, tenant: str, job: str) -> bool:
    try:
        return jobs.find(service.vault.database, tenant, job).ended
    except NotFound:
        return True


def _prefers_json(accept: str) -> bool:
    """Whether JSON is named and CBOR is not, or is named before it."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    if JSON not in kinds:
        return False
    return CBOR not in kinds or kinds.index(JSON) < kinds.index(CBOR)
