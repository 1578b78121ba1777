"""What operators see, as the OpenAPI document describes it. The dashboard is built on these shapes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from zkseal.service.schemas import ModelId, Time

__all__ = ["OperatorSummary"]


class Queue(BaseModel):
    """Jobs of all tenants by state, as far as they are kept."""

    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int
    oldest_queued_ms: Annotated[int | None, Field(description="how long the job waits that waits longest")]


class WorkerLine(BaseModel):
    """A process that works on jobs."""

    id: str
    capacity: Annotated[int, Field(description="jobs at the same time")]
    started_at: Time
    seen_ms_ago: int


class Minute(BaseModel):
    """Jobs that ended in one minute."""

    minute: Annotated[int, Field(description="its begin, in milliseconds since 1970")]
    succeeded: int
    failed: int
    cancelled: int


class PhaseLine(BaseModel):
    """Time of succeeded jobs in one phase."""

    phase: str
    jobs: int
    mean_ms: float
    p95_ms: int
    total_ms: int


class FailureLine(BaseModel):
    """Failed jobs with one code."""

    code: str
    count: int
    last_at: Time


class ModelLine(BaseModel):
    """What a model has cost."""

    model_id: ModelId
    name: Annotated[str | None, Field(description="null for a model that was deleted")]
    tenant: Annotated[str | None, Field(description="the tenant's name")]
    succeeded: int
    failed: int
    cancelled: int
    busy_ms: Annotated[int, Field(description="time that workers were at its jobs")]
    mean_ms: Annotated[float | None, Field(description="of that, for each receipt")]


class ReceiptLine(BaseModel):
    """A receipt."""

    digest: str
    model_id: ModelId
    job_id: str
    created_at: Time


class ReceiptLines(BaseModel):
    """Receipts that are kept."""

    count: int
    newest: list[ReceiptLine]


class RunningLine(BaseModel):
    """A job that a worker is at."""

    id: str
    model_id: ModelId
    kind: str
    phase: str | None
    progress: float
    running_ms: int
    worker: str | None
    attempt: int


class Storage(BaseModel):
    """What is kept."""

    artifacts: int
    artifact_bytes: int
    tenants: int


class VerificationCounts(BaseModel):
    """Verifications of the process that answers, since it started."""

    proved: int
    rejected: int
    refused: Annotated[int, Field(description="429: more than could be done in time")]
    open: Annotated[int, Field(description="waiting or running")]
    predicted_wait_ms: float


class OperatorSummary(BaseModel):
    """The service at a moment. Throughput, phases, failures and models are of the last `minutes` minutes."""

    at: Time
    version: str
    minutes: int
    queue: Queue
    workers: list[WorkerLine]
    throughput: Annotated[list[Minute], Field(description="one entry a minute, the oldest first")]
    phases: list[PhaseLine]
    failures: Annotated[list[FailureLine], Field(description="the most frequent first")]
    models: Annotated[list[ModelLine], Field(description="the most costly first")]
    receipts: ReceiptLines
    running: list[RunningLine]
    storage: Storage
    verifications: VerificationCounts
