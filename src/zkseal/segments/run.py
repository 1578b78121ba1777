"""One run of a model in segments: begin, prove each segment anywhere, finish.

`begin` runs the integer program once, segment by segment, and commits to what enters, crosses and leaves, with fresh
blindings. What a segment needs to be proved is then in a `SegmentJob`: plain data, a secret. `prove_segment` is a pure
function of its key and its job. `finish` puts the proofs in a receipt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import StatementMismatch, WrongModel
from zkseal.lowering.values import Environment
from zkseal.pipeline import ProveResult, ProvingKey
from zkseal.pipeline.compile import Samples
from zkseal.pipeline.interface import Interface
from zkseal.pipeline.prove import one_input
from zkseal.pipeline.threads import blas_threads
from zkseal.proving import (
    ColumnOpening,
    Opening,
    Progress,
    SegmentedVerifyingKey,
    segment_context,
    verify_piece,
)
from zkseal.proving.core import by_index, running
from zkseal.quantize.integers import Integers, Narrow, narrow, widen
from zkseal.receipts import Receipt, SegmentedEvidence, Side, Statement
from zkseal.relation import Column

if TYPE_CHECKING:
    from zkseal.segments.keys import SegmentedProvingKey

__all__ = ["SegmentJob", "SegmentedRun", "begin", "finish", "prove_segment", "verify_segment"]

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class SegmentJob:
    """What whoever holds a segment's key needs to prove it in one run: plain data, and a secret.

    Attributes:
        index: which segment.
        model_id: of the segment's own key.
        context: what the proof is for: it names statement, boundaries and position (docs/protocol/10-segments.md).
        values: integers by name that the steps of the segment read and do not compute, each in its logical shape.
        entering, leaving: commitments, compressed; what the job's owner expects.
        entering_blindings, leaving_blindings: their blindings, 32 bytes each.
    """

    index: int
    model_id: bytes
    context: bytes
    values: Mapping[str, Narrow] = field(repr=False)
    entering: tuple[bytes, ...] = field(repr=False)
    leaving: tuple[bytes, ...] = field(repr=False)
    entering_blindings: bytes = field(repr=False)
    leaving_blindings: bytes = field(repr=False)


@dataclass(frozen=True, eq=False)
class SegmentedRun:
    """A run that has begun. Public: `statement` and `boundaries`; secret: everything else.

    Attributes:
        boundaries: for each pair of neighbouring segments the commitments of what crosses.
        outputs: by name, as the program computed them.
    """

    statement: Statement
    boundaries: tuple[tuple[bytes, ...], ...]
    jobs: tuple[SegmentJob, ...] = field(repr=False)
    opening: Opening = field(repr=False)
    outputs: Arrays = field(repr=False)


@dataclass
class _Ends:
    """Commitments and blindings of one boundary, or of one end of the whole."""

    commitments: tuple[bytes, ...] = ()
    blindings: bytes = b""


class _Recording(Environment):
    """Values of a whole run; tells what each segment reads of what others computed."""

    def __init__(self) -> None:
        super().__init__()
        self.read: dict[str, Narrow] = {}
        self._own: set[str] = set()

    def enter(self) -> None:
        """From now on values that exist are those of others."""
        self.read, self._own = {}, set()

    def __getitem__(self, name: str) -> Integers:
        integers = super().__getitem__(name)
        if name not in self._own and name not in self.read:
            self.read[name] = narrow(np.ascontiguousarray(integers))
        return integers

    def __setitem__(self, name: str, integers: Integers) -> None:
        super().__setitem__(name, integers)
        self._own.add(name)


def begin(
    key: SegmentedProvingKey, inputs: Samples, *, context: bytes = b"", progress: Progress | None = None
) -> SegmentedRun:
    """Runs the program on one input and commits to everything that stands between segments.

    One segment key is in use at a time. Commitments are blinded afresh: no boundary is that of another run.

    Args:
        inputs, context: as in `zkseal.prove`.

    Raises:
        WrongInput: an input is missing, unknown, misshapen, or not finite.
        RangeExceeded: a value leaves the calibrated range.
    """
    environment = _Recording()
    key.head.read(one_input(key.head.inputs, inputs), environment)
    last = len(key.segments) - 1
    ends = [_Ends() for _ in range(last + 2)]
    read: list[dict[str, Narrow]] = []
    stated: dict[int, npt.NDArray[Any]] = {}
    for index, segment in enumerate(key.segments):
        if progress is not None:
            progress("execute", index / (last + 1))
        tensors = _execute(segment, environment)
        read.append(environment.read)
        stated |= {number: tensors[tensor] for tensor, number in key.verifying_key.stated(index).items()}
        _commit(segment, tensors, index, ends, is_last=index == last)
    statement, opening = _state(key.verifying_key, stated, ends, context)
    boundaries = tuple(end.commitments for end in ends[1:-1])
    jobs = tuple(
        SegmentJob(
            index,
            key.verifying_key.segments[index].key.model_id,
            segment_context(statement, boundaries, index),
            read[index],
            ends[index].commitments,
            ends[index + 1].commitments,
            ends[index].blindings,
            ends[index + 1].blindings,
        )
        for index in range(last + 1)
    )
    outputs = {value.name: key.head.decode(value.name, environment[value.name]) for value in key.head.outputs}
    return SegmentedRun(statement, boundaries, jobs, opening, outputs)


def _execute(segment: ProvingKey, environment: _Recording) -> dict[int, npt.NDArray[Any]]:
    """Runs a segment; its committed and public values by tensor index, but for hidden ones of its own."""
    program = segment.program
    environment.enter()
    with blas_threads(program.relation):
        for step in program.steps:
            step.execute(environment)
    # All tensors are read, hidden ones too: of those that others computed, the recording takes note.
    values = {name: environment[source].reshape(shape) for name, (source, shape) in program.layouts.items()}
    return by_index(program.relation, values, {Column.INPUT, Column.OUTPUT, Column.PUBLIC})


def _commit(
    segment: ProvingKey, tensors: Mapping[int, npt.NDArray[Any]], index: int, ends: list[_Ends], *, is_last: bool
) -> None:
    """Commits to both ends of every second segment, so that each boundary is committed to once; and to the last end."""
    if index % 2 == 1 and not is_last:
        return
    with running("committing"):
        made = segment.weights.core.commit(dict(tensors))
    if index % 2 == 0:
        ends[index] = _Ends(tuple(made["input_commitments"]), made["input_blindings"])
    ends[index + 1] = _Ends(tuple(made["output_commitments"]), made["output_blindings"])


def _state(
    verifying_key: SegmentedVerifyingKey,
    stated: Mapping[int, npt.NDArray[Any]],
    ends: Sequence[_Ends],
    context: bytes,
) -> tuple[Statement, Opening]:
    """The statement, and the opening of its own commitments."""
    relation = verifying_key.relation
    public_inputs = Interface.of(relation).public_inputs
    public = {index for index, tensor in enumerate(relation.tensors) if tensor.column == Column.PUBLIC}
    sides = [
        Side.of({number: stated[number] for number in sorted(numbers)}, end.commitments)
        for numbers, end in ((public & public_inputs, ends[0]), (public - public_inputs, ends[-1]))
    ]
    statement = Statement(verifying_key.model_id, sides[0], sides[1], context)
    columns = []
    for column, end in ((Column.INPUT, ends[0]), (Column.OUTPUT, ends[-1])):
        mine = {number: stated[number] for number, t in enumerate(relation.tensors) if t.column == column}
        columns.append(ColumnOpening(mine, end.blindings) if mine else None)
    return statement, Opening(verifying_key.model_id, columns[0], columns[1])


def prove_segment(key: ProvingKey, job: SegmentJob, *, progress: Progress | None = None) -> bytes:
    """The proof of one segment: runs its steps again, from what enters, and proves them under the job's commitments.

    Raises:
        WrongModel: the key is not that of the job's segment.
        StatementMismatch: the steps compute something else than the job's owner committed to: key or job were changed.
        RangeExceeded, WrongInput: the job's values are not those of a run.
    """
    if job.model_id != key.verifying_key.model_id:
        raise WrongModel(
            f"The job is of segment {job.index}, the key is of another one. Take the key that the job names.",
            expected=job.model_id.hex(),
            got=key.verifying_key.model_id.hex(),
            segment=job.index,
        )
    program = key.program
    environment = Environment()
    for name, integers in job.values.items():
        environment[name] = widen(integers)
    with blas_threads(program.relation):
        for step in program.steps:
            step.execute(environment)
        witness = program.witness(environment)
    columns = {Column.INPUT, Column.OUTPUT, Column.WITNESS, Column.PUBLIC}
    tensors = by_index(program.relation, witness.tensors, columns)
    with running("proving"):
        made = key.weights.core.prove(
            job.context, tensors, progress, job.entering_blindings or None, job.leaving_blindings or None
        )
    ends = tuple(made["input_commitments"]), tuple(made["output_commitments"])
    if ends != (job.entering, job.leaving):
        raise StatementMismatch(
            f"Segment {job.index} has other commitments than its job. Begin the run again.",
            column="input" if ends[0] != job.entering else "output",
            segment=job.index,
        )
    proof: bytes = made["proof"]
    return proof


def verify_segment(verifying_key: SegmentedVerifyingKey, run: SegmentedRun, index: int, proof: bytes) -> None:
    """Checks what came back for one segment. Raises `DecodeError` or `ProofRejected` with the field `segment`."""
    verify_piece(verifying_key, run.statement, run.boundaries, index, proof)


def finish(run: SegmentedRun, proofs: Sequence[bytes]) -> ProveResult:
    """The receipt of a run from the proofs of its segments, in order. Checks none: see `verify_segment`.

    Raises:
        StatementMismatch: there are more or fewer proofs than segments.
    """
    if len(proofs) != len(run.jobs):
        raise StatementMismatch(
            f"The run has {len(run.jobs)} segments; {len(proofs)} proofs were given.", column="evidence"
        )
    receipt = Receipt(run.statement, (SegmentedEvidence(run.boundaries, tuple(proofs)),))
    return ProveResult(receipt, run.opening, run.outputs)
