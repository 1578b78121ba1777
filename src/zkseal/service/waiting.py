"""Waiting for a job, and what is answered when it has ended."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool

from zkseal.errors import JobCancelled, ZksealError
from zkseal.service import jobs
from zkseal.service.arrays import nested
from zkseal.service.jobs import Job, State
from zkseal.service.problems import status_of, without_values
from zkseal.service.service import Service

__all__ = ["Preference", "answer_of", "ended", "shown"]

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.01, 0.5
SHARE = 0.1
"""Of the time waited so far, by which an answer may come late."""
_WAIT = re.compile(r"wait\s*=\s*\"?([0-9]{1,6})\"?", re.ASCII)


@dataclass(frozen=True)
class Preference:
    """How long a caller wants to wait (RFC 7240). `applied`: the header that says what was made of it."""

    wait_s: float
    applied: dict[str, str]

    @staticmethod
    def of(header: str | None, *, most_s: int) -> Preference:
        """Of the header `Prefer`; what it does not know it ignores, as the RFC says."""
        for part in (header or "").split(","):
            name = part.strip().lower()
            if name == "respond-async":
                return Preference(0.0, {"Preference-Applied": "respond-async"})
            if (found := _WAIT.fullmatch(name)) is not None:
                wait_s = min(int(found[1]), most_s)
                return Preference(float(wait_s), {"Preference-Applied": f"wait={wait_s}"})
        return Preference(float(most_s), {})


async def ended(service: Service, job: Job, wait_s: float) -> Job:
    """The job, once it has ended or the time is over."""
    began = time.monotonic()
    while not job.ended and not service.draining and (left := began + wait_s - time.monotonic()) > 0:
        pause = min(max(SHARE * (time.monotonic() - began), SHORTEST_PAUSE_S), LONGEST_PAUSE_S)
        await asyncio.sleep(min(pause, left))
        job = await run_in_threadpool(jobs.find, service.vault.database, job.tenant, job.id)
    return job


def answer_of(service: Service, tenant: str, job: Job, *, with_outputs: bool) -> dict[str, Any]:
    """What an ended job gave: its receipt, and its outputs for those who may see them.

    Raises:
        JobCancelled, or the error that it failed with, with the job in its fields.
    """
    vault = service.vault
    if job.state is State.CANCELLED:
        raise JobCancelled(f"Job {job.id} was cancelled, and has no receipt.", job=job.id)
    if job.state is State.FAILED:
        error = jobs.failure(vault, tenant, job.id)
        error.fields["job"] = job.id
        raise error
    digest = str(job.receipt_digest)
    outputs = None
    if with_outputs and job.has_outputs:
        outputs = nested(jobs.outputs(vault, tenant, job.id))
    receipt = base64.b64encode(jobs.receipt(vault, tenant, digest)).decode()
    return {"job": shown(job), "receipt": receipt, "receipt_digest": digest, "outputs": outputs}


def shown(job: Job, failure: ZksealError | None = None) -> dict[str, Any]:
    """A job as JSON. A failure is shown without any value of the input."""
    told: dict[str, Any] | None = None
    if job.failure_code is not None:
        told = {"code": job.failure_code, "status": None, "message": None, "fields": {}}
        if failure is not None:
            told = {**without_values(failure), "status": status_of(failure)}
    return {
        "id": job.id,
        "model_id": job.model_id,
        "kind": str(job.kind),
        "state": str(job.state),
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "attempt": job.attempt,
        "losses": job.losses,
        "cancel_requested": job.cancel_requested,
        "phase": job.phase,
        "progress": job.progress,
        "phase_ms": dict(job.phase_ms),
        "receipt_digest": job.receipt_digest,
        "has_opening": job.has_opening,
        "has_outputs": job.has_outputs,
        "failure": told,
    }
