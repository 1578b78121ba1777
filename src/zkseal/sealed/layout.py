"""The file of a sealed model.

::

    file := magic(8) "SEAL" u16 version  u32 header bytes  u32 stanzas bytes
            header  signature(64)  stanzas  chunk*  table of leaves
    chunk := ciphertext  tag(16)

Integers are big-endian. Chunks follow each other section by section; the table of leaves, 32 bytes for each chunk, is
encrypted like one more section. Header and stanzas are deterministic CBOR, every length follows from the header, and
the file ends where the table ends: there is no byte that is not checked.
"""

from __future__ import annotations

import itertools
import os
import struct
from dataclasses import dataclass
from functools import cached_property

from zkseal.errors import UnknownVersion, WrongFileKind, WrongLength
from zkseal.files.container import MAGIC, FileKind
from zkseal.sealed.header import MAX_HEADER_BYTES, SIGNATURE_BYTES, SealedHeader
from zkseal.sealed.stanzas import MAX_STANZAS_BYTES

__all__ = ["LEAF_BYTES", "PREFIX_BYTES", "SEALED_MODEL", "TABLE", "TAG_BYTES", "Body", "pack_head", "split_head"]

SEALED_MODEL = FileKind(b"SEAL", "sealed model", ".zks", 1, ())
"""Not a container of sections with digests: chunks are checked when they are read."""

LEAF_BYTES = 32
TAG_BYTES = 16
TABLE = 0xFFFF_FFFF
"""The section number of the table of leaves."""

_PREFIX = struct.Struct(">8s4sHII")
PREFIX_BYTES = _PREFIX.size


@dataclass(frozen=True)
class Span:
    """A stretch of the body: section number, its first byte in the body, bytes of plaintext, number of chunks."""

    number: int
    start: int
    length: int
    chunks: int


@dataclass(frozen=True)
class Body:
    """Where everything lies in the body of a file with this header."""

    header: SealedHeader

    @cached_property
    def sections(self) -> tuple[Span, ...]:
        """The sections in order."""
        spans, end = [], 0
        for number, section in enumerate(self.header.sections):
            span = Span(number, end, section.length, section.chunks(self.header.chunk_bytes))
            spans.append(span)
            end += span.length + TAG_BYTES * span.chunks
        return tuple(spans)

    @cached_property
    def table(self) -> Span:
        """The table of leaves."""
        last = self.sections[-1]
        length = LEAF_BYTES * self.header.chunk_count
        return Span(TABLE, self._end(last), length, -(-length // self.header.chunk_bytes))

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return self._end(self.table)

    @staticmethod
    def _end(span: Span) -> int:
        return span.start + span.length + TAG_BYTES * span.chunks

    def place(self, span: Span, first: int, count: int) -> slice:
        """Bytes of the body that hold chunks `first` .. `first + count` of a span."""
        whole = self.header.chunk_bytes + TAG_BYTES
        return slice(span.start + first * whole, min(span.start + (first + count) * whole, self._end(span)))

    def leaves(self, span: Span, first: int, count: int) -> slice:
        """Bytes of the table that hold the leaves of these chunks."""
        before = sum(other.chunks for other in self.sections[: span.number]) + first
        return slice(LEAF_BYTES * before, LEAF_BYTES * (before + count))


def pack_head(header: bytes, signature: bytes, stanzas: bytes) -> bytes:
    """Everything before the body."""
    prefix = _PREFIX.pack(MAGIC, SEALED_MODEL.code, SEALED_MODEL.version, len(header), len(stanzas))
    return prefix + header + signature + stanzas


def split_head(path: str | os.PathLike[str], data: memoryview) -> tuple[bytes, bytes, bytes, memoryview]:
    """Header, signature, stanzas and body of a file, none of them checked but for their lengths.

    Raises:
        WrongFileKind, UnknownVersion: it is something else, or written by another release.
        WrongLength: it is cut short, or announces more than the format has.
    """
    if len(data) < _PREFIX.size or bytes(data[:12]) != MAGIC + SEALED_MODEL.code:
        raise WrongFileKind(
            f"'{path}' is no sealed model. Check the order of the arguments.",
            path=str(path),
            expected=SEALED_MODEL.name,
            got="none",
        )
    _, _, version, header_bytes, stanzas_bytes = _PREFIX.unpack_from(data)
    if version != SEALED_MODEL.version:
        raise UnknownVersion(
            f"'{path}' is a sealed model of format {version}; this release reads {SEALED_MODEL.version}. Install the "
            "release that wrote it.",
            path=str(path),
            got=version,
            expected=SEALED_MODEL.version,
        )
    for what, got, most in (
        ("header", header_bytes, MAX_HEADER_BYTES),
        ("list of stanzas", stanzas_bytes, MAX_STANZAS_BYTES),
    ):
        if got > most:
            raise WrongLength(
                f"'{path}' announces a {what} of {got} bytes where at most {most} are read.", expected=most, got=got
            )
    ends = [_PREFIX.size]
    for length in (header_bytes, SIGNATURE_BYTES, stanzas_bytes):
        ends.append(ends[-1] + length)
    if ends[-1] > len(data):
        raise WrongLength(
            f"'{path}' ends after {len(data)} bytes where its head needs {ends[-1]}. Copy the file again.",
            path=str(path),
            expected=ends[-1],
            got=len(data),
        )
    header, signature, stanzas = (bytes(data[start:end]) for start, end in itertools.pairwise(ends))
    return header, signature, stanzas, data[ends[-1] :]
