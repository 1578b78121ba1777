"""Runs of chunks of a mapped file, decrypted and checked into memory of the caller's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zkseal.sealed.layout import LEAF_BYTES, Body, Span

if TYPE_CHECKING:
    from zkseal._native import FileKey

__all__ = ["BATCH_BYTES", "Bytes", "Chunks"]

BATCH_BYTES = 1 << 24
"""Plaintext that goes through the core in one call, so that a signal is heard between two."""

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Chunks:
    """The body of a file under its key."""

    layout: Body
    cipher: FileKey
    body: Bytes

    def size(self, span: Span, first: int, count: int) -> int:
        """Bytes of plaintext in chunks `first` .. `first + count`."""
        whole = self.layout.header.chunk_bytes
        return min((first + count) * whole, span.length) - first * whole

    def open(self, span: Span, first: int, count: int, leaves: bytes | None, out: Bytes) -> None:
        """Decrypts chunks `first` .. `first + count` into `out`, each compared with its leaf where there are leaves.

        Raises `DecryptionFailed`; the run that failed is wiped, and those before it were right.
        """
        whole = self.layout.header.chunk_bytes
        step = max(1, BATCH_BYTES // whole)
        for done in range(0, count, step):
            run = min(step, count - done)
            ends = first + done + run == span.chunks
            sealed = self.body[self.layout.place(span, first + done, run)]
            expected = None if leaves is None else leaves[LEAF_BYTES * done : LEAF_BYTES * (done + run)]
            into = out[done * whole : (done + run) * whole]
            self.cipher.open(span.number, first + done, ends, whole, sealed, expected, into)
