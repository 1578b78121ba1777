"""Chapter 10: models in segments. The key, the digest of a statement, and the verification of all proofs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .decoder import Reader
from .errors import InvalidEncoding, InvalidParameters, InvalidRelation, StatementMismatch, UnknownVersion, WrongLength
from .key import VerifyingKey
from .parameters import Opening
from .relation import Column, Tensor, u16, u32
from .verifier import verify

MAGIC, VERSION = b"ZKSV", 1
MIN_SEGMENTS, MAX_SEGMENTS = 2, 256
MAX_ANNOTATION = 1 << 20
MAX_PUBLIC = 1 << 16
MAX_ROWS = 1 << 22
ROWS_OF_PROOFS = (Column.INPUT, Column.OUTPUT, Column.WITNESS, Column.HELPER)

Cbor = int | bytes | str | Sequence["Cbor"] | Mapping[str, "Cbor"]


@dataclass(frozen=True)
class Segment:
    """A segment's key, and which statement tensors its public tensors are."""

    key: VerifyingKey
    stated: tuple[int, ...]

    def indices(self, column: Column) -> list[int]:
        return [index for index, tensor in enumerate(self.key.relation.tensors) if tensor.column == column]

    def tensors(self, column: Column) -> list[Tensor]:
        return [self.key.relation.tensors[index] for index in self.indices(column)]


@dataclass(frozen=True)
class Side:
    """Input or output of a statement: public values by statement tensor, row-major, and compressed commitments."""

    values: Mapping[int, Sequence[int]]
    commitments: Sequence[bytes]


@dataclass(frozen=True)
class SegmentedKey:
    """A verifying key of a model in segments."""

    annotation: bytes
    segments: tuple[Segment, ...]

    @classmethod
    def decode(cls, data: bytes) -> SegmentedKey:
        """The key of these bytes; raises a class of `errors`."""
        reader = Reader(data, WrongLength)
        if reader.take(4) != MAGIC:
            raise InvalidEncoding("not a key of a model in segments: the first bytes are not ZKSV")
        version = reader.unsigned(2)
        if version != VERSION:
            raise UnknownVersion(f"key of version {version}: this verifier knows {VERSION}")
        annotation = reader.take(limited(reader.unsigned(4), 0, MAX_ANNOTATION, "annotation bytes"))
        count = limited(reader.unsigned(4), MIN_SEGMENTS, MAX_SEGMENTS, "segments")
        segments: list[Segment] = []
        rows = 0
        for _ in range(count):
            segments.append(read_segment(reader))
            rows += sum(map(segments[-1].key.layout.committed_row_count, ROWS_OF_PROOFS))
            if rows > MAX_ROWS:
                raise InvalidParameters(f"the segments up to here have {rows} committed rows")
        reader.end()
        key = cls(annotation, tuple(segments))
        key.check_parameters()
        key.check_positions()
        key.check_boundaries()
        key.check_stated()
        return key

    def encode(self) -> bytes:
        parts = [MAGIC + u16(VERSION) + u32(len(self.annotation)) + self.annotation + u32(len(self.segments))]
        for segment in self.segments:
            data = segment.key.encode()
            parts.append(u32(len(data)) + data + numbers(segment.stated))
        return b"".join(parts)

    def check_parameters(self) -> None:
        first = self.segments[0].key.parameters
        for segment in self.segments:
            if segment.key.parameters != first or first.opening != Opening.IPA:
                raise InvalidParameters("segments have equal parameters, and the opening ipa")

    def check_positions(self) -> None:
        for index, segment in enumerate(self.segments):
            if segment.key.relation.annotation != b"zkseal segment v1" + u32(index) + u32(len(self.segments)):
                raise InvalidRelation(f"the relation is not annotated as segment {index} of {len(self.segments)}")

    def check_boundaries(self) -> None:
        for index, (before, behind) in enumerate(zip(self.segments, self.segments[1:], strict=False)):
            leaving = [(t.axes, t.lo, t.hi) for t in before.tensors(Column.OUTPUT)]
            entering = [(t.axes, t.lo, t.hi) for t in behind.tensors(Column.INPUT)]
            if leaving != entering:
                raise InvalidRelation(f"the two sides of boundary {index} are not alike")

    def check_stated(self) -> None:
        first = len(self.segments[0].indices(Column.INPUT)) + len(self.segments[-1].indices(Column.OUTPUT))
        known: dict[int, Tensor] = {}
        for segment in self.segments:
            tensors = segment.tensors(Column.PUBLIC)
            if len(tensors) != len(segment.stated) or list(segment.stated) != sorted(set(segment.stated)):
                raise InvalidRelation("a segment names each of its public tensors once, in ascending order")
            for number, tensor in zip(segment.stated, tensors, strict=True):
                if known.setdefault(number, tensor) != tensor:
                    raise InvalidRelation(f"statement tensor {number} has two shapes or bounds")
        if sorted(known) != list(range(first, first + len(known))):
            raise InvalidRelation("the public statement tensors are not numbered behind the others")

    @property
    def model_id(self) -> bytes:
        """The name of the model."""
        hashed = b"zkseal segmented model id v1" + u32(len(self.annotation)) + self.annotation + u32(len(self.segments))
        return sha256(hashed + b"".join(segment.key.model_id + numbers(segment.stated) for segment in self.segments))


