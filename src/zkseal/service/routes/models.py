"""`/v1/models`: the tenant's models. Proving keys go in and never come out; verifying keys are for everybody."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from zkseal.errors import NotFound
from zkseal.pipeline.inspect import describe
from zkseal.service import models
from zkseal.service.api_keys import ApiKey
from zkseal.service.authentication import requires
from zkseal.service.models import Model
from zkseal.service.observing.requests import note
from zkseal.service.public_keys import verifying_key_of_any
from zkseal.service.routes.declare import PROBLEMS, ModelReader, ModelWriter, answers, body
from zkseal.service.schemas import ModelAnswer, ModelDetails, ModelList
from zkseal.service.service import service_of

__all__ = ["known_form", "router"]

router = APIRouter(tags=["models"], responses=PROBLEMS)

OCTETS = "application/octet-stream"
_ID = re.compile(r"[0-9a-f]{64}")
_reader = requires("models:read")
_FILE = {"type": "string", "format": "binary"}

ModelName = Annotated[str, Query(min_length=1, max_length=64, description="what people call the model")]


@router.post(
    "/v1/models",
    summary="Register a model",
    status_code=201,
    responses=answers(201, "It is registered; again, if it was before", ModelAnswer),
    openapi_extra=body("A proving key (.zkp), or a verifying key alone (.zkv)", **{OCTETS: _FILE}),
)
async def register(request: Request, caller: ModelWriter, name: ModelName = "model") -> Response:
    """Keeps a model: checked, sealed, under its id. A proving key is a secret: nothing gives it back.

    Registering a model again changes nothing; a proving key joins the verifying key that was there. A proving key in
    segments proves when its segments are here, too: `missing_segments` says which are to be sent.
    """
    vault = service_of(request).vault
    model = await _kept(request, caller, lambda data: models.register(vault, caller.tenant, name, data))
    return JSONResponse(_shown(model), 201, headers={"Location": f"/v1/models/{model.model_id}"})


@router.put(
    "/v1/models/{model_id}/segments/{digest}",
    summary="Send the key of a segment",
    responses=answers(200, "It is here; again, if it was before", ModelAnswer),
    openapi_extra=body("The key of one segment (.zks)", **{OCTETS: _FILE}),
)
async def segment(request: Request, caller: ModelWriter, model_id: str, digest: str) -> Response:
    """Keeps the key of one segment of a model, called by the SHA-256 of its file: checked, sealed.

    What was sent stays: an upload that was broken off goes on with the segments that are missing.
    """
    service = service_of(request)
    wanted, named = known_form(model_id), _digest(digest)

    def keep(data: memoryview) -> Model:
        return models.add_segment(service.vault, caller.tenant, wanted, named, data, parsed=service.keys.key_of)

    return JSONResponse(_shown(await _kept(request, caller, keep)))


@router.get("/v1/models", summary="All models", responses=answers(200, "Oldest first", ModelList))
async def list_all(request: Request, caller: ModelReader) -> Response:
    """The models of the caller's tenant."""
    found = await run_in_threadpool(models.list_of, service_of(request).vault.database, caller.tenant)
    return JSONResponse({"models": [_shown(model) for model in found]})


@router.get("/v1/models/{model_id}", summary="One model", responses=answers(200, "The model", ModelDetails))
async def one(request: Request, caller: ModelReader, model_id: str) -> Response:
    """A model, with its inputs and outputs, sizes and predicted costs, as `zkseal inspect` says them of its key."""
    service = service_of(request)

    def read() -> dict[str, Any]:
        model = models.find(service.vault.database, caller.tenant, known_form(model_id))
        key = service.keys.key_of(models.verifying_key(service.vault, caller.tenant, model.model_id))
        return {**_shown(model), "description": describe(key)}

    found = await run_in_threadpool(read)
    note(request.scope, model=found["model_id"])
    return JSONResponse(found)


@router.get(
    "/v1/models/{model_id}/verifying-key",
    summary="A model's verifying key",
    responses=answers(200, "Its bytes", None, **{OCTETS: _FILE}),
)
async def verifying_key(request: Request, model_id: str) -> Response:
    """The key that belongs to a model id: whoever has the id can check that it is the one, since the id is its digest.

    Public unless the operator says otherwise; then it takes an API key with `models:read`.
    """
    service = service_of(request)
    if public := service.settings.http.public_verifying_keys:
        data = await run_in_threadpool(verifying_key_of_any, service.vault, known_form(model_id))
    else:
        caller = await _reader(request)
        data = await run_in_threadpool(models.verifying_key, service.vault, caller.tenant, known_form(model_id))
    # What takes an API key is kept by nobody between: a proxy would give it to those who have none.
    headers = {"Cache-Control": f"{'public' if public else 'private'}, max-age=86400, immutable"}
    return Response(data, media_type=OCTETS, headers=headers)


@router.delete("/v1/models/{model_id}", summary="Delete a model", status_code=204, responses=answers(204, "It is gone"))
async def delete(request: Request, caller: ModelWriter, model_id: str) -> Response:
    """Deletes a model's keys and cancels its jobs. Receipts stay; who wants to check them needs the verifying key."""
    service = service_of(request)
    await run_in_threadpool(models.delete_model, service.vault, caller.tenant, known_form(model_id))
    note(request.scope, model=model_id)
    return Response(status_code=204)


async def _kept(request: Request, caller: ApiKey, keep: Callable[[memoryview], Model]) -> Model:
    """The model, after the file in the body has been kept."""
    service = service_of(request)
    limits = service.settings.limits
    # One of a tenant: whoever sends slowly keeps no place from others but its own.
    with service.admission.upload_of(caller.tenant):
        async with service.uploads:
            data = await service.bodies.read(request, limits.max_model_bytes, timeout_s=limits.model_timeout_s)
            model = await run_in_threadpool(keep, memoryview(data))
    note(request.scope, model=model.model_id)
    return model


def _digest(text: str) -> str:
    """A text that can be the digest of a file."""
    if not _ID.fullmatch(text):
        raise NotFound("There is no such segment: a digest has 64 hexadecimal digits.", kind="segment", name=None)
    return text


def known_form(model_id: str) -> str:
    """A text that can be a model id. Others are nobody's, and are not repeated."""
    if not _ID.fullmatch(model_id):
        raise NotFound("There is no such model: an id has 64 hexadecimal digits.", kind="model", name=None)
    return model_id


def _shown(model: Model) -> dict[str, Any]:
    return {
        "model_id": model.model_id,
        "name": model.name,
        "provable": model.provable,
        "missing_segments": list(model.missing_segments),
        "created_at": model.created_at,
        "bytes": model.bytes,
    }
