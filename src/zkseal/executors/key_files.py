"""Proving keys by the digest of their files: what workers load, and what a coordinator has to know of them.

A key is never sent as an object. Workers map the file that has the digest; where a machine lacks it, its bytes are sent
(`ray_cluster`) and checked against the digest before they are used.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from zkseal.errors import DigestMismatch
from zkseal.files.container import FileKind, identify, mapped, read_sections
from zkseal.files.kinds import PROVING_KEY, SEGMENT_KEY
from zkseal.pipeline import Interface
from zkseal.proving import Layout, VerifyingKey, lay_out, predict

__all__ = ["DIGEST_BYTES", "KeyCache", "KeyFile", "LoadedKey", "kind_of", "require_digest"]

DIGEST_BYTES = 32


@dataclass(frozen=True)
class KeyFile:
    """A proving key on the disk.

    Attributes:
        digest: SHA-256 of the file, 32 bytes: what the key is called between processes.
        path: where it is, on this machine.
    """

    digest: bytes
    path: Path

    @staticmethod
    def of(path: str | os.PathLike[str]) -> KeyFile:
        """The key in a file. Raises `FileUnavailable`."""
        return KeyFile(hashlib.sha256(mapped(Path(path))).digest(), Path(path))


@dataclass(frozen=True, eq=False)
class LoadedKey:
    """The public part of a key file: what results of workers are verified with; and how large the file is."""

    verifying_key: VerifyingKey
    file_bytes: int

    @staticmethod
    def read(key: KeyFile) -> LoadedKey:
        """Raises `FileUnavailable`, `DecodeError`, `ModelProofRejected`."""
        contents = mapped(key.path)
        require_digest(contents, key.digest, key.path)
        sections = read_sections(key.path, contents, kind_of(key.path))
        return LoadedKey(VerifyingKey(bytes(sections["verifying key"])), len(contents))

    @cached_property
    def interface(self) -> Interface:
        """Inputs and outputs of the model."""
        return Interface.of(self.verifying_key.relation)

    @cached_property
    def _layout(self) -> Layout:
        key = self.verifying_key
        return lay_out(key.core.relation, key.row_bits, key.scheme)

    def predicted_ms(self, cores: int) -> float:
        """How long a proof takes on this many cores."""
        return predict(self.verifying_key.relation, self._layout, cores=cores).prove_ms


def kind_of(path: Path) -> FileKind:
    """Of a model, or of one segment of a model. Raises `FileUnavailable`, `WrongFileKind`."""
    return identify(path, (PROVING_KEY, SEGMENT_KEY))


def require_digest(contents: memoryview, digest: bytes, path: Path) -> None:
    """Raises `DigestMismatch` if the contents of a file are not those that were meant."""
    if hashlib.sha256(contents).digest() != digest:
        raise DigestMismatch(
            f"'{path}' is not the proving key {digest.hex()[:16]}: it was changed, or replaced. Submit the task with "
            "the digest of the file that is there.",
            path=str(path),
            where="the whole file",
        )


@dataclass
class KeyCache:
    """The public parts of the keys that were used last."""

    size: int = 32
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _keys: OrderedDict[bytes, LoadedKey] = field(default_factory=OrderedDict)

    def load(self, key: KeyFile) -> LoadedKey:
        """From the cache, or from the file. Raises as `LoadedKey.read`."""
        with self._lock:
            found = self._keys.get(key.digest)
            if found is not None:
                self._keys.move_to_end(key.digest)
                return found
        # Two threads may read the same file at the same time: slower, not wrong.
        read = LoadedKey.read(key)
        with self._lock:
            self._keys[key.digest] = read
            while len(self._keys) > self.size:
                self._keys.popitem(last=False)
        return read
