"""Reading sealed models: the signature at once, chunks when they are asked for, plaintext in memory only."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zkseal.errors import DecryptionFailed, SignatureRejected, WrongInput, WrongLength
from zkseal.files.container import mapped
from zkseal.sealed.chunks import Bytes, Chunks
from zkseal.sealed.header import SealedHeader
from zkseal.sealed.layout import Body, Span, split_head
from zkseal.sealed.stanzas import Stanza, data_key_for, decode_stanzas

if TYPE_CHECKING:
    from zkseal._native import DataKey, HpkeKey

__all__ = ["SealedModel", "UnlockedModel"]

_PIECE_BYTES = 1 << 21
"""Plaintext in one of `pieces`: little enough to stay in the cache."""


@dataclass(frozen=True)
class SealedModel:
    """A sealed model whose header its publisher has signed. Nothing of it is decrypted."""

    path: str
    header: SealedHeader
    stanzas: tuple[Stanza, ...]
    body: memoryview

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, publisher: bytes | None = None) -> SealedModel:
        """The sealed model in a file; the body is mapped. Raises `FileUnavailable`, and as `parse`."""
        return cls.parse(mapped(Path(path)), path, publisher=publisher)

    @classmethod
    def parse(cls, data: memoryview, path: str | os.PathLike[str], *, publisher: bytes | None = None) -> SealedModel:
        """The sealed model in these bytes. The head is copied and checked; the body stays where it is.

        Whoever shares the memory of the body may change it at any time: what is given out is compared with the
        publisher's tree after it was decrypted, in memory of the reader's own.

        Args:
            path: what errors call it.
            publisher: the Ed25519 public key that has to have signed it. Without, the signature shows only that header
                and key in it belong together; compare `header.digest` or `header.publisher` with one that you trust.

        Raises:
            WrongFileKind, UnknownVersion: it is something else, or written by another release.
            WrongLength, InvalidEncoding: it is cut short, has a tail, or is damaged.
            SignatureRejected: its publisher has not signed the header, or is another one.
        """
        header_bytes, signature, stanzas, body = split_head(path, data)
        header = SealedHeader.from_cbor(header_bytes)
        if publisher is not None and header.publisher != publisher:
            raise SignatureRejected(
                f"'{path}' is signed by the publisher {header.publisher.hex()}, not by {publisher.hex()}.",
                check="publisher",
                reason="another publisher",
            )
        header.verify(signature)
        expected = Body(header).length
        if len(body) != expected:
            raise WrongLength(
                f"'{path}' has {len(body)} bytes of chunks where its header says {expected}. Copy the file again.",
                path=str(path),
                expected=expected,
                got=len(body),
            )
        return cls(str(path), header, decode_stanzas(stanzas), body)

    def data_key(self, key: HpkeKey) -> DataKey:
        """The data key, for one of the recipients. Raises `WrongKey`, `DecryptionFailed`."""
        return data_key_for(self.header, self.stanzas, key)

    def unlock(self, key: DataKey) -> UnlockedModel:
        """The sections, under their data key.

        Raises:
            WrongKey: it is not the key that the header commits to; nothing has been decrypted.
            DecryptionFailed: the table of leaves was changed, or is not the one that the publisher signed.
        """
        key.check(self.header.salt, self.header.key_commitment)
        layout = Body(self.header)
        cipher = key.file_key(self.header.salt, self.header.digest)
        chunks = Chunks(layout, cipher, np.frombuffer(self.body, np.uint8))
        table = np.empty(layout.table.length, np.uint8)
        chunks.open(layout.table, 0, layout.table.chunks, None, table)
        leaves = table.tobytes()
        if key.tree(self.header.salt).root(leaves) != self.header.root:
            raise DecryptionFailed(
                f"The chunks of '{self.path}' are not those that its publisher signed.", reason="Merkle root"
            )
        return UnlockedModel(self.header, chunks, leaves)


@dataclass(frozen=True)
class UnlockedModel:
    """Sections of a sealed model, decrypted and checked chunk by chunk as they are read."""

    header: SealedHeader
    chunks: Chunks
    leaves: bytes

    @property
    def sections(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(section.name for section in self.header.sections)

    def length(self, name: str) -> int:
        """Bytes of a section. Raises `WrongInput` where there is none of this name."""
        return self._span(name).length

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """Part of a section; only its chunks are decrypted.

        Raises:
            WrongInput: there is no such section, or it does not reach that far.
            DecryptionFailed: a chunk was changed.
        """
        span, chunk_bytes = self._span(name), self.header.chunk_bytes
        length = span.length - start if length is None else length
        if start < 0 or length < 0 or start + length > span.length:
            raise WrongInput(
                f"Section '{name}' has {span.length} bytes; {start} .. {start + length} were asked for.", name=name
            )
        first = min(start // chunk_bytes, span.chunks - 1)
        count = max(1, -(-(start + length) // chunk_bytes) - first)
        out = np.empty(self.chunks.size(span, first, count), np.uint8)
        self._open(span, first, count, out)
        skipped = start - first * chunk_bytes
        return out[skipped : skipped + length].tobytes()

    def pieces(self, name: str) -> Iterator[memoryview]:
        """A section piece by piece, each checked before it is given. The memory of a piece is used again for the next.

        Raises `WrongInput`, `DecryptionFailed`.
        """
        span = self._span(name)
        step = max(1, _PIECE_BYTES // self.header.chunk_bytes)
        memory = np.empty(step * self.header.chunk_bytes, np.uint8)
        for first in range(0, span.chunks, step):
            count = min(step, span.chunks - first)
            piece = memory[: self.chunks.size(span, first, count)]
            self._open(span, first, count, piece)
            yield piece.data

    def read_into(self, name: str, memory: memoryview) -> None:
        """A whole section into memory of the caller's, which is as long.

        Raises `WrongInput`, `DecryptionFailed`: then the memory holds right chunks, or zeros.
        """
        span = self._span(name)
        if memory.nbytes != span.length:
            raise WrongInput(
                f"Section '{name}' has {span.length} bytes; the memory for it has {memory.nbytes}.",
                name=name,
                expected=span.length,
                got=memory.nbytes,
            )
        self._open(span, 0, span.chunks, np.frombuffer(memory, np.uint8))

    def verify(self) -> None:
        """Decrypts and checks every chunk, and keeps none. Raises `DecryptionFailed`."""
        for name in self.sections:
            for _ in self.pieces(name):
                pass

    @contextlib.contextmanager
    def in_memory(self, name: str) -> Iterator[Path]:
        """A whole section as a file that lies in memory only (memfd), for code that reads files; gone with the block.

        The memory may be swapped out unless the system has no swap.

        Raises `WrongInput`, `DecryptionFailed`.
        """
        descriptor = os.memfd_create(f"zkseal-{name}", os.MFD_CLOEXEC)
        try:
            with open(descriptor, "wb", closefd=False) as stream:
                for piece in self.pieces(name):
                    stream.write(piece)
            yield Path(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)

    def _span(self, name: str) -> Span:
        for span, section in zip(self.chunks.layout.sections, self.header.sections, strict=True):
            if section.name == name:
                return span
        raise WrongInput(
            f"The sealed model has no section '{name}'; it has {', '.join(self.sections)}.",
            name=name,
            expected=", ".join(self.sections),
            got=name,
        )

    def _open(self, span: Span, first: int, count: int, out: Bytes) -> None:
        leaves = self.leaves[self.chunks.layout.leaves(span, first, count)]
        self.chunks.open(span, first, count, leaves, out)
