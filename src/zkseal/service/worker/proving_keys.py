"""Proving keys opened for the processes that prove: in memory only, never on the disk in the clear.

A key is decrypted into an anonymous file of memory (`memfd_create`), sealed against changes. Child processes of the
same user map it by its path under /proc; when this process ends, however it ends, nothing of it is left.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from zkseal.errors import DigestMismatch, FileUnavailable, NotFound, OutOfDisk
from zkseal.executors import KeyFile, SegmentedKeyFiles
from zkseal.files import segmented_head_in
from zkseal.files.container import mapped
from zkseal.service.artifacts import Vault
from zkseal.service.jobs import Claim

__all__ = ["ProvingKeys"]

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


@dataclass
class _Opened:
    """A key in memory. `users` are jobs that it is lent to."""

    descriptor: int
    digest: bytes
    bytes: int
    users: int = 0
    used_at: float = field(default_factory=time.monotonic)

    def key_file(self) -> KeyFile:
        return KeyFile(self.digest, Path(f"/proc/{os.getpid()}/fd/{self.descriptor}"))


class ProvingKeys:
    """The keys that were used last. Threads share one.

    Args:
        max_bytes: of keys that are kept while no job uses them.
        max_files: of them; each takes a descriptor of the process.
        idle_s: a key that no job has used for so long is let go.
    """

    def __init__(self, vault: Vault, *, max_bytes: int = 4 << 30, max_files: int = 256, idle_s: float = 600.0) -> None:
        self._vault = vault
        self._max_bytes, self._max_files, self._idle_s = max_bytes, max_files, idle_s
        self._lock = threading.Lock()
        self._opening: dict[str, threading.Lock] = {}
        self._opened: dict[str, _Opened] = {}

    @contextlib.contextmanager
    def lent(self, claim: Claim) -> Iterator[KeyFile | SegmentedKeyFiles]:
        """The key of a job's model, for as long as the block runs; of a model in segments with all of them.

        Raises:
            NotFound: the model was deleted, or has no proving key here.
            DigestMismatch, DecryptionFailed: the stored key was changed.
            OutOfDisk: no memory is left for it.
            StorageUnavailable, FileUnavailable: the store does not give it.
        """
        with contextlib.ExitStack() as stack:
            key = stack.enter_context(self._lent(claim, claim.proving_key_artifact, claim.proving_key_digest))
            if not claim.segments:
                yield key
                return
            wanted = [self._lent(claim, segment.artifact, segment.digest) for segment in claim.segments]
            segments = tuple(stack.enter_context(lent) for lent in wanted)
            head = segmented_head_in(mapped(key.path), f"the proving key of model {claim.model_id}")
            yield SegmentedKeyFiles(head.with_segments([segment.path for segment in segments]), key, segments)

    @contextlib.contextmanager
    def _lent(self, claim: Claim, name: str | None, digest: str | None) -> Iterator[KeyFile]:
        """One file. Raises as `lent`."""
        if name is None or digest is None:
            raise NotFound(f"Model {claim.model_id} was deleted.", kind="model", name=claim.model_id)
        opened = self._borrow(name, digest, claim)
        try:
            yield opened.key_file()
        finally:
            with self._lock:
                opened.users -= 1
                opened.used_at = time.monotonic()
            self.tidy()

    def tidy(self) -> None:
        """Lets go of keys that nobody uses: those of long ago, and as many as are too many."""
        with self._lock:
            unused = sorted((o.used_at, name) for name, o in self._opened.items() if o.users == 0)
            held = sum(o.bytes for o in self._opened.values())
            for position, (used_at, name) in enumerate(unused):
                too_many = held > self._max_bytes or len(unused) - position > self._max_files
                if used_at < time.monotonic() - self._idle_s or too_many:
                    let_go = self._opened.pop(name)
                    held -= let_go.bytes
                    os.close(let_go.descriptor)

    def close(self) -> None:
        """Lets go of all keys. No job may use one any more."""
        with self._lock:
            for opened in self._opened.values():
                os.close(opened.descriptor)
            self._opened.clear()

    def _borrow(self, name: str, expected: str, claim: Claim) -> _Opened:
        with self._lock:
            mine = self._opening.setdefault(name, threading.Lock())
        # One thread decrypts; others that want the same key wait for it.
        with mine:
            with self._lock:
                found = self._opened.get(name)
                if found is not None:
                    found.users += 1
                    return found
            opened = self._open(name, expected, claim)
            with self._lock:
                opened.users += 1
                self._opened[name] = opened
                self._opening.pop(name, None)
            return opened

    def _open(self, name: str, expected: str, claim: Claim) -> _Opened:
        with _typed(claim):
            descriptor = os.memfd_create("zkseal proving key", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        digest, size = hashlib.sha256(), 0
        try:
            with _typed(claim):
                for chunk in self._vault.read(claim.tenant, name):
                    digest.update(chunk)
                    size += len(chunk)
                    _write_all(descriptor, chunk)
                fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
            if digest.hexdigest() != expected:
                raise DigestMismatch(
                    f"The stored proving key of model {claim.model_id} is not the one that was registered. Register "
                    "the model again.",
                    path=name,
                )
        except BaseException:
            os.close(descriptor)
            raise
        return _Opened(descriptor, digest.digest(), size)


def _write_all(descriptor: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]


@contextlib.contextmanager
def _typed(claim: Claim) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.ENOMEM, errno.EFBIG):
            raise OutOfDisk(
                f"No memory is left for the proving key of model {claim.model_id}. Give the worker more.", path="memory"
            ) from error
        reason = error.strerror or str(error)
        raise FileUnavailable(
            f"The proving key of model {claim.model_id} cannot be held in memory: {reason}.",
            path="memory",
            reason=reason,
        ) from error
