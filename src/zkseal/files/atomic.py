"""Writing files so that they are there whole or not at all.

The bytes go to a temporary file in the same folder, are flushed to the disk, and take the name in one step. Whatever
goes wrong before that step, Ctrl-C included, the temporary file is removed and a file of that name stays as it was.
Files that belong together (a receipt and its opening) take their names when the last of them is on the disk.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import signal
import stat
import threading
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path

from zkseal.errors import FileUnavailable, OutOfDisk, ResourceLimit

__all__ = ["FULL", "flush_folder", "together", "write_atomically"]

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Numbers of errors that mean: no space is left."""
_SECRET_MODE = 0o600
_WRITE_BYTES = 1 << 24

_Written = list[tuple[Path, Path]]
"""Temporary file and target of files that wait for their names."""

_WAITING: ContextVar[_Written | None] = ContextVar("files that are written together", default=None)


def write_atomically(path: str | os.PathLike[str], chunks: Iterable[bytes | memoryview], *, secret: bool) -> None:
    """Replaces the file `path` by the concatenated chunks, in one step.

    A secret file is readable by its owner only (mode 0600), from its first byte on.

    Raises:
        OutOfDisk: the disk is full, or a quota or size limit is reached.
        FileUnavailable: the folder does not exist or cannot be written to, or the path is a folder or a device.
    """
    target = Path(path)
    waiting = _WAITING.get()
    _require_replaceable(target, waiting or [])
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
    try:
        # An interrupt may come between any two steps, so that the temporary file is made inside.
        _fill(temporary, chunks, secret)
        if waiting is None:
            os.replace(temporary, target)
        else:
            waiting.append((temporary, target))
    except BaseException as error:
        _remove(temporary)
        if isinstance(error, OSError):
            raise _typed(error, target) from error
        raise
    if waiting is None:
        flush_folder(target.parent)


@contextlib.contextmanager
def together() -> Iterator[None]:
    """Files written inside get their names when the block ends, all of them. If it fails, nothing was changed.

    Raises:
        OutOfDisk, FileUnavailable: see `write_atomically`.
    """
    waiting: _Written = []
    token = _WAITING.set(waiting)
    try:
        yield
        with _uninterrupted():
            for temporary, target in waiting:
                try:
                    os.replace(temporary, target)
                except OSError as error:
                    raise _typed(error, target) from error
    except BaseException:
        for temporary, _ in waiting:
            _remove(temporary)
        raise
    finally:
        _WAITING.reset(token)
    for folder in {target.parent for _, target in waiting}:
        flush_folder(folder)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until the block is done. They interrupt the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    before = {
        number: signal.signal(number, lambda number, frame: arrived.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            # None: a handler that was not installed from Python and cannot be put back from here.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for late in arrived:
            signal.raise_signal(late)


def _require_replaceable(target: Path, waiting: _Written) -> None:
    """Refuses what must not be replaced by a file: folders, devices, pipes, and a file just written beside."""
    reason = None
    with contextlib.suppress(OSError):
        if not stat.S_ISREG(os.stat(target).st_mode):
            reason = "it is not an ordinary file"
    if any(target == other for _, other in waiting):
        reason = "another result gets this name"
    if reason is not None:
        raise FileUnavailable(
            f"Cannot write '{target}': {reason}. Choose another name.", path=str(target), reason=reason
        )


def _fill(temporary: Path, chunks: Iterable[bytes | memoryview], secret: bool) -> None:
    """Makes the file `temporary` and brings the chunks to the disk."""
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _SECRET_MODE)
    try:
        for chunk in chunks:
            _write_all(descriptor, memoryview(chunk).cast("B"))
        if not secret:
            os.fchmod(descriptor, 0o666 & ~_umask())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(temporary: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(temporary)


def _write_all(descriptor: int, view: memoryview) -> None:
    """Writes in pieces, so that a signal is heard between them."""
    while view:
        view = view[os.write(descriptor, view[:_WRITE_BYTES]) :]


def _umask() -> int:
    """The process's file mode mask. There is no way to read it but to set it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def flush_folder(folder: Path) -> None:
    """Makes the new name durable. Not every file system can; the file itself is on the disk already."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _typed(error: OSError, path: Path) -> ResourceLimit:
    if error.errno in FULL:
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
