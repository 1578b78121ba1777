"""Blobs in a folder of this machine: `ab/abcd..`, written to a temporary file, flushed, then given its name."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from zkseal.errors import DigestMismatch, FileUnavailable, OutOfDisk
from zkseal.files.atomic import FULL, flush_folder
from zkseal.service.artifacts.store import BLOB_NAME, CHUNK_BYTES, Blob, missing_blob

__all__ = ["DirectoryStore"]

_INCOMING = "incoming"


class DirectoryStore:
    """See `ArtifactStore`. Several processes may use one folder."""

    def __init__(self, folder: Path) -> None:
        """Of a folder that `open` made ready."""
        self.folder = folder
        self._incoming = folder / _INCOMING

    def __repr__(self) -> str:
        return f"DirectoryStore({str(self.folder)!r})"

    @staticmethod
    def open(folder: Path, *, create: bool = False) -> DirectoryStore:
        """The store in a folder that only its owner may read. Raises `FileUnavailable`."""
        store = DirectoryStore(folder)
        with _typed(folder):
            if create:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            store._incoming.mkdir(mode=0o700, exist_ok=True)
        return store

    def put(self, chunks: Iterable[bytes]) -> Blob:
        """See `ArtifactStore.put`."""
        temporary = self._incoming / secrets.token_hex(16)
        digest, size = hashlib.sha256(), 0
        try:
            with _typed(self.folder):
                with open(temporary, "xb", opener=_private) as file:
                    for chunk in chunks:
                        digest.update(chunk)
                        size += len(chunk)
                        file.write(chunk)
                    file.flush()
                    os.fsync(file.fileno())
                target = self._path(digest.hexdigest())
                if not target.parent.is_dir():
                    target.parent.mkdir(mode=0o700, exist_ok=True)
                    flush_folder(self.folder)
                os.replace(temporary, target)
                flush_folder(target.parent)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        return Blob(digest.hexdigest(), size)

    def read(self, name: str) -> Iterator[bytes]:
        """See `ArtifactStore.read`."""
        digest = hashlib.sha256()
        with _typed(self.folder):
            try:
                file = open(self._path(name), "rb")  # noqa: SIM115 - closed below
            except FileNotFoundError as error:
                raise missing_blob(name) from error
        with file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
                yield chunk
        if digest.hexdigest() != name:
            raise DigestMismatch(f"Blob {name} was changed on the disk. Restore it.", path=str(self._path(name)))

    def delete(self, name: str) -> None:
        """See `ArtifactStore.delete`."""
        with _typed(self.folder):
            self._path(name).unlink(missing_ok=True)

    def names(self, *, older_than_s: float) -> Iterator[str]:
        """See `ArtifactStore.names`."""
        before = time.time() - older_than_s
        with _typed(self.folder):
            for entry in self.folder.glob("??/*"):
                if BLOB_NAME.fullmatch(entry.name) and _written_before(entry, before):
                    yield entry.name

    def clean(self, *, older_than_s: float) -> None:
        """See `ArtifactStore.clean`."""
        before = time.time() - older_than_s
        with _typed(self.folder):
            for entry in self._incoming.iterdir():
                if _written_before(entry, before):
                    entry.unlink(missing_ok=True)

    def check(self) -> None:
        """See `ArtifactStore.check`."""
        with _typed(self.folder):
            os.stat(self._incoming)

    def _path(self, name: str) -> Path:
        if not BLOB_NAME.fullmatch(name):
            raise missing_blob(name)
        return self.folder / name[:2] / name


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _written_before(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime <= moment
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _typed(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise OutOfDisk(
                f"No space is left in the artifact store '{folder}'; nothing was kept. Free some space.",
                path=str(folder),
            ) from error
        reason = error.strerror or str(error)
        raise FileUnavailable(
            f"The artifact store '{folder}' cannot be used: {reason}. Make the folder, or name another one.",
            path=str(folder),
            reason=reason,
        ) from error
