"""`POST /v1/verifications`: what a receipt proves. `GET /v1/policies`: the policies that evidence is checked under."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from zkseal.errors import DecodeError, RateLimited, ZksealError
from zkseal.proving import AnyVerifyingKey
from zkseal.receipts import cbor
from zkseal.receipts.statement import MAX_CONTEXT_BYTES
from zkseal.service import models
from zkseal.service.observing.requests import note
from zkseal.service.policies import Policies
from zkseal.service.request_bodies import bytes_of, malformed, parse_request, require_fields
from zkseal.service.routes.declare import CBOR, JSON, PROBLEMS, Verifier, answers, body
from zkseal.service.schemas import PolicyList, VerificationAnswer, VerificationJson
from zkseal.service.service import Service, service_of
from zkseal.service.verifying import VerificationRequest, verify_receipt

__all__ = ["router"]

router = APIRouter(tags=["verification"], responses=PROBLEMS)

MAX_ENVELOPE_ITEMS = 16
_REQUIRED = {"receipt": bytes, "context": bytes}
_OPTIONAL = {"verifying_key": bytes, "model_id": bytes, "insecure_srs": bool, "policy": str}
_CBOR_SCHEMA: Mapping[str, Any] = {
    "type": "string",
    "format": "binary",
    "description": "a map: receipt and context (byte strings); verifying_key, model_id (byte strings), insecure_srs "
    "(true or false) and policy (text) may be left out",
}


_FORMS: Mapping[str, Any] = {JSON: VerificationJson, CBOR: _CBOR_SCHEMA}


@router.post(
    "/v1/verifications",
    summary="Verify a receipt",
    responses=answers(200, "What the receipt proves", VerificationAnswer),
    openapi_extra=body("A receipt and what it has to be for", **_FORMS),
)
async def verify(request: Request, caller: Verifier) -> Response:
    """Checks the proof of a receipt, or all of its evidence under a policy, and says what was proved.

    A receipt that proves nothing is answered with 422 and the code of the error. When more is asked than can be done in
    time the answer is 429: nothing was looked at, and asking again after Retry-After is harmless.
    """
    service = service_of(request)
    outcome = service.metrics.verifications
    data = await service.bodies.read(request, service.settings.limits.max_request_bytes)
    there = time.perf_counter()
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()

    def work() -> dict[str, Any]:
        asked = _read(data, kind, service.policies)
        return verify_receipt(
            asked,
            parsed=service.keys.key_of,
            registered=lambda model_id: _registered(service, caller.tenant, model_id),
            now=int(service.clock()),
        )

    try:
        found = await service.verifiers.run(work, since=there)
    except RateLimited:
        outcome.labels("refused").inc()
        raise
    except ZksealError:
        outcome.labels("rejected").inc()
        raise
    finally:
        service.metrics.verifier_open.set(service.verifiers.open)
    outcome.labels("proved").inc()
    note(request.scope, model=found["model_id"])
    response = JSONResponse(found)
    service.metrics.verify_s.observe(time.perf_counter() - request.scope["zkseal.began"])
    return response


@router.get("/v1/policies", summary="Policies for evidence", responses=answers(200, "All policies", PolicyList))
async def policies(request: Request, caller: Verifier) -> Response:
    """The policies that `policy` of a verification may name, and those for attestations of machines."""
    known = service_of(request).policies
    receipts = [
        {"name": name, "id": policy.policy_id, "mode": str(policy.mode), "description": policy.description}
        for name, policy in known.receipts.items()
    ]
    machines = [{"name": name, "id": policy.policy_id} for name, policy in known.attestations.items()]
    return JSONResponse({"policies": receipts, "attestation_policies": machines})


def _read(data: bytes, kind: str, policies: Policies) -> VerificationRequest:
    """The request in one of its two forms. Raises `InvalidEncoding`, `NotFound` for a policy."""
    if kind == CBOR:
        try:
            entries = cbor.loads(data, max_bytes=len(data), max_items=MAX_ENVELOPE_ITEMS)
        except DecodeError as error:
            raise malformed(f"the body is no deterministic CBOR ({error.code})") from None
        found = require_fields(entries, _REQUIRED, _OPTIONAL)
    else:
        given = parse_request(VerificationJson, data)
        found = given.model_dump(exclude_none=True)
        for name in ("receipt", "context", "verifying_key"):
            if name in found:
                found[name] = bytes_of(found[name], name)
        if "model_id" in found:
            found["model_id"] = bytes.fromhex(found["model_id"])
    if len(found["context"]) > MAX_CONTEXT_BYTES:
        raise malformed(f"context has more than {MAX_CONTEXT_BYTES} bytes")
    if "model_id" in found and len(found["model_id"]) != 32:
        raise malformed("model_id has not 32 bytes")
    policy = found.pop("policy", None)
    return VerificationRequest(**found, policy=None if policy is None else policies.receipt(policy))


def _registered(service: Service, tenant: str, model_id: bytes) -> AnyVerifyingKey:
    """The key of a model that the tenant registered, looked up again after a few seconds."""
    name = f"{tenant}/{model_id.hex()}"
    key = service.registered.get(name)
    if key is None:
        key = service.keys.key_of(models.verifying_key(service.vault, tenant, model_id.hex()))
        service.registered.put(name, key)
    return key
