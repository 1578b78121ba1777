"""`setup`, `prove`, `verify`, `check_opening` for compiled models: numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from zkseal import proving
from zkseal.errors import WrongInput
from zkseal.lowering import Program, Quantized, Witness
from zkseal.pipeline.compile import CompiledModel, Progress, Samples, named
from zkseal.pipeline.interface import Interface
from zkseal.pipeline.provenance import Provenance
from zkseal.pipeline.threads import blas_threads
from zkseal.proving import CommittedWeights, Opening, Scheme, SegmentedVerifyingKey, Srs, VerifyingKey
from zkseal.proving.scheme import LookupArgument, OpeningScheme
from zkseal.receipts import Receipt, Statement
from zkseal.relation import Column

__all__ = [
    "Answer",
    "ProveResult",
    "ProvedStatement",
    "ProvingKey",
    "ProvingKeyInSegments",
    "answer",
    "check_opening",
    "prove",
    "setup",
    "verify",
]

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class ProvingKey:
    """What the owner of a model proves with: the integer program and its committed weights. A secret.

    The float model is not in it. Made by setup or read from a file, it is the same.

    Attributes:
        program: execution and decoding, over the relation and the integers of `weights`.
        provenance: what people are told about the model.
    """

    program: Program = field(repr=False)
    weights: CommittedWeights
    provenance: Provenance

    @property
    def verifying_key(self) -> VerifyingKey:
        """The key that belongs to it, for everybody."""
        return self.weights.verifying_key


@dataclass(frozen=True, eq=False)
class ProveResult:
    """A receipt, the opening of its commitments (a secret), and the outputs by name as the program computed them."""

    receipt: Receipt
    opening: Opening = field(repr=False)
    outputs: Arrays


@dataclass(frozen=True, eq=False)
class ProvedStatement:
    """What a receipt was verified to say: numbers by name for everything public, commitments for the rest.

    Attributes:
        origin: the ceremony of the powers of tau that the proof rests on; None without a trusted setup.
        insecure: they come from no published ceremony, and the verifier accepted that: nothing is proved to whoever
            does not trust their maker.
    """

    statement: Statement = field(repr=False)
    model_id: bytes
    context: bytes
    inputs: Arrays
    outputs: Arrays
    origin: str | None = None
    insecure: bool = False

    @property
    def input_commitments(self) -> tuple[bytes, ...]:
        """Commitments to the private inputs; empty if all are public."""
        return self.statement.input.commitments

    @property
    def output_commitments(self) -> tuple[bytes, ...]:
        """Commitments to the private outputs; empty if all are public."""
        return self.statement.output.commitments


@runtime_checkable
class ProvingKeyInSegments(Protocol):
    """What this module knows of `zkseal.segments.SegmentedProvingKey`."""

    @property
    def verifying_key(self) -> SegmentedVerifyingKey:
        """The key that belongs to it, for everybody."""

    @property
    def provenance(self) -> Provenance:
        """What people are told about the model."""

    def prove(self, inputs: Samples, *, context: bytes = b"", progress: Progress | None = None) -> ProveResult:
        """As `prove`."""


def setup(
    model: CompiledModel,
    *,
    row_bits: int | None = None,
    opening: OpeningScheme | None = None,
    srs: Srs | None = None,
    lookup_argument: LookupArgument | None = None,
    lanes: int | None = None,
    progress: Progress | None = None,
) -> tuple[ProvingKey, VerifyingKey]:
    """Commits to a model's weights, once, and proves that they lie in their bounds.

    Commitments are blinded afresh: two setups of one model have different model ids. The relation, which is public in
    both keys, is the same, so they can be recognised as the same structure.

    Args:
        row_bits: log2 of the row length, 4 .. 16; chosen by the cost model if left out, by gas for kzg.
        opening: ``ipa``, which needs no trusted setup, or ``kzg`` for chains; kzg if there are powers of tau.
        srs: powers of tau for kzg, from `zkseal.files.load_srs`; the keys hold those that they need.
        lookup_argument: ``tree`` (usual with ipa) or ``helper`` (usual with kzg).
        lanes: lookups that share an entry of the helper column, 1 .. 8.

    Raises:
        SetupError: powers of tau are missing, or are not wanted.
        TooFewPowers, WeightOutOfBounds, InvalidParameters, ResourceLimit.
    """
    weights, verifying_key = proving.setup(
        model.relation,
        model.weights(),
        row_bits=row_bits,
        scheme=Scheme.choose(opening, lookup_argument, lanes, srs),
        srs=srs,
        progress=progress,
    )
    program = model.program.for_proving(weights.relation, weights.named(Column.MODEL))
    return ProvingKey(program, weights, model.provenance), verifying_key


@dataclass(frozen=True, eq=False)
class Answer:
    """What the program answers to one input: the statement that a proof would prove, and nothing is proved yet.

    Attributes:
        opening: of the statement's commitments: a secret, and what a later proof of this statement takes.
        outputs: by name, as the program computed them.
    """

    statement: Statement
    opening: Opening = field(repr=False)
    outputs: Arrays


def answer(
    proving_key: ProvingKey | ProvingKeyInSegments,
    inputs: Samples,
    *,
    context: bytes = b"",
    checked: bool = False,
    opening: Opening | None = None,
) -> Answer:
    """Runs the program on one input and commits to what is private, in a fraction of the time of a proof.

    Whoever trusts the machine that ran it (docs/decisions/receipts-of-both-kinds.md) need not wait for the proof, which
    `prove` makes of the same inputs with `opening=answer.opening`: its statement is this one, bit for bit.

    Args:
        checked: compare the run with the relation, as a proof would. For whoever has the key from somebody else: a
            program that was changed computes anything, and only its proof would fail. The weights have to be checked
            too, once (`proving_key.weights.require_opened`).
        opening: as in `prove`: commitments to the same private values that are to be made again.

    Raises:
        WrongInput, RangeExceeded, WrongModel, StatementMismatch: as `prove`. `WrongInput` also for a key in segments.
        UnsatisfiedConstraint, ValueOutOfBounds: `checked`, and the program computes something else than the relation.
    """
    if not isinstance(proving_key, ProvingKey):
        raise WrongInput(
            "A model in segments gives no answers without proofs. Use zkseal.prove, or a key of the whole model.",
            name="proving_key",
        )
    witness, public_inputs = _run(proving_key, inputs)
    if checked:
        proving.require_satisfied(proving_key.weights, witness.tensors)
    made = proving.commit(
        proving_key.weights, witness.tensors, context=context, public_inputs=public_inputs, opening=opening
    )
    outputs = {name: np.asarray(array) for name, array in witness.outputs.items()}
    return Answer(made.statement, made.opening, outputs)


def prove(
    proving_key: ProvingKey | ProvingKeyInSegments,
    inputs: Samples,
    *,
    context: bytes = b"",
    opening: Opening | None = None,
    progress: Progress | None = None,
) -> ProveResult:
    """Runs the program on one input and proves its outputs.

    Args:
        inputs: one input: an array for a model with one input, else arrays by name. A first axis of size 1 may be
            left out.
        context: what the receipt is for, at most 65536 bytes; it is worthless for anything else.
        opening: of an earlier answer or proof for the same input, whose commitments this proof is to be about.

    Raises:
        WrongInput: an input is missing, unknown, misshapen, or not finite.
        RangeExceeded: a value leaves the calibrated range; names tensor, value and remedy.
        WrongModel, StatementMismatch: the opening is of another model, or of other values.
    """
    if not isinstance(proving_key, ProvingKey):
        if opening is not None:
            raise WrongInput(
                "A model in segments is proved with fresh commitments. Leave out the opening.", name="opening"
            )
        return proving_key.prove(inputs, context=context, progress=progress)
    if progress is not None:
        progress("execute", 0.0)
    witness, public_inputs = _run(proving_key, inputs)
    if progress is not None:
        progress("execute", 1.0)
    proved = proving.prove(
        proving_key.weights,
        witness.tensors,
        context=context,
        public_inputs=public_inputs,
        opening=opening,
        progress=progress,
    )
    outputs = {name: np.asarray(array) for name, array in witness.outputs.items()}
    return ProveResult(proved.receipt, proved.opening, outputs)


def _run(proving_key: ProvingKey, inputs: Samples) -> tuple[Witness, set[str]]:
    """The program's run on one input, and which public tensors are inputs."""
    program = proving_key.program
    arrays = one_input(program.inputs, inputs)
    with blas_threads(program.relation):
        witness = program.run(arrays)
    public_inputs = {value.name for value in program.inputs} & set(program.relation.tensors_of(Column.PUBLIC))
    return witness, public_inputs


