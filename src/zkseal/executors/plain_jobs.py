"""Jobs of segments as plain data, for the question to a worker. A secret, as what they are made of."""

from __future__ import annotations

from typing import Any

from zkseal.errors import InvalidEncoding
from zkseal.proving.plain_arrays import arrays_from_plain, arrays_to_plain
from zkseal.segments import SegmentJob

__all__ = ["job_from_plain", "job_to_plain"]


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
