"""Blobs in a bucket of anything that speaks S3, by boto3.

What is put is ciphertext, and is spooled on this machine until its digest is known. Credentials come from where boto3
looks for them: environment, files, roles.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import time
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from zkseal.errors import DigestMismatch, MissingDependency, OutOfDisk, StorageUnavailable
from zkseal.files.atomic import FULL
from zkseal.service.artifacts.store import BLOB_NAME, CHUNK_BYTES, Blob, missing_blob

__all__ = ["S3Store"]

_SPOOL_BYTES = 8 << 20
_OPTIONS = {"endpoint", "region"}


class S3Store:
    """See `ArtifactStore`. Many machines may use one bucket and prefix."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        """Of a client of boto3; see `open`."""
        self._client = client
        self.bucket = bucket
        self.prefix = prefix

    def __repr__(self) -> str:
        return f"S3Store({self.bucket!r}, {self.prefix!r})"

    @staticmethod
    def open(url: str) -> S3Store:
        """The store at `s3://bucket/prefix?endpoint=..&region=..`. Raises `StorageUnavailable`, `MissingDependency`."""
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise MissingDependency(
                "An S3 store needs boto3. Install it: pip install 'zkseal[s3]'.", package="boto3"
            ) from error
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        if not parts.netloc or "@" in parts.netloc or not set(options) <= _OPTIONS:
            raise StorageUnavailable(
                "An S3 store is written s3://bucket/prefix?endpoint=https://host&region=name, without credentials.",
                store="artifacts",
                reason="URL",
            )
        config = Config(
            connect_timeout=5, read_timeout=60, retries={"max_attempts": 5, "mode": "standard"}, max_pool_connections=32
        )
        with _typed(parts.netloc):
            # A session of its own: the default one keeps the credentials that were there first.
            client = boto3.session.Session().client(
                "s3", endpoint_url=options.get("endpoint"), region_name=options.get("region"), config=config
            )
        prefix = parts.path.strip("/")
        store = S3Store(client, parts.netloc, f"{prefix}/" if prefix else "")
        store.check()
        return store

    def put(self, chunks: Iterable[bytes]) -> Blob:
        """See `ArtifactStore.put`."""
        digest, size = hashlib.sha256(), 0
        with tempfile.SpooledTemporaryFile(_SPOOL_BYTES) as spool:
            try:
                for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    spool.write(chunk)
                spool.seek(0)
            except OSError as error:
                if error.errno not in FULL:
                    raise
                raise OutOfDisk("No space is left to spool an artifact. Free some space.", path="spool") from error
            name = digest.hexdigest()
            with _typed(self.bucket):
                self._client.upload_fileobj(spool, self.bucket, self._key(name))
        return Blob(name, size)

    def read(self, name: str) -> Iterator[bytes]:
        """See `ArtifactStore.read`."""
        digest = hashlib.sha256()
        with _typed(self.bucket, name):
            body = self._client.get_object(Bucket=self.bucket, Key=self._key(name))["Body"]
        with contextlib.closing(body):
            chunks = body.iter_chunks(CHUNK_BYTES)
            while True:
                with _typed(self.bucket):
                    chunk = next(chunks, None)
                if chunk is None:
                    break
                digest.update(chunk)
                yield chunk
        if digest.hexdigest() != name:
            raise DigestMismatch(f"Blob {name} was changed in its bucket. Restore it.", path=self._key(name))

    def delete(self, name: str) -> None:
        """See `ArtifactStore.delete`."""
        with _typed(self.bucket):
            self._client.delete_object(Bucket=self.bucket, Key=self._key(name))

    def names(self, *, older_than_s: float) -> Iterator[str]:
        """See `ArtifactStore.names`."""
        before = time.time() - older_than_s
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix))
        while True:
            with _typed(self.bucket):
                page = next(pages, None)
            if page is None:
                return
            for entry in page.get("Contents", ()):
                name = entry["Key"].removeprefix(self.prefix)
                if BLOB_NAME.fullmatch(name) and entry["LastModified"].timestamp() <= before:
                    yield name

    def clean(self, *, older_than_s: float) -> None:
        """See `ArtifactStore.clean`: uploads in parts that were not ended."""
        before = time.time() - older_than_s
        with _typed(self.bucket):
            found = self._client.list_multipart_uploads(Bucket=self.bucket, Prefix=self.prefix)
            for upload in found.get("Uploads", ()):
                if upload["Initiated"].timestamp() <= before:
                    self._client.abort_multipart_upload(
                        Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )

    def check(self) -> None:
        """See `ArtifactStore.check`."""
        with _typed(self.bucket):
            self._client.head_bucket(Bucket=self.bucket)

    def _key(self, name: str) -> str:
        if not BLOB_NAME.fullmatch(name):
            raise missing_blob(name)
        return self.prefix + name


@contextlib.contextmanager
def _typed(bucket: str, name: str | None = None) -> Iterator[None]:
    """Errors of boto3 as errors of ours. Their texts stay out: they quote URLs, and what a server said."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error, ValueError) as error:
        cause = error.__context__ if isinstance(error, Boto3Error) else error
        code = cause.response.get("Error", {}).get("Code", "") if isinstance(cause, ClientError) else ""
        if name is not None and code in ("NoSuchKey", "404", "NotFound"):
            raise missing_blob(name) from error
        if code in ("InsufficientStorage", "507", "XMinioStorageFull", "QuotaExceeded"):
            raise OutOfDisk(f"No space is left in bucket '{bucket}'. Make room in it.", path=bucket) from error
        reason = code or type(error).__name__
        raise StorageUnavailable(
            f"Bucket '{bucket}' does not answer as it should ({reason}). Check its endpoint, region and credentials.",
            store="artifacts",
            reason=reason,
        ) from error
