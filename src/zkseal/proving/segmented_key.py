"""The verifying key of a model in segments: the keys of its segments, and how they are joined.

Bytes (docs/protocol/10-segments.md)::

    "ZKSV" u16(1)  u32(len) annotation  u32(count) segment*
    segment := u32(len) verifying key   u32(count) u32(statement tensor)*

Statement tensors are numbered: those of the first segment's column input, those of the last one's column output, then
the public ones. A segment says which of them its public tensors are.
"""

from __future__ import annotations

import contextlib
import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from zkseal.errors import InvalidEncoding, InvalidParameters, InvalidRelation, UnknownVersion, WrongLength, ZksealError
from zkseal.proving.cost import lay_out
from zkseal.proving.keys import VerifyingKey
from zkseal.proving.scheme import Scheme
from zkseal.receipts.segments import require_segment_count
from zkseal.relation import Column, Relation
from zkseal.relation.relation import Names, Origins
from zkseal.relation.types import Tensor

__all__ = [
    "AnyVerifyingKey",
    "Segment",
    "SegmentedVerifyingKey",
    "decode_verifying_key",
    "naming_segment",
    "segment_annotation",
    "segment_position",
]

MAGIC = b"ZKSV"
VERSION = 1
MAX_ANNOTATION_BYTES = 1 << 20
MAX_PUBLIC = 1 << 16
MAX_ROWS = 1 << 22
"""Of statement, boundaries and proofs: more than the longest receipt that is read has commitments."""


def segment_annotation(index: int, count: int) -> bytes:
    """The annotation of the relation of segment `index` of `count`: nobody takes it for a whole model."""
    return b"zkseal segment v1" + struct.pack(">II", index, count)


def segment_position(annotation: bytes) -> tuple[int, int] | None:
    """Index and count of the segment whose relation has this annotation; None if it is that of no segment."""
    numbers = annotation[-8:]
    index, count = struct.unpack(">II", numbers) if len(numbers) == 8 else (0, 0)
    return (index, count) if annotation == segment_annotation(index, count) else None


@contextlib.contextmanager
def naming_segment(index: int) -> Iterator[None]:
    """Errors of zkseal that come out of the block name the segment, in their sentence and in the field `segment`."""
    try:
        yield
    except ZksealError as error:
        raise type(error)(f"Segment {index}: {error.message}", **{**error.fields, "segment": index}) from error


@dataclass(frozen=True)
class Segment:
    """One segment: its key, and for each public tensor of its relation, in order of declaration, the statement's."""

    key: VerifyingKey
    public: tuple[int, ...] = ()

    def tensors(self, column: Column) -> list[tuple[int, Tensor]]:
        """Index and tensor of those in a column, in order of declaration."""
        return [(index, tensor) for index, tensor in enumerate(self.key.relation.tensors) if tensor.column == column]

    def layout(self, column: Column) -> list[tuple[tuple[int, ...], int, int]]:
        """What decides where the values of a column lie, and what they mean: shape and bounds of its tensors in order.

        Rows are as long in all segments.
        """
        return [(tensor.shape, tensor.lo, tensor.hi) for _, tensor in self.tensors(column)]

    @cached_property
    def rows(self) -> int:
        """Rows that are committed to for each proof: those of the columns input, output, witness and helper."""
        counted = lay_out(self.key.core.relation, self.key.row_bits, self.key.scheme).rows
        return sum(counted.get(column, 0) for column in ("input", "output", "witness", "helper"))


