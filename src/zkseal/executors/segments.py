"""One large model over many workers: each proves a segment, and the coordinator joins the pieces to one receipt."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from zkseal import files
from zkseal.errors import InvalidEncoding, StatementMismatch
from zkseal.executors.executor import Attempt, Executor, Handle, Told
from zkseal.executors.inputs import input_integers, named_inputs
from zkseal.executors.key_files import KeyFile, LoadedKey
from zkseal.executors.plain_jobs import job_to_plain, run_from_plain
from zkseal.executors.tasks import Task, held_to_inputs
from zkseal.pipeline import Interface, ProveResult, Samples
from zkseal.proving import SegmentedVerifyingKey, segment_context
from zkseal.proving.plain_arrays import arrays_to_plain
from zkseal.segments import SegmentedProvingKey, SegmentedRun, begin, finish, verify_segment

__all__ = [
    "RunTask",
    "SegmentTask",
    "SegmentedKeyFiles",
    "SegmentedProof",
    "prove_in_segments",
    "submit_run",
]


@dataclass(frozen=True, eq=False)
class SegmentedKeyFiles:
    """A proving key in segments, and the files that it is in.

    Attributes:
        key: as whoever runs the program reads it: the key of a segment when it comes to it, and keeps none.
        head: the file of the proving key.
        segments: the files that workers load: one for each segment.
    """

    key: SegmentedProvingKey
    head: KeyFile
    segments: tuple[KeyFile, ...]

    @staticmethod
    def of(path: str | os.PathLike[str]) -> SegmentedKeyFiles:
        """The key in a file and the folder beside it. Raises `FileUnavailable`, `DecodeError`, `ModelProofRejected`."""
        # A segment's file is called by its digest.
        found = tuple(KeyFile(bytes.fromhex(file.stem), file) for file in files.segment_files(path))
        return SegmentedKeyFiles(files.load_segmented_proving_key(path), KeyFile.of(path), found)

    @property
    def interface(self) -> Interface:
        """Inputs and outputs of the whole, as its verifying key says them."""
        return Interface.of(self.key.verifying_key.relation)


@dataclass(frozen=True, eq=False)
class RunTask(Task[SegmentedRun]):
    """The run that comes before the proofs, by a process of this machine: for programs that one does not run oneself.

    It has all files of the model, so it is no task for machines that are to see one segment.
    """

    key: KeyFile
    keys: SegmentedKeyFiles
    inputs: Samples = field(repr=False)
    context: bytes = b""

    @staticmethod
    def of(keys: SegmentedKeyFiles, inputs: Samples, context: bytes = b"") -> RunTask:
        """Of a whole model."""
        return RunTask(keys.segments[0], keys, inputs, context)

    def question(self, key: LoadedKey) -> dict[str, Any]:
        """The inputs by name, once they were seen to fit the model, and where the files are."""
        arrays = named_inputs(self.keys.interface, self.inputs)
        input_integers(self.keys.interface, arrays)
        return {
            "do": "run",
            "head": str(self.keys.head.path.absolute()),
            "segments": [str(segment.path.absolute()) for segment in self.keys.segments],
            "inputs": arrays_to_plain(arrays),
            "context": self.context,
        }

    def accept(self, answer: Any, key: LoadedKey) -> SegmentedRun:
        """It is a run of this model for this context. Whether it is one of these inputs, its proof says."""
        run = run_from_plain(answer)
        verifying_key, count = self.keys.key.verifying_key, len(self.keys.segments)
        if run.statement.model_id != verifying_key.model_id or run.statement.context != self.context:
            raise StatementMismatch("The run is of another model, or for another context.", column="statement")
        if (len(run.jobs), len(run.boundaries)) != (count, count - 1):
            raise StatementMismatch(f"The run has other segments than the model, which has {count}.", column="evidence")
        for index, job in enumerate(run.jobs):
            expected = index, verifying_key.segments[index].key.model_id
            if (job.index, job.model_id) != expected or job.context != segment_context(
                run.statement, run.boundaries, index
            ):
                raise StatementMismatch(f"Job {index} of the run is of another segment or run.", segment=index)
        return run

    def predicted_ms(self, key: LoadedKey, cores: int) -> float:
        """Less than the proofs of as many segments."""
        return len(self.keys.segments) * key.predicted_ms(cores)


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
        told: as in `submit_run`; before that, of the run.
        timeout_s: for the proofs, waiting for workers included; None waits for as long as limits allow.

    Raises:
        WrongInput, RangeExceeded: as `zkseal.prove`.
        WorkerLost, WorkerStalled, ResultRejected: a segment was given to as many workers as it may be.
        TimeoutError: `timeout_s` has passed.
    """
    ran = None if told is None else lambda stage, share: told("coordinator", stage, share)
    run = begin(keys.key, inputs, context=context, progress=ran)
    handle = submit_run(executor, keys, run, inputs, told=told)
    try:
        return handle.result(timeout_s)
    except BaseException:
        handle.cancel()
        raise


def submit_run(
    executor: Executor, keys: SegmentedKeyFiles, run: SegmentedRun, inputs: Samples, *, told: Told | None = None
) -> Handle[SegmentedProof]:
    """The receipt of a run that was made already, by `segments.begin` or by a `RunTask`.

    With the first segment that nobody proves, the others are given up.

    Args:
        inputs: what the run has to be of. Its receipt is held to them by the verifying key alone.
        told: of the progress of workers: their stages, preceded by the segment, with the share of all segments' work
            that is done.

    Raises:
        WrongInput: the inputs do not fit the model.
        ExecutorClosed: it was closed.
    """
    arrays = named_inputs(keys.interface, inputs)
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
    return _Joining(keys.key.verifying_key, arrays, run, pieces, Handle(cancel)).watched()


class _Joining:
    """Joins the pieces to one result, in whichever thread the last of them comes."""

    def __init__(
        self,
        key: SegmentedVerifyingKey,
        inputs: Mapping[str, npt.NDArray[Any]],
        run: SegmentedRun,
        pieces: Sequence[Handle[bytes]],
        whole: Handle[SegmentedProof],
    ) -> None:
        self._key, self._inputs = key, inputs
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
            made = finish(self._run, [piece.result(0) for piece in self._pieces])
            # The program that was run came with the key, and may be another than what was proved.
            result = held_to_inputs(made.receipt, made.opening, self._key, self._inputs)
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