def one_input(values: Sequence[Quantized], inputs: Samples) -> dict[str, npt.NDArray[Any]]:
    """One input of a program with these inputs, by name. Raises `WrongInput`."""
    arrays = named(values, inputs)
    for value in values:
        if arrays[value.name].shape != value.shape:
            raise WrongInput(
                f"Input '{value.name}' has shape {arrays[value.name].shape}; one proof takes one input of shape "
                f"{value.shape}.",
                name=value.name,
                expected=value.shape,
                got=arrays[value.name].shape,
            )
    return arrays


def verify(
    receipt: Receipt,
    verifying_key: VerifyingKey | SegmentedVerifyingKey,
    *,
    context: bytes = b"",
    insecure_srs: bool = False,
) -> ProvedStatement:
    """What the receipt proves, or an error: there is no flag to forget.

    Args:
        context: what the receipt has to be for.
        insecure_srs: accept a key whose powers of tau come from no published ceremony, for tests.

    Raises:
        WrongContext, WrongModel: the receipt is for something else, or about another model.
        InsecureSetup: the key's powers of tau come from no published ceremony.
        ProofRejected, DecodeError: the proof does not hold, or is no proof of this model.
    """
    interface = Interface.of(verifying_key.relation)
    public_inputs = interface.public_inputs
    if isinstance(verifying_key, SegmentedVerifyingKey):
        statement = proving.verify_segmented(receipt, verifying_key, context=context, public_inputs=public_inputs)
    else:
        statement = proving.verify(
            receipt, verifying_key, context=context, public_inputs=public_inputs, insecure_srs=insecure_srs
        )
    integers = statement.input.arrays() | statement.output.arrays()
    return ProvedStatement(
        statement=statement,
        model_id=statement.model_id,
        context=statement.context,
        inputs=interface.decode(interface.inputs, integers),
        outputs=interface.decode(interface.outputs, integers),
        origin=verifying_key.origin,
        insecure=verifying_key.insecure,
    )


def check_opening(
    receipt: Receipt,
    opening: Opening,
    verifying_key: VerifyingKey | SegmentedVerifyingKey,
    *,
    insecure_srs: bool = False,
) -> dict[str, npt.NDArray[Any]]:
    """The private numbers by name that the receipt's commitments are shown to hold.

    Says nothing about the proof: verify the receipt too.

    Raises:
        WrongModel, StatementMismatch: opening, receipt and key do not belong together.
        OpeningRejected: the commitments hold something else.
        InsecureSetup: the key's powers of tau come from no published ceremony; accepted with `insecure_srs`, for tests.
        InvalidPower, TooFewPowers, WrongLength: the opening's powers of tau are not those of the key.
    """
    interface = Interface.of(verifying_key.relation)
    shown = proving.opened_integers(receipt, opening, verifying_key, insecure_srs=insecure_srs)
    return interface.decode(interface.inputs, shown) | interface.decode(interface.outputs, shown)