@dataclass(frozen=True)
class SegmentedVerifyingKey:
    """Everything that a verifier needs of a model in segments. A key that exists is a good key.

    Attributes:
        annotation: what the whole says about itself: names, shapes, scales, with the numbers of statement tensors.

    Raises:
        InvalidRelation: segments do not fit together, or do not fit the statement.
        InvalidParameters: segments are laid out or proved in different ways.
    """

    annotation: bytes = field(repr=False)
    segments: tuple[Segment, ...] = field(repr=False)

    def __post_init__(self) -> None:
        require_segment_count(len(self.segments))
        _require_few_rows(self.segments)
        self._require_equal_parameters()
        self._require_positions()
        self._require_boundaries()
        self._require_public()

    def _require_equal_parameters(self) -> None:
        first = self.segments[0].key
        for index, segment in enumerate(self.segments):
            if segment.key.scheme.opening != "ipa":
                raise InvalidParameters(
                    f"Segment {index} opens by kzg; models in segments are proved with ipa only.",
                    reason="segments",
                    segment=index,
                )
            if (segment.key.row_bits, segment.key.scheme) != (first.row_bits, first.scheme):
                raise InvalidParameters(
                    f"Segment {index} has other parameters than the first: what crosses would lie otherwise.",
                    reason="segments",
                    segment=index,
                )

    def _require_positions(self) -> None:
        for index, segment in enumerate(self.segments):
            if segment.key.annotation != segment_annotation(index, len(self.segments)):
                raise _misfit(index, f"its relation is not that of segment {index} of {len(self.segments)}")

    def _require_boundaries(self) -> None:
        for index in range(len(self.segments) - 1):
            if self.segments[index].layout(Column.OUTPUT) != self.segments[index + 1].layout(Column.INPUT):
                raise _misfit(index, "what leaves it has another layout than what enters the next one")

    def _require_public(self) -> None:
        """Public tensors of the statement: each in a segment, once in each, in order, and everywhere the same."""
        committed = len(self._committed)
        found: dict[int, Tensor] = {}
        for index, segment in enumerate(self.segments):
            tensors = segment.tensors(Column.PUBLIC)
            if len(tensors) != len(segment.public) or sorted(set(segment.public)) != list(segment.public):
                raise _misfit(index, "its public tensors are not those of the statement, each once and in order")
            for number, (_, tensor) in zip(segment.public, tensors, strict=True):
                if number < committed or found.setdefault(number, tensor) != tensor:
                    raise _misfit(index, f"tensor {number} of the statement is another one for it")
        if sorted(found) != list(range(committed, committed + len(found))):
            raise _misfit(len(self.segments) - 1, "the public tensors of the statement are not numbered")

    @property
    def _committed(self) -> list[Tensor]:
        ends = ((self.segments[0], Column.INPUT), (self.segments[-1], Column.OUTPUT))
        return [tensor for segment, column in ends for _, tensor in segment.tensors(column)]

    @cached_property
    def relation(self) -> Relation:
        """The statement's tensors under the annotation of the whole: what `Interface.of` reads. No constraints."""
        public = {
            number: tensor
            for segment in self.segments
            for number, (_, tensor) in zip(segment.public, segment.tensors(Column.PUBLIC), strict=True)
        }
        tensors = (*self._committed, *(public[number] for number in sorted(public)))
        names = Names(tuple(f"tensor_{index}" for index in range(len(tensors))), (), (), (), ())
        origins = Origins(("",) * len(tensors), (), ())
        return Relation(self.annotation, tensors, (), (), (), (), (), names, origins, {})

    def stated(self, index: int) -> dict[int, int]:
        """Statement tensors of a segment by index of its own: public ones, and what enters or leaves the whole."""
        segment, count = self.segments[index], len(self.segments)
        public = (tensor for tensor, _ in segment.tensors(Column.PUBLIC))
        found = dict(zip(public, segment.public, strict=True))
        first = len(self.segments[0].tensors(Column.INPUT))
        if index == 0:
            found |= {tensor: number for number, (tensor, _) in enumerate(segment.tensors(Column.INPUT))}
        if index == count - 1:
            found |= {tensor: number for number, (tensor, _) in enumerate(segment.tensors(Column.OUTPUT), first)}
        return found

    @cached_property
    def model_id(self) -> bytes:
        """Digest of everything in the key, 32 bytes: the name of the model in statements."""
        digest = hashlib.sha256(b"zkseal segmented model id v1")
        digest.update(struct.pack(">I", len(self.annotation)) + self.annotation)
        digest.update(struct.pack(">I", len(self.segments)))
        for segment in self.segments:
            digest.update(segment.key.model_id + _numbers(segment.public))
        return digest.digest()

    @property
    def row_bits(self) -> int:
        """Rows have 2^row_bits entries, in all segments."""
        return self.segments[0].key.row_bits

    @property
    def scheme(self) -> Scheme:
        """Lookup argument and opening of all segments."""
        return self.segments[0].key.scheme

    @property
    def setup_digest(self) -> None:
        """None: no trusted setup."""
        return None

    @property
    def origin(self) -> None:
        """None: no trusted setup."""
        return None

    @property
    def insecure(self) -> bool:
        """False: no trusted setup."""
        return False

    @property
    def data(self) -> bytes:
        """The key's one encoding."""
        parts = [MAGIC, struct.pack(">HI", VERSION, len(self.annotation)), self.annotation]
        parts.append(struct.pack(">I", len(self.segments)))
        for segment in self.segments:
            parts += [struct.pack(">I", len(segment.key.data)), segment.key.data, _numbers(segment.public)]
        return b"".join(parts)

    @staticmethod
    def decode(data: bytes) -> SegmentedVerifyingKey:
        """The key whose one encoding is `data`; checks the model proof of each segment.

        Raises:
            DecodeError: the bytes are no key, or segments do not fit together. Names the segment.
            ModelProofRejected: weights of a segment are not shown to be in their bounds.
        """
        reader = _Reader(data)
        if reader.take(len(MAGIC)) != MAGIC:
            raise InvalidEncoding("This is no verifying key of a model in segments.", reason="magic")
        version = reader.number(2)
        if version != VERSION:
            raise UnknownVersion(
                f"Verifying keys in segments of version {version} are not known to this release, which reads "
                f"{VERSION}. Update zkseal.",
                got=version,
                expected=VERSION,
            )
        annotation = reader.take(reader.number(4, MAX_ANNOTATION_BYTES))
        count = reader.number(4)
        require_segment_count(count)
        segments: list[Segment] = []
        for index in range(count):
            segments.append(_segment(reader, index))
            # A few bytes name millions of rows, which a key keeps: their sum is bounded before the next one is read.
            _require_few_rows(segments)
        reader.finish()
        return SegmentedVerifyingKey(annotation, tuple(segments))