def verify_segments(
    key: SegmentedKey,
    context: bytes,
    inputs: Side,
    outputs: Side,
    boundaries: Sequence[Sequence[bytes]],
    proofs: Sequence[bytes],
) -> None:
    """Accepts by returning; raises a class of `errors` otherwise."""
    count = len(key.segments)
    if len(proofs) != count or len(boundaries) != count - 1:
        raise StatementMismatch(f"{count} proofs and {count - 1} boundaries are wanted")
    public = {**inputs.values, **outputs.values}
    stated = {number for segment in key.segments for number in segment.stated}
    if set(public) != stated or len(public) != len(inputs.values) + len(outputs.values):
        raise StatementMismatch(f"values of the statement tensors {sorted(stated)} are wanted, each once")
    if not all(-(1 << 63) <= value < 1 << 63 for values in public.values() for value in values):
        raise StatementMismatch("public values have 64 bits")
    digest = binding(statement_digest(key.model_id, context, inputs, outputs), boundaries)
    ends = [inputs.commitments, *boundaries, outputs.commitments]
    for index, (segment, proof) in enumerate(zip(key.segments, proofs, strict=True)):
        own = dict(zip(segment.indices(Column.PUBLIC), (public[number] for number in segment.stated), strict=True))
        place = b"zkseal segment v1" + u32(index) + u32(count) + digest
        verify(segment.key, place, own, ends[index], ends[index + 1], proof)


def statement_digest(model_id: bytes, context: bytes, inputs: Side, outputs: Side) -> bytes:
    """S of the chapter."""
    statement: Cbor = {
        "version": 1,
        "model": model_id,
        "input": plain(inputs),
        "output": plain(outputs),
        "context": context,
    }
    return sha256(cbor(statement))


def binding(statement: bytes, boundaries: Sequence[Sequence[bytes]]) -> bytes:
    """D of the chapter."""
    listed = b"".join(u32(len(boundary)) + b"".join(boundary) for boundary in boundaries)
    return sha256(b"zkseal segmented statement v1" + statement + u32(len(boundaries)) + listed)


def plain(side: Side) -> Cbor:
    values: list[Cbor] = [
        [number, b"".join(value.to_bytes(8, "big", signed=True) for value in side.values[number])]
        for number in sorted(side.values)
    ]
    return {"values": values, "commitments": list(side.commitments)}


def cbor(value: Cbor) -> bytes:
    """The deterministic encoding (RFC 8949, 4.2.1) of what a statement consists of."""
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, Mapping):
        entries = sorted((cbor(key), cbor(item)) for key, item in value.items())
        return head(5, len(entries)) + b"".join(key + item for key, item in entries)
    return head(4, len(value)) + b"".join(cbor(item) for item in value)


def head(major: int, number: int) -> bytes:
    """Major type and the shortest form of a number."""
    if number < 24:
        return bytes([major << 5 | number])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | code]) + number.to_bytes(size, "big")
    raise InvalidEncoding("a number of more than 64 bits")


def read_segment(reader: Reader) -> Segment:
    key = VerifyingKey.decode(reader.take(reader.unsigned(4)))
    count = limited(reader.unsigned(4), 0, MAX_PUBLIC, "public tensors")
    return Segment(key, tuple(reader.unsigned(4) for _ in range(count)))


def limited(count: int, least: int, most: int, what: str) -> int:
    if not least <= count <= most:
        raise InvalidEncoding(f"{count} {what}: {least} to {most} are allowed")
    return count


def numbers(stated: Sequence[int]) -> bytes:
    return u32(len(stated)) + b"".join(map(u32, stated))


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
