"""What setup makes: the key that everybody may have, and what the prover keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from zkseal.errors import ValueOutOfBounds, WeightOutOfBounds, WrongLength, WrongModel
from zkseal.proving.core import Integers, Progress, by_index, native, running
from zkseal.proving.cost import choose_row_bits
from zkseal.relation import Column, Relation

if TYPE_CHECKING:
    from zkseal._native import ProvingKey as NativeProvingKey
    from zkseal._native import VerifyingKey as NativeVerifyingKey

__all__ = ["CommittedWeights", "VerifyingKey", "setup"]

_RELATION_LENGTH_AT = 4 + 2 + 37
"""Behind magic, version and parameters: docs/protocol/6-opening.md."""


@dataclass(frozen=True)
class VerifyingKey:
    """Everything that a verifier needs of a model: relation, commitments of the weights, their model proof.

    `data` is in the bytes of docs/protocol/6-opening.md. Making a key from bytes decodes it strictly and checks the
    model proof, once; a key that exists is a good key.

    Raises:
        DecodeError: the bytes are no key.
        ModelProofRejected: the weights are not shown to be in their bounds.
    """

    data: bytes = field(repr=False)

    def __post_init__(self) -> None:
        with running("loading a verifying key"):
            self.__dict__["native"] = native().VerifyingKey(self.data)

    @staticmethod
    def relation_bytes(data: bytes) -> bytes:
        """The relation that a key says it is of, before anything of the key was checked.

        Raises:
            WrongLength: the bytes are too short for a relation.
        """
        start = _RELATION_LENGTH_AT + 4
        end = start + int.from_bytes(data[_RELATION_LENGTH_AT:start], "big")
        if len(data) < max(start, end):
            raise WrongLength(
                f"A verifying key of {len(data)} bytes is cut short.", expected=max(start, end), got=len(data)
            )
        return data[start:end]

    @property
    def core(self) -> NativeVerifyingKey:
        """The key as the core holds it."""
        key: NativeVerifyingKey = self.__dict__["native"]
        return key

    @property
    def model_id(self) -> bytes:
        """Digest of everything in the key, 32 bytes: the name of the model in statements."""
        return self.core.model_id

    @property
    def row_bits(self) -> int:
        """Rows have 2^row_bits entries."""
        return self.core.c

    @cached_property
    def relation(self) -> Relation:
        """The relation, as the key's bytes say it: tensors have generated names."""
        return Relation.decode(self.core.relation)

    @property
    def annotation(self) -> bytes:
        """What the relation says about itself to people and programs: names, shapes, scales."""
        return self.relation.annotation


@dataclass(frozen=True)
class CommittedWeights:
    """A verifying key, the blindings of its commitments and the integers that they hide. A secret.

    Attributes:
        relation: the relation with its names, of which the key was made; its fixed contents are those of `weights`.
        weights: tensors of the columns model and table by index, in the narrowest type; views of a mapped file are
            used in place.
    """

    verifying_key: VerifyingKey
    blindings: bytes = field(repr=False)
    relation: Relation = field(repr=False)
    weights: Mapping[int, npt.NDArray[Any]] = field(repr=False)

    def __post_init__(self) -> None:
        if self.relation.encode() != self.verifying_key.core.relation:
            raise WrongModel(
                "These weights belong to another program than the verifying key. Run setup again.",
                expected=self.verifying_key.core.relation_digest.hex(),
                got=native().relation_digest(self.relation.encode()).hex(),
            )

    def named(self, column: Column) -> dict[str, npt.NDArray[Any]]:
        """The committed integers of one column, by name."""
        return {name: self.weights[self.relation.tensor_index(name)] for name in self.relation.tensors_of(column)}

    @cached_property
    def core(self) -> NativeProvingKey:
        """The key as the core holds it."""
        with running("loading a proving key"):
            key: NativeProvingKey = native().ProvingKey(self.verifying_key.core, self.blindings, dict(self.weights))
        return key


def setup(
    relation: Relation, weights: Integers, *, row_bits: int | None = None, progress: Progress | None = None
) -> tuple[CommittedWeights, VerifyingKey]:
    """Commits to the weights of a relation and proves that they lie in their bounds.

    Args:
        weights: tensors of the columns model and table, by name.
        row_bits: log2 of the row length, 4 .. 16; chosen by the cost model if left out.
        progress: told how far it is.

    Raises:
        WrongInput, WeightOutOfBounds: weights are missing, misshapen, or outside their bounds.
        InvalidParameters: the row length does not fit the relation.
    """
    encoded = relation.encode()
    try:
        tensors = by_index(relation, weights, {Column.MODEL, Column.TABLE})
    except ValueOutOfBounds as error:
        raise WeightOutOfBounds(
            f"Weight '{error.tensor}' lies outside [{error.lo}, {error.hi}] at {error.index}, which setup would have "
            "to prove. Compile the model again.",
            **error.fields,
        ) from error
    bits = choose_row_bits(relation, encoded) if row_bits is None else row_bits
    with running("making keys"):
        data, blindings = native().setup(encoded, bits, tensors, progress)
    verifying_key = VerifyingKey(data)
    fixed = {name: tensors[relation.tensor_index(name)] for name in relation.fixed}
    return CommittedWeights(verifying_key, blindings, replace(relation, fixed=fixed), tensors), verifying_key
