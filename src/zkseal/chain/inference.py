"""Inferences for a chain: run and committed to first, then proved for what a contract asks.

The statement that a contract asks for holds the hash of the commitments (chain.encoding), and the proof holds the
statement as its context: so the commitments have to be there before the proof. `commit` makes them, and `prove` proves
with the same blindings, as often as one likes: for another consumer, nonce or deadline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from eth_utils.crypto import keccak

from zkseal import receipts
from zkseal.chain.encoding import Evidence, Statement, public_values
from zkseal.errors import StatementMismatch, WrongModel
from zkseal.evm.programs import require_kzg
from zkseal.pipeline import ProvingKey, Samples, check_opening
from zkseal.pipeline.compile import named
from zkseal.pipeline.interface import Interface, Port
from zkseal.pipeline.threads import blas_threads
from zkseal.proving import ColumnOpening, Opening, VerifyingKey
from zkseal.proving.core import Progress, by_index, native, running
from zkseal.relation import Column

__all__ = ["Inference", "Points", "check_commitment", "commit", "decode_inputs", "encode_inputs"]

Points = tuple[tuple[bytes, ...], tuple[bytes, ...]]
"""Commitments of the input and of the output column, compressed, 32 bytes each."""

_PROVED = {Column.INPUT, Column.OUTPUT, Column.WITNESS, Column.PUBLIC}


@dataclass(frozen=True, eq=False)
class Inference:
    """A run of a model whose private side is committed to. Holds secrets; `opening` is what its owner keeps.

    Attributes:
        outputs: numbers by name, as the program computed them.
        public: public values, abi.encode(int64[]).
        points: commitments of the private columns.
        commitments: the same as contracts take them: uncompressed, 64 bytes each, input rows then output rows; empty
            if all is public.
    """

    proving_key: ProvingKey = field(repr=False)
    outputs: Mapping[str, npt.NDArray[Any]]
    public: bytes
    points: Points = field(repr=False)
    commitments: bytes = field(repr=False)
    opening: Opening = field(repr=False)
    tensors: Mapping[int, npt.NDArray[Any]] = field(repr=False)

    @property
    def input_commitment(self) -> bytes:
        """keccak256 of the commitments: what contracts and data providers name the hidden data by."""
        return keccak(self.commitments)

    def prove(self, context: bytes, *, progress: Progress | None = None) -> bytes:
        """Proof bytes for the EVM, bound to a context: the hash of a `Statement`.

        Raises:
            InternalError: the commitments came out otherwise.
        """
        key = self.proving_key
        with running("proving"):
            made = key.weights.core.prove(
                context, dict(self.tensors), progress, _blindings(self.opening.input), _blindings(self.opening.output)
            )
            return bytes(native().chain_proof(key.verifying_key.core, False, made["proof"]))

    def evidence(self, statement: Statement, *, progress: Progress | None = None) -> Evidence:
        """Evidence for a statement about this inference.

        Raises:
            StatementMismatch: the statement is about other values.
        """
        if statement.output != self.public or statement.input_commitment != self.input_commitment:
            raise StatementMismatch("The statement is not about this inference.", tensor=None)
        proof = self.prove(statement.hash, progress=progress)
        return Evidence(statement.subject, statement.nonce, statement.deadline, self.commitments, proof)


def commit(proving_key: ProvingKey, inputs: Samples, *, opening: Opening | None = None) -> Inference:
    """Runs a model on one input and commits to what is private.

    Args:
        inputs: one input, as `zkseal.prove` takes it.
        opening: of an earlier inference on the same input, whose commitments are to be used again.

    Raises:
        NotForChain: the key's proofs can be verified on no chain.
        WrongInput, RangeExceeded: as `zkseal.prove`.
        WrongModel: the opening belongs to another model.
    """
    require_kzg(proving_key.verifying_key)
    if opening is not None and opening.model_id != proving_key.verifying_key.model_id:
        raise WrongModel(
            "The opening belongs to another model than the key.",
            expected=proving_key.verifying_key.model_id.hex(),
            got=opening.model_id.hex(),
        )
    program = proving_key.program
    with blas_threads(program.relation):
        witness = program.run(named(program.inputs, inputs))
    relation = proving_key.weights.relation
    tensors = by_index(relation, witness.tensors, _PROVED)
    columns = {
        column: {relation.tensor_index(name): tensors[relation.tensor_index(name)] for name in names}
        for column in (Column.INPUT, Column.OUTPUT, Column.PUBLIC)
        if (names := relation.tensors_of(column))
    }
    public = [array.reshape(-1) for _, array in sorted(columns.get(Column.PUBLIC, {}).items())]
    made = _commitments(proving_key, tensors, columns, opening)
    return Inference(
        proving_key=proving_key,
        outputs={name: np.asarray(array) for name, array in witness.outputs.items()},
        public=public_values(np.concatenate(public)) if public else b"",
        points=made[0],
        commitments=made[1],
        opening=made[2],
        tensors=tensors,
    )


def _commitments(
    proving_key: ProvingKey,
    tensors: Mapping[int, npt.NDArray[Any]],
    columns: Mapping[Column, Mapping[int, npt.NDArray[Any]]],
    opening: Opening | None,
) -> tuple[Points, bytes, Opening]:
    """Commitments of the private columns, compressed and uncompressed, and their opening."""
    model_id = proving_key.verifying_key.model_id
    if Column.INPUT not in columns and Column.OUTPUT not in columns:
        return ((), ()), b"", Opening(model_id, None, None)
    core = proving_key.weights.core
    given = (None, None) if opening is None else (_blindings(opening.input), _blindings(opening.output))
    with running("committing"):
        made = core.commit(dict(tensors), *given)
    points = tuple(made["input_commitments"]), tuple(made["output_commitments"])
    parts = [
        ColumnOpening(columns[column], blinding) if column in columns else None
        for column, blinding in ((Column.INPUT, made["input_blindings"]), (Column.OUTPUT, made["output_blindings"]))
    ]
    weights = proving_key.weights
    powers = b"" if weights.srs is None else weights.srs.points(proving_key.verifying_key.core.opening_powers)
    return points, _uncompressed(points), Opening(model_id, parts[0], parts[1], powers)


def _uncompressed(points: Points) -> bytes:
    with running("converting commitments"):
        return bytes(native().chain_commitments([*points[0], *points[1]]))


def _blindings(opening: ColumnOpening | None) -> bytes | None:
    return None if opening is None else opening.blindings


def check_commitment(
    verifying_key: VerifyingKey, opening: Opening, points: Points
) -> tuple[bytes, dict[str, npt.NDArray[Any]]]:
    """What commitments hold, for somebody who is shown their opening: a data provider, before it signs.

    Returns the input commitment (keccak256) that contracts know them by, and the hidden numbers by name.

    Raises:
        WrongModel, StatementMismatch: opening and commitments do not belong together, or to this model.
        OpeningRejected: the commitments hold something else.
    """
    input_, output = (receipts.Side(commitments=column) for column in points)
    statement = receipts.Statement(verifying_key.model_id, input_, output)
    receipt = receipts.Receipt(statement, (receipts.ZkEvidence(b"", verifying_key.setup_digest),))
    numbers = check_opening(receipt, opening, verifying_key)
    return keccak(_uncompressed(points)), numbers


def encode_inputs(interface: Interface, inputs: Mapping[str, npt.ArrayLike]) -> list[int]:
    """Public inputs as the integers that a request holds, in order of declaration.

    Raises:
        StatementMismatch: an input is missing or of another size.
    """
    integers: list[int] = []
    for port in sorted(_public(interface), key=lambda port: port.tensor):
        array: npt.NDArray[Any] = np.asarray(inputs.get(port.name, ()))
        if array.size != int(np.prod(port.shape, dtype=np.int64)):
            raise StatementMismatch(
                f"Public input '{port.name}' needs {port.shape} numbers; there are {array.size}.", tensor=port.tensor
            )
        integers += [int(value) for value in _integers(port, array).reshape(-1)]
    return integers


def decode_inputs(interface: Interface, integers: list[int]) -> dict[str, npt.NDArray[Any]]:
    """Numbers of the public inputs by name, from the integers of a request.

    Raises:
        StatementMismatch: there are too few or too many.
    """
    found: dict[str, npt.NDArray[Any]] = {}
    at = 0
    for port in sorted(_public(interface), key=lambda port: port.tensor):
        size = int(np.prod(port.shape, dtype=np.int64))
        part = np.asarray(integers[at : at + size], dtype=np.int64)
        found[port.name] = port.decode(part)  # raises for too few
        at += size
    if at != len(integers):
        raise StatementMismatch(f"{len(integers)} public inputs are given; the model has {at}.", tensor=None)
    return found


def _public(interface: Interface) -> list[Port]:
    return [port for port in interface.inputs if port.public]


def _integers(port: Port, array: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Numbers as a program quantizes them (lowering.inputs), without its checks of bounds: the prover makes them."""
    if not port.dtype.startswith("float"):
        return array.astype(np.int64)
    exponents = port.exponent + np.asarray(port.feature_exponents or 0, dtype=np.int64)
    return np.floor(np.ldexp(array.reshape(port.shape).astype(np.float64), exponents) + 0.5).astype(np.int64)
