"""One large model over many workers: each proves a segment, and the coordinator joins the pieces to one receipt."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zkseal import files
from zkseal.errors import InvalidEncoding
from zkseal.executors.executor import Attempt, Executor, Told
from zkseal.executors.key_files import KeyFile, LoadedKey
from zkseal.executors.plain_jobs import job_to_plain
from zkseal.executors.tasks import Task
from zkseal.pipeline import ProveResult, Samples
from zkseal.proving import SegmentedVerifyingKey
from zkseal.segments import SegmentedProvingKey, SegmentedRun, begin, finish, verify_segment

__all__ = ["SegmentTask", "SegmentedKeyFiles", "SegmentedProof", "prove_in_segments"]


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
    """One receipt for a model in segments, proved by the workers of an executor.

    The program is run here once, and everything between segments is committed to; workers get no more than their own
    segment's values and weights. Every piece is verified before it counts.

    Args:
        inputs, context: as in `zkseal.prove`.
        told: of the progress of workers; their stages are preceded by the segment.
        timeout_s: for each segment, waiting for a worker included; None waits for as long as limits allow.

    Raises:
        WrongInput, RangeExceeded: as `zkseal.prove`.
        WorkerLost, WorkerStalled, ResultRejected: a segment was given to as many workers as it may be.
        TimeoutError: `timeout_s` has passed.
    """
    run = begin(keys.key, inputs, context=context)
    handles = []
    try:
        for index, key in enumerate(keys.segments):
            task = SegmentTask(key, keys.key.verifying_key, run, index)
            handles.append(executor.submit(task, _of_segment(told, index, len(keys.segments))))
        proofs = [handle.result(timeout_s) for handle in handles]
    except BaseException:
        for handle in handles:
            handle.cancel()
        raise
    return SegmentedProof(finish(run, proofs), {index: tuple(handle.attempts) for index, handle in enumerate(handles)})


def _of_segment(told: Told | None, index: int, count: int) -> Told | None:
    if told is None:
        return None
    return lambda worker, stage, share: told(worker, f"segment {index + 1} of {count}: {stage}", share)
