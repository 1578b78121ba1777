"""What a broker hands out: a data key, sealed to an attested key. Two types for two worlds, and no way between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from zkseal.errors import InvalidEncoding, PolicyDenied
from zkseal.receipts import cbor
from zkseal.tee import Assurance

__all__ = ["DevReleasedKey", "ReleasedKey"]

VERSION = 1
MAX_BYTES = 2048
MAX_WRAPPED_BYTES = 1024

_SIZES = {"policy_digest": 32, "evidence_digest": 32, "model_digest": 32, "entry_hash": 32}

T = TypeVar("T", bound="_Released")


@dataclass(frozen=True)
class _Released:
    """A wrapped key.

    Attributes:
        wrapped_key: HPKE to the attested key, for `zkseal.sealed.release` to open.
        assurance: what the appraisal found; part of the HPKE context.
        policy_digest: of the policy that was satisfied; part of the HPKE context.
        evidence_digest: SHA-256 of the bundle; the HPKE associated data.
        model_digest: SHA-256 of the sealed model's header.
        sequence, entry_hash: of the entry of the audit log, which was on the disk before the key left.
    """

    wrapped_key: bytes = field(repr=False)
    assurance: Assurance
    policy_digest: bytes
    evidence_digest: bytes
    model_digest: bytes
    sequence: int
    entry_hash: bytes

    KIND: ClassVar[str]
    PRODUCTION: ClassVar[bool]

    def __post_init__(self) -> None:
        if self.assurance.production is not self.PRODUCTION:
            reason = f"assurance {self.assurance.name.lower()} is none of a {self.KIND}"
            raise PolicyDenied(f"{reason[:1].upper()}{reason[1:]}.", check="assurance", reason=reason)

    def to_cbor(self) -> bytes:
        """The one encoding; the kind is part of it."""
        digests = {name: getattr(self, name) for name in _SIZES}
        return cbor.dumps(
            {
                self.KIND: VERSION,
                "wrapped_key": self.wrapped_key,
                "assurance": int(self.assurance),
                "sequence": self.sequence,
                **digests,
            }
        )

    @classmethod
    def from_cbor(cls: type[T], data: bytes) -> T:
        """Raises: DecodeError: not the one encoding of a key of this kind. PolicyDenied: of the other world."""
        value = cbor.loads(data, max_bytes=MAX_BYTES)
        if not isinstance(value, dict) or set(value) != {cls.KIND, "wrapped_key", "assurance", "sequence", *_SIZES}:
            raise InvalidEncoding(f"This is no {cls.KIND}.", reason=cls.KIND)
        numbers = {name: value[name] for name in (cls.KIND, "assurance", "sequence")}
        if any(type(number) is not int or number < 0 for number in numbers.values()) or value[cls.KIND] != VERSION:
            raise InvalidEncoding(
                f"This {cls.KIND} is of another version, or has a number that is none.", reason=cls.KIND
            )
        wrapped = value["wrapped_key"]
        well = isinstance(wrapped, bytes) and len(wrapped) <= MAX_WRAPPED_BYTES
        if not well or any(not isinstance(value[n], bytes) or len(value[n]) != size for n, size in _SIZES.items()):
            raise InvalidEncoding(f"The {cls.KIND} has an entry of another type or size.", reason=cls.KIND)
        if value["assurance"] not in [int(level) for level in Assurance]:
            raise InvalidEncoding(f"The {cls.KIND} names an assurance that there is not.", reason=cls.KIND)
        return cls(
            wrapped_key=wrapped,
            assurance=Assurance(value["assurance"]),
            sequence=value["sequence"],
            **{name: value[name] for name in _SIZES},
        )

    def to_json(self) -> dict[str, Any]:
        """JSON view, without the wrapped key."""
        found = {name: getattr(self, name).hex() for name in _SIZES}
        return {"kind": self.KIND, "assurance": self.assurance.name.lower(), "sequence": self.sequence, **found}


@dataclass(frozen=True)
class ReleasedKey(_Released):
    """The key of a production model, for an attested machine."""

    KIND: ClassVar[str] = "released_key"
    PRODUCTION: ClassVar[bool] = True


@dataclass(frozen=True)
class DevReleasedKey(_Released):
    """The key of a model that was sealed for development. No production interface takes it."""

    KIND: ClassVar[str] = "development_key"
    PRODUCTION: ClassVar[bool] = False
