"""What a store of blobs does. A blob is named by the SHA-256 of its bytes, in lower-case hexadecimal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zkseal.errors import NotFound, StorageUnavailable

__all__ = ["ArtifactStore", "Blob", "missing_blob", "open_store"]

CHUNK_BYTES = 1 << 20
BLOB_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Blob:
    """A stored blob: its name, and its size in bytes."""

    name: str
    bytes: int


class ArtifactStore(Protocol):
    """Blobs by content. Used by many threads and processes at once.

    All methods raise `StorageUnavailable`, `OutOfDisk` or `FileUnavailable` where the store does not do as asked.
    """

    def put(self, chunks: Iterable[bytes]) -> Blob:
        """Keeps the concatenated chunks: durable, and whole or not at all, when it returns."""
        ...

    def read(self, name: str) -> Iterator[bytes]:
        """The blob's bytes in chunks. Raises `NotFound`; `DigestMismatch` at the end, if they were changed."""
        ...

    def delete(self, name: str) -> None:
        """Deletes the blob, if it is there."""
        ...

    def names(self, *, older_than_s: float) -> Iterator[str]:
        """Names of all blobs that were written at least so long ago, in any order."""
        ...

    def clean(self, *, older_than_s: float) -> None:
        """Removes what writers that died left half-written so long ago."""
        ...

    def check(self) -> None:
        """Returns if the store answers."""
        ...


def missing_blob(name: str) -> NotFound:
    """The error for a blob that is not there; `name` may be anything."""
    return NotFound(f"There is no blob '{name[:64]}' in the artifact store.", kind="blob", name=name[:64])


def open_store(url: str, *, create: bool = False) -> ArtifactStore:
    """The store at a path or URL.

    Args:
        url: `/folder`, or `s3://bucket/prefix?endpoint=https://host:port&region=..`; credentials come from where boto3
            looks for them (environment, files, roles), never from the URL.
        create: make the folder if it is missing.

    Raises:
        StorageUnavailable, FileUnavailable: no such folder, bucket, or kind of store.
        MissingDependency: boto3 is needed and not installed.
    """
    from zkseal.service.artifacts.directory import DirectoryStore
    from zkseal.service.artifacts.s3 import S3Store

    scheme, separator, _ = url.partition("://")
    if not separator:
        return DirectoryStore.open(Path(url), create=create)
    if scheme == "s3":
        return S3Store.open(url)
    raise StorageUnavailable(
        f"'{scheme}://' is no store that the service knows. Name a folder, or s3://bucket/prefix.",
        store="artifacts",
        reason="unknown kind of store",
    )
