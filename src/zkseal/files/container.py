"""The container of every zkseal file: named sections behind one table of digests.

::

    file    := magic(8) kind(4) u16 version  u16 count  entry*count  sha256(all bytes before)  section*
    entry   := name(16, ASCII, padded with zeros)  u64 offset  u64 length  sha256(32)
    section := zeros up to the next multiple of 64, then its bytes

Integers are big-endian. Sections follow each other in the order of the table and the file ends where the last one
ends: there is one byte string for given sections. The magic begins with a byte that is no text and holds both kinds of
line ends, so that a transfer in text mode is noticed at once (the idea of PNG). Sections start at multiples of 64
bytes, so that integer arrays are used in place, mapped from the disk.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zkseal.errors import (
    DigestMismatch,
    FileUnavailable,
    InvalidEncoding,
    UnknownVersion,
    WrongFileKind,
    WrongLength,
)
from zkseal.files.atomic import write_atomically

__all__ = [
    "Buffer",
    "FileKind",
    "Sections",
    "container",
    "identify",
    "mapped",
    "read_container",
    "read_sections",
    "write_container",
]

MAGIC = b"\x89ZKS\r\n\x1a\n"
ALIGNMENT = 64
MAX_SECTIONS = 16

_HEAD = struct.Struct(">8s4sHH")
_ENTRY = struct.Struct(">16sQQ32s")
_DIGEST_BYTES = 32

Buffer = bytes | memoryview
Sections = Mapping[str, memoryview]


@dataclass(frozen=True)
class FileKind:
    """One kind of file: its code on disk, its usual suffix, its version, its sections in order."""

    code: bytes
    name: str
    suffix: str
    version: int
    sections: tuple[str, ...]
    secret: bool = False


def write_container(path: str | os.PathLike[str], kind: FileKind, sections: Mapping[str, Sequence[Buffer]]) -> None:
    """Writes a file of this kind, whole or not at all. Each section is given as pieces to be joined.

    Raises:
        OutOfDisk, FileUnavailable: see `write_atomically`.
    """
    write_atomically(path, container(kind, sections), secret=kind.secret)


def container(kind: FileKind, sections: Mapping[str, Sequence[Buffer]]) -> Iterator[Buffer]:
    """The bytes of a file of this kind, in pieces. Raises `InvalidEncoding` if it has other sections."""
    if tuple(sections) != kind.sections:
        raise InvalidEncoding(f"A {kind.name} has the sections {kind.sections}, not {tuple(sections)}.", reason="names")
    entries: list[bytes] = []
    end = _HEAD.size + _ENTRY.size * len(sections) + _DIGEST_BYTES
    for name, pieces in sections.items():
        offset = _aligned(end)
        digest, length = hashlib.sha256(), 0
        for piece in pieces:
            digest.update(piece)
            length += memoryview(piece).nbytes
        entries.append(_ENTRY.pack(name.encode(), offset, length, digest.digest()))
        end = offset + length
    head = _HEAD.pack(MAGIC, kind.code, kind.version, len(sections)) + b"".join(entries)
    return _chunks(head + hashlib.sha256(head).digest(), sections)


def _chunks(head: bytes, sections: Mapping[str, Sequence[Buffer]]) -> Iterator[Buffer]:
    yield head
    end = len(head)
    for pieces in sections.values():
        yield bytes(_aligned(end) - end)
        end = _aligned(end)
        for piece in pieces:
            yield piece
            end += memoryview(piece).nbytes


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT


def identify(path: str | os.PathLike[str], kinds: Sequence[FileKind]) -> FileKind:
    """Which of `kinds` the file says that it is; nothing else is read or checked.

    Raises:
        FileUnavailable: the file cannot be read.
        WrongFileKind: it is none of them.
    """
    data = mapped(Path(path))[: _HEAD.size]
    for kind in kinds:
        if bytes(data[:12]) == MAGIC + kind.code:
            return kind
    raise _wrong_kind(path, " or ".join(kind.name for kind in kinds), data)


def read_container(path: str | os.PathLike[str], kind: FileKind) -> Sections:
    """The sections of a file, mapped from the disk, after all digests have been checked.

    Raises:
        FileUnavailable: the file cannot be read.
        WrongFileKind, UnknownVersion: it is something else, or written by another release.
        WrongLength: it was cut short or has a tail.
        DigestMismatch: a bit of it has changed.
        InvalidEncoding: it was not written by `write_container`.
    """
    return read_sections(path, mapped(Path(path)), kind)


def read_sections(path: str | os.PathLike[str], data: memoryview, kind: FileKind) -> Sections:
    """As `read_container`, of a file whose bytes are in memory; `path` is what errors call it."""
    if len(data) < _HEAD.size or bytes(data[:12]) != MAGIC + kind.code:
        raise _wrong_kind(path, kind.name, data)
    _, _, version, count = _HEAD.unpack_from(data)
    if version != kind.version:
        raise UnknownVersion(
            f"'{path}' is a {kind.name} of format {version}; this release reads {kind.version}. Write it again "
            "with this release, or install the one that wrote it.",
            path=str(path),
            got=version,
            expected=kind.version,
        )
    entries = _table(path, kind, data, count)
    sections: dict[str, memoryview] = {}
    end = _HEAD.size + _ENTRY.size * count + _DIGEST_BYTES
    for name, (offset, length, digest) in zip(kind.sections, entries, strict=True):
        if offset != _aligned(end) or any(data[end:offset]):
            raise InvalidEncoding(f"Section '{name}' of '{path}' is misplaced.", path=str(path), reason="offset")
        end = offset + length
        if end > len(data):
            raise _cut(path, end, len(data))
        sections[name] = data[offset:end]
        if hashlib.sha256(sections[name]).digest() != digest:
            raise _damaged(path, f"section '{name}'")
    if end != len(data):
        raise WrongLength(
            f"'{path}' has {len(data) - end} bytes after its end. Copy the file again.",
            path=str(path),
            expected=end,
            got=len(data),
        )
    return sections


def _table(path: str | os.PathLike[str], kind: FileKind, data: memoryview, count: int) -> list[tuple[int, int, bytes]]:
    """The table of sections: offset, length and digest of each."""
    end = _HEAD.size + _ENTRY.size * min(count, MAX_SECTIONS)
    if len(data) < end + _DIGEST_BYTES:
        raise _cut(path, end + _DIGEST_BYTES, len(data))
    if hashlib.sha256(data[:end]).digest() != data[end : end + _DIGEST_BYTES]:
        raise _damaged(path, "the head")
    raw = [_ENTRY.unpack_from(data, _HEAD.size + _ENTRY.size * index) for index in range(min(count, MAX_SECTIONS))]
    names = tuple(entry[0].rstrip(b"\0") for entry in raw)
    if count != len(raw) or names != tuple(name.encode() for name in kind.sections):
        raise InvalidEncoding(f"'{path}' has other sections than a {kind.name}.", path=str(path), reason="names")
    return [(offset, length, digest) for _, offset, length, digest in raw]


def mapped(path: Path) -> memoryview:
    """The whole file, mapped read-only. Raises `FileUnavailable`."""
    try:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size == 0:
                return memoryview(b"")
            return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FileUnavailable(f"Cannot read '{path}': {reason}.", path=str(path), reason=reason) from error


def _wrong_kind(path: str | os.PathLike[str], expected: str, data: memoryview) -> WrongFileKind:
    got = bytes(data[8:12]).decode("ascii", "replace") if bytes(data[:8]) == MAGIC else "none"
    what = f"a file of kind '{got}'" if got != "none" else "no zkseal file"
    return WrongFileKind(
        f"'{path}' is {what}; a {expected} is needed. Check the order of the arguments.",
        path=str(path),
        expected=expected,
        got=got,
    )


def _cut(path: str | os.PathLike[str], expected: int, got: int) -> WrongLength:
    return WrongLength(
        f"'{path}' ends after {got} bytes where at least {expected} are needed. Copy the file again.",
        path=str(path),
        expected=expected,
        got=got,
    )


def _damaged(path: str | os.PathLike[str], where: str) -> DigestMismatch:
    return DigestMismatch(
        f"'{path}' was damaged or changed: {where} does not match its digest. Copy or write the file again.",
        path=str(path),
        where=where,
    )
