"""Inferences, batches and jobs: what is asked for becomes a job, durable before it is answered.

Whoever sends `Prefer: respond-async` gets the job at once (202, `Location`); otherwise the answer waits for the proof,
for as long as `Prefer: wait=N` says, and is the job again when that time is over. With an `Idempotency-Key` a request
can be sent again: it makes no second job.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from zkseal.executors.inputs import input_integers, named_inputs, stacked
from zkseal.pipeline import Interface
from zkseal.receipts.statement import MAX_CONTEXT_BYTES
from zkseal.service import jobs, models
from zkseal.service.api_keys import ApiKey
from zkseal.service.arrays import read_inputs
from zkseal.service.jobs import Job, Kind, State, Submitted
from zkseal.service.observing.requests import note
from zkseal.service.request_bodies import bytes_of, malformed, parse_request
from zkseal.service.routes.declare import (
    JSON,
    PROBLEMS,
    InferenceMaker,
    JobReader,
    JobWriter,
    answers,
    body,
)
from zkseal.service.routes.models import known_form
from zkseal.service.schemas import BatchJson, InferenceAnswer, InferenceJson, JobAnswer, JobList
from zkseal.service.service import Service, service_of
from zkseal.service.waiting import Preference, answer_of, ended, shown

__all__ = ["router"]

router = APIRouter(tags=["jobs"], responses=PROBLEMS)

IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255, description="the request's own name")
]
Prefer = Annotated[str | None, Header(alias="Prefer", max_length=128, description="respond-async, or wait=<seconds>")]
Limit = Annotated[int, Query(ge=1, le=200)]
Before = Annotated[str | None, Query(max_length=64, description="the last job of the page before")]

_MADE = answers(200, "The proof was waited for", InferenceAnswer) | answers(202, "The job, not yet ended", JobAnswer)


@router.post(
    "/v1/models/{model_id}/inferences",
    summary="Prove one inference",
    responses=_MADE,
    openapi_extra=body("One input, and what the receipt is for", **{JSON: InferenceJson}),
)
async def infer(
    request: Request, caller: InferenceMaker, model_id: str, key: IdempotencyKey = None, prefer: Prefer = None
) -> Response:
    """Runs the model on one input and proves what it says. Inputs are checked at once, and are sealed when kept."""

    def read(data: bytes, interface: Interface) -> jobs.Request:
        given = parse_request(InferenceJson, data)
        arrays = named_inputs(interface, read_inputs(given.inputs, interface))
        input_integers(interface, arrays)
        return jobs.Request(Kind.INFERENCE, (arrays,), bytes_of(given.context, "context"))

    return await _submitted(request, caller, model_id, key, prefer, read)


@router.post(
    "/v1/models/{model_id}/batches",
    summary="Prove many inferences at once",
    responses=_MADE,
    openapi_extra=body("Many inputs, proved together", **{JSON: BatchJson}),
)
async def batch(
    request: Request, caller: InferenceMaker, model_id: str, key: IdempotencyKey = None, prefer: Prefer = None
) -> Response:
    """Proves many inputs in one proof, by a model that was compiled for so many."""
    most = service_of(request).settings.limits.max_batch

    def read(data: bytes, interface: Interface) -> jobs.Request:
        given = parse_request(BatchJson, data)
        if len(given.inputs) > most:
            raise malformed(f"a batch has at most {most} inputs")
        inputs = [read_inputs(entry, interface) for entry in given.inputs]
        input_integers(interface, stacked(interface, list(inputs)))
        return jobs.Request(Kind.BATCH, tuple(inputs), bytes_of(given.context, "context"))

    return await _submitted(request, caller, model_id, key, prefer, read)


@router.get("/v1/jobs", summary="Jobs", responses=answers(200, "Newest first", JobList))
async def list_all(
    request: Request,
    caller: JobReader,
    model_id: Annotated[str | None, Query(max_length=64)] = None,
    state: Annotated[State | None, Query()] = None,
    limit: Limit = 50,
    before: Before = None,
) -> Response:
    """Jobs of the caller's tenant, a page at a time."""
    database = service_of(request).vault.database

    def read() -> list[Job]:
        return jobs.list_of(database, caller.tenant, model_id=model_id, state=state, limit=limit, before=before)

    return JSONResponse({"jobs": [shown(job) for job in await run_in_threadpool(read)]})


