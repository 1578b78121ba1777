"""A proof that was asked for: how far it is, what it gave, and how it is stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from zkseal.client.events import read_events
from zkseal.client.models import RemoteModel
from zkseal.client.transport import Transport
from zkseal.client.verified import verified_result
from zkseal.errors import (
    InvalidEncoding,
    JobCancelled,
    JobConflict,
    StorageUnavailable,
    WorkerStalled,
    WrongModel,
    ZksealError,
)
from zkseal.pipeline import ProveResult
from zkseal.plain_errors import decode_error
from zkseal.proving import Progress
from zkseal.proving.plain_arrays import opening_from_plain
from zkseal.receipts import Receipt, cbor

__all__ = ["FINAL", "Asked", "Job", "JobEvent"]

FINAL = frozenset({"succeeded", "failed", "cancelled"})
MAX_OPENING_BYTES = 1 << 30
_PAUSE_S = 0.5


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to a job.

    Attributes:
        number: counts from 1.
        kind: `queued`, `running`, `progress`, `retrying`, `cancelling`, `succeeded`, `failed`, `cancelled`.
        phase, progress: what its worker does, and the share of that which is done, 0 to 1.
        code: of the error, where there is one.
    """

    number: int
    kind: str
    phase: str | None
    progress: float | None
    code: str | None


@dataclass(frozen=True)
class Asked:
    """What a job was asked for, to which its receipt is held. Inputs as `executors.inputs` shapes them."""

    model: RemoteModel
    inputs: Mapping[str, npt.NDArray[Any]]
    context: bytes
    insecure_srs: bool


class Job:
    """A job of the service. `document` is how the service described it last."""

    def __init__(self, transport: Transport, document: Mapping[str, Any], asked: Asked | None = None) -> None:
        self._transport, self._asked = transport, asked
        self.document = _described(document)

    def __repr__(self) -> str:
        return f"Job({self.id!r}, {self.state!r})"

    @property
    def id(self) -> str:
        """What the service calls it."""
        return str(self.document["id"])

    @property
    def state(self) -> str:
        """`queued`, `running`, `succeeded`, `failed` or `cancelled`, when it was last looked at."""
        return str(self.document["state"])

    @property
    def ended(self) -> bool:
        """Whether it is in a state that it never leaves."""
        return self.state in FINAL

    def refresh(self) -> Job:
        """Looks at it again."""
        self.document = _described(self._transport.document("GET", f"/v1/jobs/{self.id}"))
        return self

    def cancel(self) -> Job:
        """Stops it; its inputs are deleted. Raises `JobConflict` if it has succeeded or failed."""
        self.document = _described(self._transport.document("POST", f"/v1/jobs/{self.id}/cancellation"))
        return self

    def delete(self) -> None:
        """Deletes an ended job with its receipt, opening and outputs. Raises `JobConflict` if it has not ended."""
        if not self.refresh().ended:
            text = f"Job {self.id} is {self.state}. Cancel it, or wait for it, before you delete it."
            raise JobConflict(text, job=self.id, state=self.state, expected=sorted(FINAL))
        self._transport.request("DELETE", f"/v1/jobs/{self.id}")

    def events(self, after: int = 0) -> Iterator[JobEvent]:
        """Events beyond number `after` as they happen, to the last one. A stream that breaks is taken up again."""
        seen = after
        while True:
            before = seen
            try:
                headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": str(seen)} if seen else {})
                with self._transport.stream(f"/v1/jobs/{self.id}/events", headers) as lines:
                    for event in read_events(lines):
                        found = _event(event.id, event.kind, event.data)
                        seen = found.number
                        yield found
                        if found.kind in FINAL:
                            return
            except StorageUnavailable:
                # Raises by itself once the service has not answered for long.
                self.refresh()
            else:
                if seen == before and self.refresh().ended:
                    return
            time.sleep(_PAUSE_S)

    def wait(self, timeout_s: float | None = None, progress: Progress | None = None) -> Job:
        """Returns when it has ended.

        Args:
            progress: told the phase and its share, as by `zkseal.prove`.

        Raises:
            WorkerStalled: it has not ended in time, and goes on.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        for event in self.events():
            if progress is not None and event.phase is not None:
                progress(event.phase, event.progress or 0.0)
            if until is not None and time.monotonic() > until and event.kind not in FINAL:
                text = f"Job {self.id} has not ended after {timeout_s} s, and goes on. Wait again, or cancel it."
                raise WorkerStalled(text, worker="service", timeout_s=timeout_s)
        return self.refresh()

    def result(self, timeout_s: float | None = None, progress: Progress | None = None) -> ProveResult:
        """Receipt, opening and outputs, verified here.

        Raises:
            JobCancelled, or the error that it failed with.
            WorkerStalled: it has not ended in time, and goes on.
            ProofRejected, DecodeError: the service's receipt does not prove what was asked for.
            WrongModel: the job was not submitted here, and its receipt can be held to nothing.
        """
        if self._asked is None:
            text = "What this job was asked for is not known here, so that its receipt can be held to nothing."
            raise WrongModel(
                f"{text} Verify it: client.verify(client.receipt(digest), model).", expected=None, got=None
            )
        if not self.ended:
            self.wait(timeout_s, progress)
        receipt = Receipt.from_cbor(self._bytes(f"/v1/receipts/{self._receipt_digest}"))
        opening = opening_from_plain(
            cbor.loads(self._bytes(f"/v1/jobs/{self.id}/opening"), max_bytes=MAX_OPENING_BYTES)
        )
        asked = self._asked
        return verified_result(
            asked.model, receipt, opening, asked.inputs, asked.context, insecure_srs=asked.insecure_srs
        )

    @property
    def _receipt_digest(self) -> str:
        """Of its receipt. Raises what it failed with."""
        if self.state == "cancelled":
            raise JobCancelled(f"Job {self.id} was cancelled, and has no receipt.", job=self.id)
        if self.state == "failed":
            raise self.failure()
        digest = self.document.get("receipt_digest")
        if not isinstance(digest, str):
            raise InvalidEncoding("The service describes a job in another form.", reason="job")
        return digest

    def failure(self) -> ZksealError:
        """The error that it failed with."""
        found = self.refresh().document.get("failure") or {}
        message = found.get("message") or f"Job {self.id} failed with {found.get('code')}."
        fields = {**(found.get("fields") or {}), "job": self.id}
        return decode_error({"code": str(found.get("code")), "message": str(message), "fields": fields})

    def _bytes(self, path: str) -> bytes:
        return self._transport.request("GET", path, headers={"Accept": "application/cbor"}).content


def _described(document: Any) -> dict[str, Any]:
    match document:
        case {"id": str(), "state": str()}:
            return dict(document)
    raise InvalidEncoding("The service describes a job in another form.", reason="job")


def _event(number: str, kind: str, data: Mapping[str, Any]) -> JobEvent:
    phase, progress, code = data.get("phase"), data.get("progress"), data.get("code")
    return JobEvent(
        number=int(number) if number.isascii() and number.isdecimal() else 0,
        kind=kind,
        phase=phase if isinstance(phase, str) else None,
        progress=float(progress) if isinstance(progress, int | float) else None,
        code=code if isinstance(code, str) else None,
    )
