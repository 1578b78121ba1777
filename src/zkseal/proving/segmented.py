"""Verification of proofs in segments (docs/protocol/10-segments.md): each piece alone, and the receipt.

Every piece is a proof of its segment for a context that names the whole: statement, all boundaries, position. What
crosses between two segments is one list of commitments, the output of the one and the input of the other.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import numpy.typing as npt

from zkseal.errors import StatementMismatch, WrongLength
from zkseal.proving.core import running
from zkseal.proving.prove import ColumnOpening, Opening, check_opening, require_same_column
from zkseal.proving.segmented_key import AnyVerifyingKey, SegmentedVerifyingKey, naming_segment
from zkseal.proving.verify import require_context, require_model, require_sides
from zkseal.receipts import Receipt, Statement
from zkseal.relation import Column

__all__ = [
    "Boundaries",
    "check_segmented_opening",
    "opened_integers",
    "segment_context",
    "verify_piece",
    "verify_segmented",
]

Boundaries = Sequence[Sequence[bytes]]
"""For each pair of neighbouring segments, in order, the commitments of what crosses."""


def segment_context(statement: Statement, boundaries: Boundaries, index: int) -> bytes:
    """The context that segment `index` is proved for: position, number of segments, and a digest of everything."""
    digest = hashlib.sha256(b"zkseal segmented statement v1" + statement.digest)
    digest.update(struct.pack(">I", len(boundaries)))
    for boundary in boundaries:
        digest.update(struct.pack(">I", len(boundary)) + b"".join(boundary))
    return b"zkseal segment v1" + struct.pack(">II", index, len(boundaries) + 1) + digest.digest()


def verify_piece(
    verifying_key: SegmentedVerifyingKey, statement: Statement, boundaries: Boundaries, index: int, proof: bytes
) -> None:
    """Checks the proof of one segment. Says nothing about the others, nor about what the statement is for.

    Raises:
        StatementMismatch: values or commitments are missing, or of the wrong shape.
        DecodeError, ProofRejected: the proof does not hold. All errors have the field `segment`.
    """
    count = len(verifying_key.segments)
    if len(boundaries) != count - 1 or not 0 <= index < count:
        raise StatementMismatch(
            f"The model has segments 0 to {count - 1}; this is segment {index} of a run with {len(boundaries)} "
            "boundaries. Take key and run of one model.",
            column="evidence",
            segment=index,
        )
    segment = verifying_key.segments[index]
    values = statement.input.arrays() | statement.output.arrays()
    with naming_segment(index):
        missing = sorted(set(segment.public) - set(values))
        if missing:
            raise StatementMismatch(f"The statement lacks the public tensor {missing[0]}.", tensor=missing[0])
        public = {
            tensor: values[number]
            for number, (tensor, _) in zip(segment.public, segment.tensors(Column.PUBLIC), strict=True)
        }
        entering = statement.input.commitments if index == 0 else boundaries[index - 1]
        leaving = statement.output.commitments if index == count - 1 else boundaries[index]
        with running("verifying"):
            segment.key.core.verify(
                segment_context(statement, boundaries, index), public, list(entering), list(leaving), proof
            )


def verify_segmented(
    receipt: Receipt,
    verifying_key: SegmentedVerifyingKey,
    *,
    context: bytes = b"",
    public_inputs: Collection[int] = (),
) -> Statement:
    """The statement of the receipt, after the proofs of all segments have been checked.

    Args:
        context, public_inputs: as in `verify`, by the numbers of statement tensors.

    Raises:
        WrongContext, WrongModel: the receipt is for something else, or about another model.
        StatementMismatch: values, commitments or segments are missing, too many, or on the wrong side.
        DecodeError, ProofRejected: a proof does not hold; the field `segment` says which.
    """
    statement = receipt.statement
    require_context(statement, context)
    require_model(statement.model_id, verifying_key)
    evidence = receipt.segmented
    count = len(verifying_key.segments)
    if len(evidence.proofs) != count:
        raise StatementMismatch(
            f"The receipt holds {len(evidence.proofs)} proofs; the model has {count} segments. Ask for the receipt as "
            "it was made.",
            column="evidence",
        )
    require_sides(statement, public_inputs)
    stated = {index for index, t in enumerate(verifying_key.relation.tensors) if t.column == Column.PUBLIC}
    misfits = (set(statement.input.values) | set(statement.output.values)) ^ stated
    if misfits:
        raise StatementMismatch(
            f"The statement lacks the values of public tensor {min(misfits)}, or has values of one that is none.",
            tensor=min(misfits),
        )
    for index, proof in enumerate(evidence.proofs):
        verify_piece(verifying_key, statement, evidence.boundaries, index, proof)
    return statement


def check_segmented_opening(
    receipt: Receipt, opening: Opening, verifying_key: SegmentedVerifyingKey
) -> dict[int, npt.NDArray[Any]]:
    """As `check_opening`: the integers, by number of the statement tensor, that the receipt's commitments hold.

    Raises:
        WrongModel: receipt, opening and key are not of one model.
        StatementMismatch: the opening lacks a column, or has one that the receipt does not commit to.
        WrongLength, OpeningRejected: the commitments hold something else.
    """
    require_model(receipt.statement.model_id, verifying_key)
    require_model(opening.model_id, verifying_key)
    statement, last = receipt.statement, len(verifying_key.segments) - 1
    return {
        **_shown(verifying_key, 0, "input", statement.input.commitments, opening.input),
        **_shown(verifying_key, last, "output", statement.output.commitments, opening.output),
    }


def opened_integers(
    receipt: Receipt,
    opening: Opening,
    verifying_key: AnyVerifyingKey,
    *,
    insecure_srs: bool = False,
) -> dict[int, npt.NDArray[Any]]:
    """`check_opening` or `check_segmented_opening`, whichever the key takes."""
    if isinstance(verifying_key, SegmentedVerifyingKey):
        return check_segmented_opening(receipt, opening, verifying_key)
    return check_opening(receipt, opening, verifying_key, insecure_srs=insecure_srs)


def _shown(
    verifying_key: SegmentedVerifyingKey,
    index: int,
    name: Literal["input", "output"],
    commitments: Sequence[bytes],
    opening: ColumnOpening | None,
) -> Mapping[int, npt.NDArray[Any]]:
    """What one column's opening shows: the values by statement tensor."""
    require_same_column(name, commitments, opening)
    if opening is None:
        return {}
    segment = verifying_key.segments[index]
    own = {tensor for tensor, _ in segment.tensors(Column[name.upper()])}
    numbers = {number: tensor for tensor, number in verifying_key.stated(index).items() if tensor in own}
    if set(opening.tensors) != set(numbers):
        raise WrongLength(
            f"The opening does not hold the {len(numbers)} tensors of the {name}. Take the opening that was written "
            "with this receipt.",
            expected=len(numbers),
            got=len(opening.tensors),
        )
    values = {numbers[number]: array for number, array in opening.tensors.items()}
    with running("checking an opening"):
        segment.key.core.check_opening(name, values, opening.blindings, list(commitments))
    return opening.tensors
