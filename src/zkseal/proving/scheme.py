"""Schemes: how a key proves lookups and opens rows, and the powers of tau that the kzg opening takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from zkseal.errors import InvalidParameters, SetupError
from zkseal.proving.core import native, running

if TYPE_CHECKING:
    from zkseal._native import Srs as NativeSrs

__all__ = ["TRANSPARENT", "LookupArgument", "OpeningScheme", "Scheme", "Srs", "origin_of"]

LookupArgument: TypeAlias = Literal["tree", "helper"]
OpeningScheme: TypeAlias = Literal["ipa", "kzg"]

UNKNOWN = "unknown"
"""Origin of powers of tau that no published ceremony made."""

MAX_LANES = 8


@dataclass(frozen=True)
class Scheme:
    """What setup chooses besides the row length, and the key fixes.

    Attributes:
        lookup_argument: ``tree``, a tree of fractions, which commits to nothing; or ``helper``, a committed column of
            fractions with few rounds (docs/protocol/4-lookups.md).
        lanes: lookups that share an entry of the helper column, 1 .. 8; 1 for the tree.
        opening: ``ipa``, which needs no setup; or ``kzg``, of constant size and cheap on chain, which needs powers of
            tau (docs/protocol/6-opening.md).

    Raises:
        InvalidParameters: there is no such scheme.
    """

    lookup_argument: LookupArgument = "tree"
    lanes: int = 1
    opening: OpeningScheme = "ipa"

    def __post_init__(self) -> None:
        wrong = None
        if self.opening not in ("ipa", "kzg"):
            wrong = f"The opening is 'ipa' or 'kzg', not {self.opening!r}."
        elif self.lookup_argument not in ("tree", "helper"):
            wrong = f"The lookup argument is 'tree' or 'helper', not {self.lookup_argument!r}."
        elif not 1 <= self.lanes <= (1 if self.lookup_argument == "tree" else MAX_LANES):
            wrong = f"The helper argument has 1 to {MAX_LANES} lanes, the tree has one; not {self.lanes}."
        if wrong is not None:
            raise InvalidParameters(wrong, reason="scheme")

    @staticmethod
    def choose(
        opening: OpeningScheme | None = None,
        lookup_argument: LookupArgument | None = None,
        lanes: int | None = None,
        srs: Srs | None = None,
    ) -> Scheme:
        """The scheme with what is usual where nothing is said.

        Kzg if there are powers of tau, with the helper argument and one lane: few rounds and few commitments. Else
        ipa, with the tree, which commits to the least.

        Raises:
            SetupError: powers of tau are missing, or are not wanted.
            InvalidParameters: there is no such scheme.
        """
        if opening is None:
            opening = "ipa" if srs is None else "kzg"
        if lookup_argument is None:
            lookup_argument = "tree" if opening == "ipa" else "helper"
        scheme = Scheme(lookup_argument, 1 if lanes is None else lanes, opening)
        scheme.require(srs)
        return scheme

    def require(self, srs: Srs | None) -> None:
        """Raises `SetupError` unless powers of tau are there exactly if the opening needs them."""
        if self.opening == "kzg" and srs is None:
            raise SetupError(
                "The kzg opening needs powers of tau. Give the file of a public ceremony (--srs FILE, or "
                "srs=zkseal.files.load_srs(..)); docs/guides/setups.md lists them.",
                opening=self.opening,
            )
        if self.opening == "ipa" and srs is not None:
            raise SetupError(
                "The ipa opening takes no powers of tau. Choose the kzg opening, or leave them out.",
                opening=self.opening,
            )


TRANSPARENT = Scheme()
"""The tree argument with the ipa opening, which need no setup."""


@dataclass(frozen=True, eq=False)
class Srs:
    """Powers of tau from a public ceremony (a structured reference string), checked.

    Files are read by `zkseal.files.load_srs`. Every power was checked to follow from the one before it by tau*G2, and
    tau*G2 to be that of a published ceremony, unless an insecure one was asked for.
    """

    core: NativeSrs = field(repr=False)

    @staticmethod
    def read(data: bytes, *, insecure_srs: bool = False) -> Srs:
        """From the bytes of a ceremony file: .ptau, Aztec Ignition, halo2 (ezkl) or arkworks, told apart by content.

        Args:
            insecure_srs: accept powers of unknown origin. Whoever made them may know tau and forge every proof.

        Raises:
            WrongFileKind, WrongLength, InvalidEncoding, DigestMismatch: no ceremony file, one that is cut or damaged.
            InvalidPower: a power was changed.
            UnknownOrigin: sound, but of no published ceremony.
            TooFewPowers: fewer than two.
        """
        with running("checking powers of tau"):
            return Srs(native().Srs.read(data, insecure_srs))

    @staticmethod
    def restore(points: bytes, tau_g2: bytes) -> Srs:
        """From powers that a key or an opening kept, 64 bytes each, checked against the 128 bytes of its tau*G2.

        Raises:
            WrongLength, TooFewPowers: no whole number of powers, or fewer than two.
            InvalidPower: a power was changed.
        """
        with running("checking powers of tau"):
            return Srs(native().Srs.restore(points, tau_g2))

    @property
    def count(self) -> int:
        """Powers that are held, tau^0 counted; at most 2^16."""
        return self.core.count

    @property
    def origin(self) -> str:
        """Name of the published ceremony that tau*G2 is from, or ``unknown``."""
        return self.core.origin

    @property
    def insecure(self) -> bool:
        """Whether they come from no published ceremony."""
        return self.origin == UNKNOWN

    @property
    def setup_digest(self) -> bytes:
        """Digest of tau*G2, 32 bytes (docs/protocol/6-opening.md)."""
        return self.core.setup_digest

    @property
    def published(self) -> str | None:
        """Name of the published file that was read, byte for byte; None for another, which may be as good."""
        return self.core.published

    def points(self, count: int) -> bytes:
        """The first `count` powers in G1 (or all, if there are fewer), 64 bytes each."""
        return self.core.points(count)


def origin_of(setup_digest: bytes) -> str:
    """Name of the published ceremony whose tau*G2 has this digest, or ``unknown``. Raises `WrongLength`."""
    origin: str = native().srs_origin(setup_digest)
    return origin
