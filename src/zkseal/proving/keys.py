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
from zkseal.proving.gas import choose_row_bits_by_gas, too_few_powers
from zkseal.proving.scheme import UNKNOWN, Scheme, Srs
from zkseal.relation import Column, FastChecker, Relation

if TYPE_CHECKING:
    from zkseal._native import ProvingKey as NativeProvingKey
    from zkseal._native import VerifyingKey as NativeVerifyingKey

__all__ = ["CommittedWeights", "VerifyingKey", "setup"]

_OPENING_AT = 4 + 2 + 4
_RELATION_LENGTH_AT = 4 + 2 + 37
"""Behind magic, version and parameters, and with kzg also behind tau*G2: docs/protocol/6-opening.md."""
_KZG, _TAU_G2_BYTES = 1, 128


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
        has_tau_g2 = data[_OPENING_AT : _OPENING_AT + 1] == bytes([_KZG])
        start = _RELATION_LENGTH_AT + (_TAU_G2_BYTES if has_tau_g2 else 0) + 4
        end = start + int.from_bytes(data[start - 4 : start], "big")
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

    @property
    def scheme(self) -> Scheme:
        """Lookup argument and opening."""
        return Scheme(self.core.argument, self.core.lanes, self.core.opening)

    @property
    def setup_digest(self) -> bytes | None:
        """Digest of tau*G2, 32 bytes; None for ipa, which needs no setup."""
        return None if self.core.tau_g2 is None else self.core.setup_digest

    @property
    def origin(self) -> str | None:
        """Name of the ceremony that tau*G2 is from, ``unknown`` if it is no published one; None for ipa."""
        return self.core.origin

    @property
    def insecure(self) -> bool:
        """Whether tau*G2 is that of no published ceremony: whoever made the powers may know tau and forge proofs."""
        return self.origin == UNKNOWN

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
        srs: powers of tau, if the key opens by kzg: at least as many as a row has entries.
    """

    verifying_key: VerifyingKey
    blindings: bytes = field(repr=False)
    relation: Relation = field(repr=False)
    weights: Mapping[int, npt.NDArray[Any]] = field(repr=False)
    srs: Srs | None = field(repr=False, default=None)

    def __post_init__(self) -> None:
        if self.relation.encode() != self.verifying_key.core.relation:
            raise WrongModel(
                "These weights belong to another program than the verifying key. Run setup again.",
                expected=self.verifying_key.core.relation_digest.hex(),
                got=native().relation_digest(self.relation.encode()).hex(),
            )

    @cached_property
    def checker(self) -> FastChecker:
        """Compares runs with the relation. Made once, with the first: it looks at every weight.

        Raises:
            ValueOutOfBounds: a weight is outside of its bounds.
        """
        return FastChecker(self.relation, self.named(Column.MODEL) | self.named(Column.TABLE))

    def require_opened(self) -> None:
        """Commits to the weights again, with their blindings, and compares.

        A proof shows it by itself: with other weights it does not verify. Whoever answers without a proof has to look.

        Raises:
            WrongModel: weights, tables or blindings are not those of the verifying key's commitments.
        """
        with running("checking weights"):
            opened = self.core.opens_commitments()
        if not opened:
            raise WrongModel(
                "The weights of the proving key are not those that its verifying key commits to. Take the key that "
                "setup wrote.",
                expected=self.verifying_key.model_id.hex(),
                got="other weights",
            )

    def named(self, column: Column) -> dict[str, npt.NDArray[Any]]:
        """The committed integers of one column, by name."""
        return {name: self.weights[self.relation.tensor_index(name)] for name in self.relation.tensors_of(column)}

    @cached_property
    def core(self) -> NativeProvingKey:
        """The key as the core holds it."""
        with running("loading a proving key"):
            key: NativeProvingKey = native().ProvingKey(
                self.verifying_key.core,
                self.blindings,
                dict(self.weights),
                None if self.srs is None else self.srs.core,
            )
        return key


def setup(
    relation: Relation,
    weights: Integers,
    *,
    row_bits: int | None = None,
    scheme: Scheme | None = None,
    srs: Srs | None = None,
    progress: Progress | None = None,
) -> tuple[CommittedWeights, VerifyingKey]:
    """Commits to the weights of a relation and proves that they lie in their bounds.

    Args:
        weights: tensors of the columns model and table, by name.
        row_bits: log2 of the row length, 4 .. 16; chosen by the cost model if left out, by gas for kzg.
        scheme: lookup argument and opening; `Scheme.choose` if left out.
        srs: powers of tau for kzg.
        progress: told how far it is.

    Raises:
        WrongInput, WeightOutOfBounds: weights are missing, misshapen, or outside their bounds.
        InvalidParameters: the row length does not fit the relation.
        TooFewPowers: a row has more entries than there are powers of tau.
        SetupError: powers of tau are missing, or are not wanted.
    """
    scheme = Scheme.choose(srs=srs) if scheme is None else scheme
    scheme.require(srs)
    encoded = relation.encode()
    try:
        tensors = by_index(relation, weights, {Column.MODEL, Column.TABLE})
    except ValueOutOfBounds as error:
        raise WeightOutOfBounds(
            f"Weight '{error.tensor}' lies outside [{error.lo}, {error.hi}] at {error.index}, which setup would have "
            "to prove. Compile the model again.",
            **error.fields,
        ) from error
    bits = _row_bits(relation, encoded, scheme, srs) if row_bits is None else row_bits
    if srs is not None and srs.count < 1 << bits:
        raise too_few_powers(bits, srs.count)
    with running("making keys"):
        data, blindings = native().setup(
            encoded,
            bits,
            tensors,
            progress,
            argument=scheme.lookup_argument,
            lanes=scheme.lanes,
            srs=None if srs is None else srs.core,
        )
    verifying_key = VerifyingKey(data)
    fixed = {name: tensors[relation.tensor_index(name)] for name in relation.fixed}
    return CommittedWeights(verifying_key, blindings, replace(relation, fixed=fixed), tensors, srs), verifying_key


def _row_bits(relation: Relation, encoded: bytes, scheme: Scheme, srs: Srs | None) -> int:
    """Of the smallest proof that proves fast; with powers of tau, which are for chains, of the least gas."""
    if srs is None:
        return choose_row_bits(relation, encoded, scheme)
    return choose_row_bits_by_gas(encoded, scheme, srs.count)
