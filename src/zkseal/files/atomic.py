"""Writing a file so that it is there whole or not at all.

The bytes go to a temporary file in the same folder, are flushed to the disk, and take the name in one step. Whatever
goes wrong before that step, Ctrl-C included, the temporary file is removed and a file of that name stays as it was.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from zkseal.errors import FileUnavailable, OutOfDisk, ResourceLimit

__all__ = ["write_atomically"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SECRET_MODE = 0o600
_WRITE_BYTES = 1 << 24


def write_atomically(path: str | os.PathLike[str], chunks: Iterable[bytes | memoryview], *, secret: bool) -> None:
    """Replaces the file `path` by the concatenated chunks, in one step.

    A secret file is readable by its owner only (mode 0600), from its first byte on.

    Raises:
        OutOfDisk: the disk is full, or a quota or size limit is reached.
        FileUnavailable: the folder does not exist or cannot be written to.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _SECRET_MODE)
    except OSError as error:
        raise _typed(error, target) from error
    try:
        try:
            for chunk in chunks:
                _write_all(descriptor, memoryview(chunk).cast("B"))
            if not secret:
                os.fchmod(descriptor, 0o666 & ~_umask())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            raise _typed(error, target) from error
        raise
    _flush_folder(target.parent)


def _write_all(descriptor: int, view: memoryview) -> None:
    """Writes in pieces, so that a signal is heard between them."""
    while view:
        view = view[os.write(descriptor, view[:_WRITE_BYTES]) :]


def _umask() -> int:
    """The process's file mode mask. There is no way to read it but to set it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _flush_folder(folder: Path) -> None:
    """Makes the new name durable. Not every file system can; the file itself is on the disk already."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _typed(error: OSError, path: Path) -> ResourceLimit:
    if error.errno in _FULL:
        return OutOfDisk(
            f"No space is left to write '{path}'; nothing was changed. Free some space or choose another folder.",
            path=str(path),
        )
    reason = error.strerror or str(error)
    return FileUnavailable(
        f"Cannot write '{path}': {reason}. Choose a folder that exists and may be written to.",
        path=str(path),
        reason=reason,
    )
