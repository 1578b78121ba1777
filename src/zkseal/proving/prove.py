"""Proving: integers in, a receipt and the openings of its commitments out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import StatementMismatch, TooFewPowers
from zkseal.proving.core import Integers, Progress, by_index, running
from zkseal.proving.keys import CommittedWeights, VerifyingKey
from zkseal.proving.scheme import Srs
from zkseal.proving.verify import require_model, require_published_setup
from zkseal.receipts import Receipt, Side, Statement, ZkEvidence
from zkseal.relation import Column, Relation

__all__ = ["ColumnOpening", "Committed", "Opening", "Proved", "check_opening", "commit", "prove", "require_satisfied"]


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


@dataclass(frozen=True)
class Committed:
    """What a run says, for everybody, and the opening of its commitments, for its owner. Nothing is proved."""

    statement: Statement
    opening: Opening


def commit(
    weights: CommittedWeights,
    values: Integers,
    *,
    context: bytes = b"",
    public_inputs: Collection[str] = (),
    opening: Opening | None = None,
) -> Committed:
    """The statement that `prove` would make of the same values with the opening that is returned here.

    Args:
        values: tensors of the columns input, output and public by name.
        context, public_inputs, opening: as in `prove`.

    Raises:
        WrongInput, ValueOutOfBounds: a tensor is missing, misshapen or outside its bounds.
        WrongModel, StatementMismatch: the opening is of another model, or of other values.
    """
    tensors = by_index(weights.relation, values, {Column.INPUT, Column.OUTPUT, Column.PUBLIC})
    run = _Run(weights, tensors, context, public_inputs)
    given = (None, None) if opening is None else run.blindings(opening)
    with running("committing"):
        made = weights.core.commit(tensors, *given)
    return Committed(run.statement(made), run.opening(made))


def require_satisfied(weights: CommittedWeights, values: Integers) -> None:
    """Checks a run against the relation, with the weights and tables of the key: what a proof of it would show.

    In the time of a few runs, by whole arrays.

    Args:
        values: tensors of the columns input, output, witness and public by name.

    Raises:
        UnsatisfiedConstraint, ValueOutOfBounds: the run is not what the relation says.
    """
    weights.checker.check(values)


def prove(
    weights: CommittedWeights,
    values: Integers,
    *,
    context: bytes = b"",
    public_inputs: Collection[str] = (),
    opening: Opening | None = None,
    progress: Progress | None = None,
) -> Proved:
    """Proves that `values`, together with the committed weights, satisfy the relation.

    Args:
        values: tensors of the columns input, output, witness and public by name, derived ones included.
        context: what the receipt is for; it is worthless for anything else.
        public_inputs: names of the public tensors that belong to the statement's input; the others are outputs.
        opening: of commitments to the same private values, made by `commit` or by an earlier proof, that this proof is
            to be about. Fresh ones without.
        progress: told how far it is.

    Raises:
        WrongInput, ValueOutOfBounds: a tensor is missing, misshapen or outside its bounds.
        UnsatisfiedConstraint: the values do not satisfy the relation.
        WrongModel, StatementMismatch: the opening is of another model, or of other values.
    """
    tensors = by_index(weights.relation, values, {Column.INPUT, Column.OUTPUT, Column.WITNESS, Column.PUBLIC})
    # The statement is put together first: a context that no receipt can hold is refused before any work is done.
    run = _Run(weights, tensors, context, public_inputs)
    given = (None, None) if opening is None else run.blindings(opening)
    with running("proving"):
        made = weights.core.prove(context, tensors, progress, *given)
    evidence = ZkEvidence(made["proof"], weights.verifying_key.setup_digest)
    return Proved(Receipt(run.statement(made), (evidence,)), run.opening(made))


class _Run:
    """The public and the private side of one run."""

    def __init__(
        self,
        weights: CommittedWeights,
        tensors: Mapping[int, npt.NDArray[Any]],
        context: bytes,
        public_inputs: Collection[str],
    ) -> None:
        self._weights, self._tensors = weights, tensors
        public = _indices(weights.relation, Column.PUBLIC)
        self._input = Side.of({index: tensors[index] for name, index in public.items() if name in public_inputs})
        self._output = Side.of({index: tensors[index] for name, index in public.items() if name not in public_inputs})
        self._bare = Statement(weights.verifying_key.model_id, self._input, self._output, context)

    def statement(self, made: Mapping[str, Any]) -> Statement:
        """With the commitments that were made."""
        return replace(
            self._bare,
            input=replace(self._input, commitments=tuple(made["input_commitments"])),
            output=replace(self._output, commitments=tuple(made["output_commitments"])),
        )

    def opening(self, made: Mapping[str, Any]) -> Opening:
        """Of the commitments that were made."""
        weights = self._weights
        return Opening(
            weights.verifying_key.model_id,
            _opening(weights.relation, Column.INPUT, self._tensors, made["input_blindings"]),
            _opening(weights.relation, Column.OUTPUT, self._tensors, made["output_blindings"]),
            b"" if weights.srs is None else weights.srs.points(weights.verifying_key.core.opening_powers),
        )

    def blindings(self, opening: Opening) -> tuple[bytes | None, bytes | None]:
        """Of an opening, if it is of this model and of these values: another one's would make other commitments."""
        require_model(opening.model_id, self._weights.verifying_key)
        found: list[bytes | None] = []
        for column, held in ((Column.INPUT, opening.input), (Column.OUTPUT, opening.output)):
            mine = _opening(self._weights.relation, column, self._tensors, b"")
            if not _same_values(mine, held):
                raise StatementMismatch(
                    f"The opening holds another {column.name.lower()} than this run. Take the opening that was made of "
                    "the same values.",
                    column=column.name.lower(),
                )
            found.append(None if held is None else held.blindings)
        return found[0], found[1]


def _same_values(mine: ColumnOpening | None, held: ColumnOpening | None) -> bool:
    if mine is None or held is None:
        return mine is held
    return mine.tensors.keys() == held.tensors.keys() and all(
        np.array_equal(np.reshape(array, -1), np.reshape(held.tensors[index], -1))
        for index, array in mine.tensors.items()
    )


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
        require_same_column(name, commitments, column)
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


def require_same_column(name: str, commitments: Collection[bytes], column: ColumnOpening | None) -> None:
    """Raises `StatementMismatch` if there are commitments and no opening, or an opening and no commitments."""
    if (column is None) != (not commitments):
        raise StatementMismatch(
            f"Of the {name}, receipt and opening do not hold the same: one has commitments, the other has none. "
            "Take the opening that was written with this receipt.",
            column=name,
        )


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
