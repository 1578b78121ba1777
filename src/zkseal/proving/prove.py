"""Proving: integers in, a receipt and the openings of its commitments out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from zkseal.errors import StatementMismatch, TooFewPowers
from zkseal.proving.core import Integers, Progress, by_index, running
from zkseal.proving.keys import CommittedWeights, VerifyingKey
from zkseal.proving.scheme import Srs
from zkseal.proving.verify import require_model, require_published_setup
from zkseal.receipts import Receipt, Side, Statement, ZkEvidence
from zkseal.relation import Column, Relation

__all__ = ["ColumnOpening", "Opening", "Proved", "check_opening", "prove"]


@dataclass(frozen=True, eq=False)
class ColumnOpening:
    """The secret of one column's commitments: the integers by tensor index, and the blindings, 32 bytes a row."""

    tensors: Mapping[int, npt.NDArray[Any]] = field(repr=False)
    blindings: bytes = field(repr=False)


@dataclass(frozen=True, eq=False)
class Opening:
    """What the owner of a receipt keeps to show later what its commitments hold. A secret.

    A column without private tensors is None.

    Attributes:
        powers: for a kzg key, the powers of tau that the commitments are made of, 64 bytes each, so that no ceremony
            file is needed to check it; empty for ipa.
    """

    model_id: bytes
    input: ColumnOpening | None
    output: ColumnOpening | None
    powers: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Proved:
    """A receipt, for everybody, and its opening, for its owner."""

    receipt: Receipt
    opening: Opening


def prove(
    weights: CommittedWeights,
    values: Integers,
    *,
    context: bytes = b"",
    public_inputs: Collection[str] = (),
    progress: Progress | None = None,
) -> Proved:
    """Proves that `values`, together with the committed weights, satisfy the relation.

    Args:
        values: tensors of the columns input, output, witness and public by name, derived ones included.
        context: what the receipt is for; it is worthless for anything else.
        public_inputs: names of the public tensors that belong to the statement's input; the others are outputs.
        progress: told how far it is.

    Raises:
        WrongInput, ValueOutOfBounds: a tensor is missing, misshapen or outside its bounds.
        UnsatisfiedConstraint: the values do not satisfy the relation.
    """
    relation = weights.relation
    tensors = by_index(relation, values, {Column.INPUT, Column.OUTPUT, Column.WITNESS, Column.PUBLIC})
    model_id = weights.verifying_key.model_id
    # The statement is put together first: a context that no receipt can hold is refused before any work is done.
    public = {index: name in public_inputs for name, index in _indices(relation, Column.PUBLIC).items()}
    values_in = {index: tensors[index] for index, is_input in public.items() if is_input}
    values_out = {index: tensors[index] for index, is_input in public.items() if not is_input}
    Statement(model_id=model_id, input=Side.of(values_in), output=Side.of(values_out), context=context)
    with running("proving"):
        made = weights.core.prove(context, tensors, progress)
    statement = Statement(
        model_id=model_id,
        input=Side.of(values_in, tuple(made["input_commitments"])),
        output=Side.of(values_out, tuple(made["output_commitments"])),
        context=context,
    )
    opening = Opening(
        model_id,
        _opening(relation, Column.INPUT, tensors, made["input_blindings"]),
        _opening(relation, Column.OUTPUT, tensors, made["output_blindings"]),
        b"" if weights.srs is None else weights.srs.points(weights.verifying_key.core.opening_powers),
    )
    evidence = ZkEvidence(made["proof"], weights.verifying_key.setup_digest)
    return Proved(Receipt(statement, (evidence,)), opening)


def _indices(relation: Relation, column: Column) -> dict[str, int]:
    return {name: relation.tensor_index(name) for name in relation.tensors_of(column)}


def _opening(
    relation: Relation, column: Column, tensors: Mapping[int, npt.NDArray[Any]], blindings: bytes
) -> ColumnOpening | None:
    mine = {index: tensors[index] for index in _indices(relation, column).values()}
    return ColumnOpening(mine, blindings) if mine else None


def check_opening(
    receipt: Receipt, opening: Opening, verifying_key: VerifyingKey, *, insecure_srs: bool = False
) -> dict[int, npt.NDArray[Any]]:
    """The integers, by tensor index, that the receipt's commitments are shown to hold.

    Says nothing about the proof: verify the receipt too.

    Args:
        insecure_srs: accept keys whose powers of tau come from no published ceremony, for tests. Whoever knows tau can
            open a commitment to anything.

    Raises:
        WrongModel: receipt, opening and key are not of one model.
        InsecureSetup: the key's powers of tau come from no published ceremony.
        InvalidPower, TooFewPowers, WrongLength: the opening's powers of tau are not those of the key.
        StatementMismatch: the opening lacks a column, or has one that the receipt does not commit to.
        OpeningRejected: the commitments hold something else.
    """
    require_model(receipt.statement.model_id, verifying_key)
    require_model(opening.model_id, verifying_key)
    require_published_setup(verifying_key, insecure_srs=insecure_srs)
    srs = _powers(opening, verifying_key)
    shown: dict[int, npt.NDArray[Any]] = {}
    for name, commitments, column in (
        ("input", receipt.statement.input.commitments, opening.input),
        ("output", receipt.statement.output.commitments, opening.output),
    ):
        if (column is None) != (not commitments):
            raise StatementMismatch(
                f"Of the {name}, receipt and opening do not hold the same: one has commitments, the other has none. "
                "Take the opening that was written with this receipt.",
                column=name,
            )
        if column is not None:
            with running("checking an opening"):
                verifying_key.core.check_opening(
                    "input" if name == "input" else "output",
                    dict(column.tensors),
                    column.blindings,
                    list(commitments),
                    None if srs is None else srs.core,
                )
            shown.update(column.tensors)
    return shown


def _powers(opening: Opening, verifying_key: VerifyingKey) -> Srs | None:
    """The opening's powers of tau, checked against the key."""
    needed, got = verifying_key.core.opening_powers, len(opening.powers) // 64
    if needed == 0:
        return None
    if got < needed:
        raise TooFewPowers(
            f"The opening holds {got} powers of tau where its commitments take {needed}. Take the opening that was "
            "written with this receipt.",
            expected=needed,
            got=got,
        )
    return Srs.restore(opening.powers, verifying_key.core.tau_g2 or b"")
