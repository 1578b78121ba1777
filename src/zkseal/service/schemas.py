"""What goes over HTTP, as the OpenAPI document describes it. JSON in snake case; bytes in base64 or hexadecimal.

Digests, ids and commitments are hexadecimal; whole files (receipts, keys, contexts that are sent) are base64. Times are
milliseconds since 1970 by the database's clock.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, FailFast, Field

__all__ = [
    "AttestationAnswer",
    "Base64",
    "BatchJson",
    "Health",
    "InferenceAnswer",
    "InferenceJson",
    "JobAnswer",
    "JobList",
    "ModelAnswer",
    "ModelDetails",
    "ModelId",
    "ModelList",
    "OutputsAnswer",
    "PolicyList",
    "Problem",
    "Readiness",
    "ReceiptJson",
    "Request",
    "Time",
    "VerificationAnswer",
    "VerificationJson",
]

Base64 = Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})]
Hex = Annotated[str, Field(pattern="^[0-9a-f]*$")]
ModelId = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Time = Annotated[int, Field(description="milliseconds since 1970")]
Numbers = Annotated[Any, Field(description="nested lists of numbers; null where there is none")]


class Request(BaseModel):
    """What is sent: unknown names are refused, and texts are not taken for numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: Annotated[str, Field(description="urn:zkseal:error:<code>, or about:blank")]
    title: str
    status: int
    detail: Annotated[str, Field(description="one sentence with the remedy; no value of any input")]
    code: Annotated[str | None, Field(description="name of the error: docs/reference/errors.md")]
    fields: dict[str, Any]
    request_id: Annotated[str, Field(description="stands in the server's log")]


class VerificationJson(Request):
    """A receipt, and what it has to be for."""

    receipt: Annotated[Base64, Field(description="the receipt's CBOR")]
    context: Annotated[Base64, Field(description="what the receipt has to be for")] = ""
    verifying_key: Annotated[
        Base64 | None, Field(description="bytes of the model's key; without it that of a registered model is taken")
    ] = None
    model_id: Annotated[ModelId | None, Field(description="the model that the receipt has to be about")] = None
    insecure_srs: Annotated[bool, Field(description="accept keys of no published ceremony, for tests")] = False
    policy: Annotated[str | None, Field(description="check all evidence under this policy (GET /v1/policies)")] = None


class Scheme(BaseModel):
    """How the key proves, and what it trusts."""

    lookup_argument: str
    lanes: int
    opening: str
    origin: Annotated[str | None, Field(description="ceremony of its powers of tau; null: none is needed")]
    setup_digest: str | None
    insecure: bool


class VerificationAnswer(BaseModel):
    """What a receipt proves. There is no answer that says it proves nothing: that is a problem."""

    verified: bool
    receipt_digest: Annotated[str, Field(description="SHA-256 of its CBOR")]
    model_id: ModelId
    context: Hex
    inputs: Annotated[dict[str, Numbers], Field(description="public inputs by name")]
    outputs: Annotated[dict[str, Numbers], Field(description="public outputs by name")]
    input_commitments: list[Hex]
    output_commitments: list[Hex]
    scheme: Scheme
    insecure: Annotated[bool, Field(description="powers of tau of no published ceremony: nothing is proved by it")]
    appraisal: Annotated[dict[str, Any] | None, Field(description="all checks, if a policy was named")]


class Policy(BaseModel):
    """A policy for evidence."""

    name: str
    id: Annotated[str, Field(description="name and digest of its content")]
    mode: str
    description: str


class AttestationPolicy(BaseModel):
    """A policy for attestations of machines."""

    name: str
    id: str


class PolicyList(BaseModel):
    """All policies."""

    policies: list[Policy]
    attestation_policies: list[AttestationPolicy]


