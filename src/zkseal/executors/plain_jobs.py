"""Runs of models in segments, and jobs of segments, as plain data between processes: secrets."""

from __future__ import annotations

from typing import Any

from zkseal.errors import InvalidEncoding
from zkseal.proving.plain_arrays import arrays_from_plain, arrays_to_plain, opening_from_plain, opening_to_plain
from zkseal.receipts import Statement
from zkseal.segments import SegmentedRun, SegmentJob

__all__ = ["job_from_plain", "job_to_plain", "run_from_plain", "run_to_plain"]


def job_to_plain(job: SegmentJob) -> dict[str, Any]:
    """Everything in it, by name."""
    return {
        "index": job.index,
        "model_id": job.model_id,
        "context": job.context,
        "values": arrays_to_plain(job.values),
        "entering": list(job.entering),
        "leaving": list(job.leaving),
        "entering_blindings": job.entering_blindings,
        "leaving_blindings": job.leaving_blindings,
    }


def job_from_plain(plain: Any) -> SegmentJob:
    """The inverse. Raises `InvalidEncoding`."""
    match plain:
        case {
            "index": int(index),
            "model_id": bytes(model_id),
            "context": bytes(context),
            "values": values,
            "entering": list(entering),
            "leaving": list(leaving),
            "entering_blindings": bytes(entering_blindings),
            "leaving_blindings": bytes(leaving_blindings),
        } if len(plain) == 8 and all(isinstance(point, bytes) for point in (*entering, *leaving)):
            return SegmentJob(
                index,
                model_id,
                context,
                arrays_from_plain(values),
                tuple(entering),
                tuple(leaving),
                entering_blindings,
                leaving_blindings,
            )
    raise InvalidEncoding("A job of a segment has other entries.", reason="job")


def run_to_plain(run: SegmentedRun) -> dict[str, Any]:
    """Everything in it but the outputs, which follow from the statement and its opening."""
    return {
        "statement": run.statement.encode(),
        "boundaries": [list(boundary) for boundary in run.boundaries],
        "jobs": [job_to_plain(job) for job in run.jobs],
        "opening": opening_to_plain(run.opening),
    }


def run_from_plain(plain: Any) -> SegmentedRun:
    """The inverse; without outputs. Raises `DecodeError`."""
    match plain:
        case {"statement": statement, "boundaries": list(boundaries), "jobs": list(jobs), "opening": opening} if (
            len(plain) == 4
            and all(isinstance(boundary, list) for boundary in boundaries)
            and all(isinstance(point, bytes) for boundary in boundaries for point in boundary)
        ):
            return SegmentedRun(
                Statement.decode(statement),
                tuple(tuple(boundary) for boundary in boundaries),
                tuple(job_from_plain(job) for job in jobs),
                opening_from_plain(opening),
                {},
            )
    raise InvalidEncoding("A run of a model in segments has other entries.", reason="run")
