"""The named errors of the protocol book.

ProtocolError
├── DecodeFailure    WrongLength · NonCanonicalScalar · NonCanonicalPoint · NotOnCurve · IdentityPoint
│                    InvalidRelation · InvalidParameters · InvalidEncoding · UnknownVersion
├── Rejected         StatementMismatch · LinearClaimRejected · OpeningRejected · ModelProofRejected
└── ReferenceLimit   not an error of the book: a relation that this plain implementation will not evaluate

`code` is the stable name that test vectors carry; it is the name of the class.
"""

from __future__ import annotations


class ProtocolError(Exception):
    """Base of everything that this package raises; `code` names the error as the book does."""

    @property
    def code(self) -> str:
        return type(self).__name__


class DecodeFailure(ProtocolError):
    """Bytes that encode nothing (chapters 1, 2, 3 and 6)."""


class WrongLength(DecodeFailure):
    """A proof, point or list of blindings of another length than the relation dictates."""


class NonCanonicalScalar(DecodeFailure):
    """32 bytes that are not below p."""


class NonCanonicalPoint(DecodeFailure):
    """A coordinate that is not below q, or flag bits that no point has."""


class NotOnCurve(DecodeFailure):
    """Coordinates that do not satisfy y^2 = x^3 + 3."""


class IdentityPoint(DecodeFailure):
    """The identity where it is refused."""


class InvalidRelation(DecodeFailure):
    """Bytes that are no relation, or a relation that breaks a rule of chapter 2."""


class InvalidParameters(DecodeFailure):
    """Parameters that do not exist, or under which the mask vector does not fit into a row."""


class InvalidEncoding(DecodeFailure):
    """A container (the verifying key) that is truncated, has a tail or wrong counts."""


class UnknownVersion(DecodeFailure):
    """A version that this implementation does not know."""


class Rejected(ProtocolError):
    """Well-formed bytes that prove nothing about the statement."""


class StatementMismatch(Rejected):
    """Public values or numbers of commitments that do not fit the relation."""


class LinearClaimRejected(Rejected):
    """The last claim of the column rounds (chapter 5.3 c) is false."""


class OpeningRejected(Rejected):
    """The inner-product argument, or the pairings of Mercury (chapter 6), fail."""


class ModelProofRejected(Rejected):
    """The model proof of a verifying key does not verify; `__cause__` says why."""


class ReferenceLimit(ProtocolError):
    """A valid relation with a loop, table or lane beyond `weights.MAX_INDICES`: too large for plain Python lists."""