@router.get("/v1/jobs/{job_id}", summary="One job", responses=answers(200, "The job", JobAnswer))
async def one(request: Request, caller: JobReader, job_id: str) -> Response:
    """Where a job stands, how far it is, and why it failed."""
    service = service_of(request)

    def read() -> dict[str, Any]:
        job = jobs.find(service.vault.database, caller.tenant, job_id)
        return shown(job, jobs.failure(service.vault, caller.tenant, job_id) if job.state is State.FAILED else None)

    found = await run_in_threadpool(read)
    note(request.scope, job=found["id"])
    return JSONResponse(found)


@router.post(
    "/v1/jobs/{job_id}/cancellation",
    summary="Cancel a job",
    status_code=202,
    responses=answers(202, "It is being cancelled, or was before", JobAnswer),
)
async def cancel(request: Request, caller: JobWriter, job_id: str) -> Response:
    """Stops a job that has not ended: its process is killed, its inputs are deleted. 409 for one that has a result."""
    stopped = await run_in_threadpool(jobs.cancel, service_of(request).vault, caller.tenant, job_id)
    note(request.scope, job=stopped.id)
    return JSONResponse(shown(stopped), 202)


@router.delete(
    "/v1/jobs/{job_id}",
    summary="Cancel a job, or delete an ended one",
    responses=answers(202, "It is being cancelled", JobAnswer) | answers(204, "It is gone with all that was its"),
)
async def remove(request: Request, caller: JobWriter, job_id: str) -> Response:
    """Deletes an ended job with its receipt, opening and outputs; one that has not ended is cancelled.

    Whoever wants to keep the receipt of a job that may have ended meanwhile cancels it by `POST ../cancellation`.
    """
    vault = service_of(request).vault

    def stop() -> Job | None:
        job = jobs.find(vault.database, caller.tenant, job_id)
        if job.ended:
            jobs.delete_job(vault, caller.tenant, job_id)
            return None
        return jobs.cancel(vault, caller.tenant, job_id)

    stopped = await run_in_threadpool(stop)
    note(request.scope, job=job_id if stopped is None else stopped.id)
    return Response(status_code=204) if stopped is None else JSONResponse(shown(stopped), 202)


async def _submitted(
    request: Request, caller: ApiKey, model_id: str, key: str | None, prefer: str | None, read: Any
) -> Response:
    """Reads, checks and submits; then waits as long as the caller prefers."""
    service = service_of(request)
    preference = Preference.of(prefer, most_s=service.settings.http.max_wait_s)
    data = await service.bodies.read(request, service.settings.limits.max_request_bytes)

    def submit() -> Submitted:
        interface = _interface(service, caller.tenant, known_form(model_id))
        asked = read(data, interface)
        if len(asked.context) > MAX_CONTEXT_BYTES:
            raise malformed(f"context has more than {MAX_CONTEXT_BYTES} bytes")
        return jobs.submit(service.vault, caller.tenant, model_id, asked, idempotency_key=key)

    submitted = await run_in_threadpool(submit)
    service.wake()
    job = submitted.job
    note(request.scope, job=job.id, model=job.model_id, kind=str(job.kind))
    headers = {"Location": f"/v1/jobs/{job.id}", **preference.applied}
    if submitted.replayed:
        headers["Idempotent-Replayed"] = "true"
    job = await ended(service, job, preference.wait_s)
    if not job.ended:
        return JSONResponse(shown(job), 202, headers=headers)
    with_secrets = "openings:read" in caller.scopes
    document = await run_in_threadpool(answer_of, service, caller.tenant, job, with_outputs=with_secrets)
    return JSONResponse(document, headers=headers)


def _interface(service: Service, tenant: str, model_id: str) -> Interface:
    """Names and shapes of a model's inputs, by its verifying key, looked up again after a few seconds."""
    name = f"{tenant}/{model_id}"
    key = service.registered.get(name)
    if key is None:
        key = service.keys.key_of(models.verifying_key(service.vault, tenant, model_id))
        service.registered.put(name, key)
    return Interface.of(key.relation)
