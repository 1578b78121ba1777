"""`POST /v1/attestations`: what an attestation bundle is worth, under a policy."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from zkseal.service.request_bodies import malformed
from zkseal.service.routes.declare import CBOR, PROBLEMS, Attester, answers, body
from zkseal.service.schemas import AttestationAnswer
from zkseal.service.service import service_of
from zkseal.tee import AttestationBundle, appraise_bundle
from zkseal.tee.bundle import MAX_BUNDLE_BYTES

__all__ = ["router"]

router = APIRouter(tags=["verification"], responses=PROBLEMS)

PolicyName = Annotated[str, Query(max_length=64, description="one of the attestation policies of GET /v1/policies")]
Nonce = Annotated[
    str, Query(pattern="^([0-9a-f]{32,128})?$", description="what the evidence has to answer, hexadecimal")
]


@router.post(
    "/v1/attestations",
    summary="Appraise an attestation",
    responses=answers(200, "What was checked", AttestationAnswer),
    openapi_extra=body("An attestation bundle", **{CBOR: {"type": "string", "format": "binary"}}),
)
async def appraise(
    request: Request, caller: Attester, policy: PolicyName = "production", nonce: Nonce = ""
) -> Response:
    """Checks the evidence of a machine against pinned roots. The result names its assurance: development is never
    hidden.

    Without a nonce, freshness is not checked; the policy `production` asks for it.
    """
    service = service_of(request)
    chosen = service.policies.attestation(policy)
    data = await service.bodies.read(request, min(MAX_BUNDLE_BYTES, service.settings.limits.max_request_bytes))
    now = int(service.clock())
    if len(nonce) % 2:
        raise malformed("nonce has an odd number of digits")

    def work() -> dict[str, Any]:
        bundle = AttestationBundle.from_cbor(data)
        found = appraise_bundle(bundle, chosen, now=now, nonce=bytes.fromhex(nonce) if nonce else None)
        assurance = found.result.assurance.name.lower()
        return {"assurance": assurance, "development": found.DEVELOPMENT, "result": found.to_json()}

    return JSONResponse(await service.verifiers.run(work))