class AttestationAnswer(BaseModel):
    """What an attestation is worth."""

    assurance: Annotated[str, Field(description="what the weakest part reaches")]
    development: Annotated[bool, Field(description="no production root vouches for it, or the policy is not for keys")]
    result: Annotated[dict[str, Any], Field(description="an EAR: every check that was made, and that was not")]


class ModelAnswer(BaseModel):
    """A registered model."""

    model_id: ModelId
    name: str
    provable: Annotated[bool, Field(description="whether its proving key is here, with all segments")]
    missing_segments: Annotated[
        list[Digest], Field(description="SHA-256 of the files of its segments that are to be sent yet, in order")
    ]
    created_at: Time
    bytes: Annotated[int, Field(description="what its keys take, sealed")]


class ModelDetails(ModelAnswer):
    """A registered model, with what its verifying key says."""

    description: Annotated[dict[str, Any], Field(description="inputs, outputs, sizes, scheme: as `zkseal inspect`")]


class ModelList(BaseModel):
    """All models."""

    models: list[ModelAnswer]


class PackedArray(Request):
    """An array by its bytes."""

    dtype: Annotated[str, Field(description="float32, float64, int8 .. int64, uint8 .. uint32, bool")]
    shape: list[int]
    data: Annotated[Base64, Field(description="little-endian entries in row-major order")]


Inputs = Annotated[
    dict[str, Any],
    Field(
        description="for each input of the model nested lists of numbers, or an array by its bytes",
        json_schema_extra={
            "additionalProperties": {
                "anyOf": [{"type": "array"}, {"type": "number"}, PackedArray.model_json_schema()],
            }
        },
    ),
]


class InferenceJson(Request):
    """One input, and what its receipt is for."""

    inputs: Inputs
    context: Annotated[Base64, Field(description="what the receipt is for; it is worthless for anything else")] = ""


class BatchJson(Request):
    """Many inputs that are proved together, and what their receipt is for."""

    inputs: Annotated[list[Inputs], FailFast(), Field(min_length=1)]
    context: Base64 = ""


class Failure(BaseModel):
    """Why a job failed."""

    code: str
    status: int | None
    message: Annotated[str | None, Field(description="without any value of the input; null in lists")]
    fields: dict[str, Any]


class JobAnswer(BaseModel):
    """A job."""

    id: str
    model_id: ModelId
    kind: Annotated[str, Field(description="inference, batch")]
    state: Annotated[str, Field(description="queued, running, succeeded, failed, cancelled")]
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    attempt: Annotated[int, Field(description="how often workers began it")]
    losses: Annotated[int, Field(description="attempts that ended without an answer")]
    cancel_requested: bool
    phase: Annotated[str | None, Field(description="what its worker does")]
    progress: Annotated[float, Field(description="share of the work that is done, 0 to 1")]
    phase_ms: Annotated[dict[str, int], Field(description="how long each phase took, once it has succeeded")]
    receipt_digest: str | None
    has_opening: bool
    has_outputs: bool
    failure: Failure | None


class JobList(BaseModel):
    """A page of jobs."""

    jobs: list[JobAnswer]


class InferenceAnswer(BaseModel):
    """A job that has succeeded, with what it gave."""

    job: JobAnswer
    receipt: Annotated[Base64, Field(description="the receipt's CBOR")]
    receipt_digest: str
    outputs: Annotated[
        list[dict[str, Numbers]] | None,
        Field(description="by name, for each input; null for keys without the scope openings:read"),
    ]


class OutputsAnswer(BaseModel):
    """What a model answered."""

    outputs: list[dict[str, Numbers]]


class ReceiptJson(BaseModel):
    """A view of a receipt; nothing in it is checked."""

    receipt: int
    statement: dict[str, Any]
    evidence: list[dict[str, Any]]


class Health(BaseModel):
    """The process."""

    status: str
    version: str


class Readiness(BaseModel):
    """What the process needs."""

    status: Annotated[str, Field(description="ok, or unavailable")]
    checks: dict[str, str]
