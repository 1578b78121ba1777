"""What a job is, and what it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy.typing as npt
from sqlalchemy import Row

from zkseal.errors import InvalidEncoding
from zkseal.json_text import parse_json
from zkseal.proving.plain_arrays import arrays_from_plain, arrays_to_plain
from zkseal.receipts import cbor

__all__ = ["ENDED", "MAX_REQUEST_BYTES", "Job", "Kind", "Request", "State", "job_of"]

MAX_REQUEST_BYTES = 1 << 30


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED)
"""States that a job never leaves."""


class Kind(StrEnum):
    """What is proved."""

    INFERENCE = "inference"
    """One input, one receipt."""
    BATCH = "batch"
    """Many inputs in one proof: one receipt."""


@dataclass(frozen=True, eq=False)
class Request:
    """What a job is asked for. A secret: it is sealed before it is stored.

    Attributes:
        inputs: arrays by name; of an inference one such map, of a batch one for each input.
        context: what the receipt is for.
    """

    kind: Kind
    inputs: tuple[Mapping[str, npt.NDArray[Any]], ...] = field(repr=False)
    context: bytes = field(default=b"", repr=False)

    def encode(self) -> bytes:
        """Its one encoding. Raises `InvalidEncoding` for arrays of something else than numbers."""
        inputs = [arrays_to_plain(arrays) for arrays in self.inputs]
        return cbor.dumps({"version": 1, "kind": str(self.kind), "inputs": inputs, "context": self.context})

    @staticmethod
    def decode(data: bytes) -> Request:
        """The inverse of `encode`. Raises `DecodeError`."""
        match cbor.loads(data, max_bytes=MAX_REQUEST_BYTES):
            case {"version": 1, "kind": str(kind), "inputs": list(inputs), "context": bytes(context)}:
                return Request(Kind(kind), tuple(arrays_from_plain(arrays) for arrays in inputs), context)
        raise InvalidEncoding("This is no request of a job of this release.", reason="request")


@dataclass(frozen=True)
class Job:
    """A job as its owner sees it. Times are milliseconds since 1970.

    Attributes:
        attempt: how often workers began it.
        losses: attempts that ended without an answer.
        cancel_requested: it is to end as cancelled, and its worker does not know yet.
        phase: what its worker does, as `zkseal.prove` calls it.
        progress: share of the work that is done, 0 to 1.
        phase_ms: how long each phase took, once it has succeeded.
        failure_code: code of the error that it failed with; `failure` reads the rest.
    """

    id: str
    tenant: str
    model_id: str
    kind: Kind
    state: State
    created_at: int
    started_at: int | None
    finished_at: int | None
    attempt: int
    losses: int
    cancel_requested: bool
    phase: str | None
    progress: float
    phase_ms: Mapping[str, int]
    receipt_digest: str | None
    failure_code: str | None
    has_opening: bool
    has_outputs: bool

    @property
    def ended(self) -> bool:
        """Whether it is in a state that it never leaves."""
        return self.state in ENDED


def job_of(row: Row[Any]) -> Job:
    """A job of its row."""
    values = row._mapping
    same = ("id", "model_id", "created_at", "started_at", "finished_at", "attempt", "losses", "phase")
    return Job(
        tenant=values["tenant_id"],
        kind=Kind(values["kind"]),
        state=State(values["state"]),
        cancel_requested=bool(values["cancel_requested"]),
        progress=values["progress_permille"] / 1000,
        phase_ms={str(name): int(ms) for name, ms in parse_json(values["phase_ms"]).items()},
        receipt_digest=values["receipt_digest"],
        failure_code=values["failure_code"],
        has_opening=values["opening_artifact"] is not None,
        has_outputs=values["outputs_artifact"] is not None,
        **{name: values[name] for name in same},
    )
