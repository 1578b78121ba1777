"""A folder of proving keys on a machine of a cluster, each under the digest of its file.

Keys arrive in chunks and take their name when all of a file is there and has the digest. They hold the weights of a
model: the folder is its owner's only, and what an executor brought it removes when it is closed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from zkseal.errors import DigestMismatch, FileUnavailable, OutOfDisk
from zkseal.files.atomic import FULL
from zkseal.files.container import mapped

__all__ = ["KeyFolder", "default_folder"]


def default_folder() -> Path:
    """`$XDG_CACHE_HOME/zkseal/keys`, or `~/.cache/zkseal/keys`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "zkseal" / "keys"


class KeyFolder:
    """The keys in one folder, as one process sees and brings them.

    Raises:
        FileUnavailable: the folder cannot be made, or others may write to it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._checked: set[bytes] = set()
        self._arriving: tuple[bytes, Path, int] | None = None
        with _typed(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            found = folder.stat()
        if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise FileUnavailable(
                f"The folder of keys '{folder}' is not its user's alone. Change its mode to 0700, or name another.",
                path=str(folder),
                reason="mode",
            )

    def path(self, digest: bytes) -> Path:
        """Where the key of this digest is, or will be."""
        return self._folder / f"{digest.hex()}.zkp"

    def has(self, digest: bytes) -> bool:
        """Whether it is there. Its digest is checked when it is first asked for; a damaged file is removed."""
        if digest in self._checked and self.path(digest).exists():
            return True
        if not self.path(digest).exists():
            return False
        if hashlib.sha256(mapped(self.path(digest))).digest() != digest:
            self.path(digest).unlink(missing_ok=True)
            return False
        self._checked.add(digest)
        return True

    def begin(self, digest: bytes) -> None:
        """The chunks that follow are of this key. Raises `FileUnavailable`, `OutOfDisk`."""
        self._give_up()
        part = self._folder / f".{digest.hex()}.{secrets.token_hex(6)}.part"
        with _typed(part):
            self._arriving = digest, part, os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def add(self, chunk: bytes) -> None:
        """The next chunk. Raises `FileUnavailable`, `OutOfDisk`."""
        assert self._arriving is not None, "no key has begun"
        view = memoryview(chunk)
        with self._whole_or_not(), _typed(self._arriving[1]):
            while view:
                view = view[os.write(self._arriving[2], view) :]

    def finish(self) -> None:
        """All of it has come. Raises `DigestMismatch`, `FileUnavailable`, `OutOfDisk`."""
        assert self._arriving is not None, "no key has begun"
        digest, part, descriptor = self._arriving
        with self._whole_or_not(), _typed(part):
            os.fsync(descriptor)
            if hashlib.sha256(mapped(part)).digest() != digest:
                raise DigestMismatch(
                    f"What was sent is not the proving key {digest.hex()[:16]}. Submit the task again.",
                    path=str(self.path(digest)),
                    where="the whole file",
                )
            os.replace(part, self.path(digest))
        os.close(descriptor)
        self._arriving = None
        self._checked.add(digest)

    @contextlib.contextmanager
    def _whole_or_not(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._give_up()
            raise

    def _give_up(self) -> None:
        if self._arriving is not None:
            _, part, descriptor = self._arriving
            self._arriving = None
            os.close(descriptor)
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def _typed(path: Path) -> Iterator[None]:
    """What the system refuses, as an error of ours."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            text = f"No space is left to write '{path}'. Free some, or name another folder of keys."
            raise OutOfDisk(text, path=str(path)) from error
        reason = error.strerror or str(error)
        text = f"Cannot write '{path}': {reason}. Name another folder of keys."
        raise FileUnavailable(text, path=str(path), reason=reason) from error
