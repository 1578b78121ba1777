"""Landlock: which files a process can reach, decided by itself and never taken back (landlock(7)).

Rules name folders that may be read; everything else of the file system is refused, writing everywhere. From its fourth
version on it also refuses TCP, from its sixth signals and abstract sockets to the outside.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from zkseal.enclave.isolation.libc import call

__all__ = ["abi_version", "restrict_to_reading"]

_VERSION_FLAG, _PATH_BENEATH = 1, 1
READ_FILE, READ_DIRECTORY = 1 << 2, 1 << 3

# Rights over files that each version of the interface knows: 13 in the first, then refer, truncate, ioctl on devices.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_TCP_BOTH, _SCOPES_BOTH = 0b11, 0b11


def abi_version() -> int:
    """Of this kernel. Raises `OSError` where there is no Landlock."""
    return call("landlock_create_ruleset", None, 0, _VERSION_FLAG)


def restrict_to_reading(paths: Iterable[Path]) -> int:
    """From now on the thread that calls this, and those that it starts, read below `paths` and reach nothing else.

    Files that are open already stay usable. A path that is not there is left out.

    Returns:
        the version of the interface.

    Raises:
        OSError: the kernel has no Landlock, or `forbid_new_privileges` was not called.
    """
    version = abi_version()
    handled = (1 << _RIGHTS[min(version, max(_RIGHTS))]) - 1
    network = _TCP_BOTH if version >= 4 else 0
    scopes = _SCOPES_BOTH if version >= 6 else 0
    # Older kernels take a longer description if what they do not know in it is zero.
    described = struct.pack("=QQQ", handled, network, scopes)
    ruleset = call("landlock_create_ruleset", described, len(described), 0)
    try:
        for path in paths:
            _allow(ruleset, path)
        call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)
    return version


def _allow(ruleset: int, path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EACCES, errno.ENOTDIR):
            return
        raise
    try:
        rights = READ_FILE | READ_DIRECTORY if path.is_dir() else READ_FILE
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, descriptor))
        call("landlock_add_rule", ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)
