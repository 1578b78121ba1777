"""One large model over many workers: each proves a segment, and the coordinator joins the pieces to one receipt."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zkseal import files
from zkseal.errors import InvalidEncoding
from zkseal.executors.executor import Attempt, Executor, Handle, Told
from zkseal.executors.key_files import KeyFile, LoadedKey
from zkseal.executors.plain_jobs import job_to_plain
from zkseal.executors.tasks import Task
from zkseal.pipeline import ProveResult, Samples
from zkseal.proving import SegmentedVerifyingKey
from zkseal.segments import SegmentedProvingKey, SegmentedRun, begin, finish, verify_segment

__all__ = ["SegmentTask", "SegmentedKeyFiles", "SegmentedProof", "prove_in_segments", "submit_in_segments"]


@dataclass(frozen=True, eq=False)
class SegmentedKeyFiles:
    """A proving key in segments, and the files that workers load: one for each segment.

    The coordinator reads the key of a segment when it runs the program through it, and keeps none.
    """

    key: SegmentedProvingKey
    segments: tuple[KeyFile, ...]

    @staticmethod
    def of(path: str | os.PathLike[str]) -> SegmentedKeyFiles:
        """The key in a file and the folder beside it. Raises `FileUnavailable`, `DecodeError`, `ModelProofRejected`."""
        # A segment's file is called by its digest.
        found = tuple(KeyFile(bytes.fromhex(file.stem), file) for file in files.segment_files(path))
        return SegmentedKeyFiles(files.load_segmented_proving_key(path), found)


@dataclass(frozen=True, eq=False)
class SegmentTask(Task[bytes]):
    """The proof of one segment of a run."""

    key: KeyFile
    verifying_key: SegmentedVerifyingKey
    run: SegmentedRun = field(repr=False)
    index: int

    def question(self, key: LoadedKey) -> dict[str, Any]:
        """The job of the segment: its values, its commitments and their blindings."""
        return {"do": "segment", "job": job_to_plain(self.run.jobs[self.index])}

    def accept(self, answer: Any, key: LoadedKey) -> bytes:
        """The proof holds, for this statement, at this place, between these boundaries."""
        match answer:
            case {"piece": bytes(proof)} if len(answer) == 1:
                verify_segment(self.verifying_key, self.run, self.index, proof)
                return proof
        raise InvalidEncoding("The answer holds something else than the proof of a segment.", reason="answer")


@dataclass(frozen=True, eq=False)
class SegmentedProof:
    """What `zkseal.prove` returns, and who proved which segment."""

    result: ProveResult
    attempts: Mapping[int, tuple[Attempt, ...]] = field(repr=False)


def prove_in_segments(
    executor: Executor,
    keys: SegmentedKeyFiles,
    inputs: Samples,
    *,
    context: bytes = b"",
    told: Told | None = None,
    timeout_s: float | None = None,
) -> SegmentedProof:
    """As `submit_in_segments`, and waits.

    Args:
        timeout_s: for the proofs, waiting for workers included; None waits for as long as limits allow.

    Raises:
        WorkerLost, WorkerStalled, ResultRejected: a segment was given to as many workers as it may be.
        TimeoutError: `timeout_s` has passed.
    """
    handle = submit_in_segments(executor, keys, inputs, context=context, told=told)
    try:
        return handle.result(timeout_s)
    except BaseException:
        handle.cancel()
        raise


def submit_in_segments(
    executor: Executor, keys: SegmentedKeyFiles, inputs: Samples, *, context: bytes = b"", told: Told | None = None
) -> Handle[SegmentedProof]:
    """One receipt for a model in segments, proved by the workers of an executor.

    The program is run here once, before this returns, and everything between segments is committed to; workers get no
    more than their own segment's values and weights. Every piece is verified before it counts. With the first segment
    that nobody proves, the others are given up.

    Args:
        inputs, context: as in `zkseal.prove`.
        told: of the progress of workers: their stages, preceded by the segment, with the share of all segments' work
            that is done.

    Raises:
        WrongInput, RangeExceeded: as `zkseal.prove`.
        ExecutorClosed: it was closed.
    """
    ran = None if told is None else lambda stage, share: told("coordinator", stage, share)
    run = begin(keys.key, inputs, context=context, progress=ran)
    shares = _Shares(told, len(keys.segments))
    pieces: list[Handle[bytes]] = []

    def cancel() -> None:
        for piece in pieces:
            piece.cancel()

    try:
        for index, key in enumerate(keys.segments):
            pieces.append(executor.submit(SegmentTask(key, keys.key.verifying_key, run, index), shares.of(index)))
    except BaseException:
        cancel()
        raise
    return _Joining(run, pieces, Handle(cancel)).watched()


class _Joining:
    """Joins the pieces to one result, in whichever thread the last of them comes."""

    def __init__(self, run: SegmentedRun, pieces: Sequence[Handle[bytes]], whole: Handle[SegmentedProof]) -> None:
        self._run, self._pieces, self._whole = run, pieces, whole
        self._lock = threading.Lock()
        self._left, self._settled = len(pieces), False

    def watched(self) -> Handle[SegmentedProof]:
        """The whole, which will have its result."""
        for piece in self._pieces:
            piece.when_done(lambda piece=piece: self._done(piece))  # type: ignore[misc]
        return self._whole

    def _done(self, piece: Handle[bytes]) -> None:
        failed = _error_of(piece)
        with self._lock:
            self._left -= 1
            mine = not self._settled and (failed is not None or self._left == 0)
            self._settled = self._settled or mine
        if not mine:
            return
        # Outside of the lock: what is cancelled here comes back to this function.
        self._whole.finish(self._joined() if failed is None else failed)
        if failed is not None:
            self._whole.cancel()

    def _joined(self) -> SegmentedProof | BaseException:
        try:
            result = finish(self._run, [piece.result(0) for piece in self._pieces])
        except Exception as error:
            return error
        return SegmentedProof(result, {index: tuple(piece.attempts) for index, piece in enumerate(self._pieces)})


def _error_of(piece: Handle[bytes]) -> BaseException | None:
    try:
        piece.result(0)
    except BaseException as error:  # whatever the caller's `told` raised is among them
        return error
    return None


class _Shares:
    """How far all segments are, of what workers tell of theirs."""

    def __init__(self, told: Told | None, count: int) -> None:
        self._told, self._lock, self._shares = told, threading.Lock(), [0.0] * count

    def of(self, index: int) -> Told | None:
        """What the worker of one segment tells."""
        told, count = self._told, len(self._shares)
        if told is None:
            return None

        def tell(worker: str, stage: str, share: float) -> None:
            with self._lock:
                self._shares[index] = share
                whole = sum(self._shares) / count
            told(worker, f"segment {index + 1} of {count}: {stage}", whole)

        return tell