def _segment(reader: _Reader, index: int) -> Segment:
    with naming_segment(index):
        key = VerifyingKey(reader.take(reader.number(4)))
        public = tuple(reader.number(4) for _ in range(reader.number(4, MAX_PUBLIC)))
    return Segment(key, public)


def _require_few_rows(segments: Sequence[Segment]) -> None:
    rows = sum(segment.rows for segment in segments)
    if rows > MAX_ROWS:
        raise InvalidParameters(
            f"The model's segments have {rows} committed rows; {MAX_ROWS} are the most that a receipt has room for. "
            "Set the model up with longer rows.",
            reason="segments",
        )


def _numbers(numbers: Sequence[int]) -> bytes:
    return struct.pack(f">I{len(numbers)}I", len(numbers), *numbers)


def _misfit(index: int, what: str) -> InvalidRelation:
    return InvalidRelation(
        f"Segment {index} does not fit its model: {what}. Ask for the verifying key as setup wrote it.",
        reason="segments",
        segment=index,
    )


class _Reader:
    """Takes bytes off the front; never past the end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise WrongLength(
                f"A verifying key of {len(self._data)} bytes is cut short.", expected=end, got=len(self._data)
            )
        taken, self._at = self._data[self._at : end], end
        return taken

    def number(self, size: int, most: int | None = None) -> int:
        value = int.from_bytes(self.take(size), "big")
        if most is not None and value > most:
            raise InvalidEncoding(f"A count of {value} where {most} is the most.", reason="count")
        return value

    def finish(self) -> None:
        if self._at != len(self._data):
            raise WrongLength(
                f"A verifying key has {len(self._data) - self._at} bytes after its end.",
                expected=self._at,
                got=len(self._data),
            )


AnyVerifyingKey = VerifyingKey | SegmentedVerifyingKey
"""Of a model in one piece, or in segments."""


def decode_verifying_key(data: bytes) -> AnyVerifyingKey:
    """The key that bytes encode, of either kind. Raises `DecodeError`, `ModelProofRejected`."""
    return SegmentedVerifyingKey.decode(data) if data[: len(MAGIC)] == MAGIC else VerifyingKey(data)
