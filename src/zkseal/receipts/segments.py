"""Evidence in segments: one proof for each segment of a model, and the commitments in between.

The argument is docs/protocol/10-segments.md. Each boundary is stored once, so that both of its sides are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from zkseal.errors import InvalidEncoding, UnknownVersion, WrongLength
from zkseal.receipts.statement import COMMITMENT_BYTES, exact_map, typed

__all__ = ["MAX_SEGMENTS", "MIN_SEGMENTS", "SegmentedEvidence"]

MIN_SEGMENTS, MAX_SEGMENTS = 2, 256
VERSION = 1


@dataclass(frozen=True)
class SegmentedEvidence:
    """Proofs of all segments of a model, in order.

    Attributes:
        boundaries: for each pair of neighbours the commitments to what crosses: compressed points, 32 bytes each, in
            order of the rows. A boundary of public values alone has none.
        proofs: in the bytes of docs/protocol/6-opening.md.
    """

    TYPE: ClassVar[str] = "zk-segments"
    boundaries: tuple[tuple[bytes, ...], ...]
    proofs: tuple[bytes, ...]

    def __post_init__(self) -> None:
        require_segment_count(len(self.proofs))
        if len(self.boundaries) != len(self.proofs) - 1:
            raise WrongLength(
                f"{len(self.proofs)} segments have {len(self.proofs) - 1} boundaries, not {len(self.boundaries)}.",
                expected=len(self.proofs) - 1,
                got=len(self.boundaries),
            )
        for commitment in (commitment for boundary in self.boundaries for commitment in boundary):
            if len(commitment) != COMMITMENT_BYTES:
                raise WrongLength(
                    f"A commitment of a boundary has {len(commitment)} bytes instead of {COMMITMENT_BYTES}.",
                    expected=COMMITMENT_BYTES,
                    got=len(commitment),
                )

    @property
    def proof_bytes(self) -> int:
        """Bytes of all proofs and boundaries."""
        return sum(map(len, self.proofs)) + COMMITMENT_BYTES * sum(map(len, self.boundaries))

    def encode(self) -> dict[str, Any]:
        """The evidence as a map of deterministic CBOR."""
        return {
            "type": self.TYPE,
            "version": VERSION,
            "boundaries": [list(boundary) for boundary in self.boundaries],
            "proofs": list(self.proofs),
        }

    @classmethod
    def decode(cls, value: dict[str, Any]) -> SegmentedEvidence:
        """The inverse of `encode`; the type tag was read already."""
        if isinstance(value.get("version"), int) and value["version"] != VERSION:
            raise UnknownVersion(
                f"Evidence of type {cls.TYPE} has version {value['version']}; this release reads {VERSION}. Update "
                "zkseal.",
                got=value["version"],
                expected=VERSION,
            )
        entries = exact_map(value, ("boundaries", "proofs", "type", "version"), f"{cls.TYPE} evidence")
        typed(entries["version"], int, "version")
        boundaries = (_points(boundary) for boundary in typed(entries["boundaries"], list, "boundaries"))
        return cls(tuple(boundaries), _strings(typed(entries["proofs"], list, "proofs"), "a proof"))

    def to_json(self) -> dict[str, Any]:
        """JSON view in hexadecimal."""
        return {
            "type": self.TYPE,
            "version": VERSION,
            "boundaries": [[commitment.hex() for commitment in boundary] for boundary in self.boundaries],
            "proofs": [proof.hex() for proof in self.proofs],
        }


def require_segment_count(count: int) -> None:
    """Raises `InvalidEncoding` unless a model may have so many segments."""
    if not MIN_SEGMENTS <= count <= MAX_SEGMENTS:
        raise InvalidEncoding(f"A model has {MIN_SEGMENTS} to {MAX_SEGMENTS} segments, not {count}.", reason="segments")


def _points(value: Any) -> tuple[bytes, ...]:
    return _strings(typed(value, list, "a boundary"), "a commitment")


def _strings(items: Sequence[Any], what: str) -> tuple[bytes, ...]:
    return tuple(typed(item, bytes, what) for item in items)
