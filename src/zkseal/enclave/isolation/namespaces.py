"""Namespaces: a process that sees no other process, no network, no shared memory, and a file system it cannot write.

Each one is asked for by itself, so that a container that forbids one does not take the others away.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path

from zkseal.enclave.isolation.libc import call

__all__ = ["NAMESPACES", "enter", "own_user", "read_only_mounts"]

NAMESPACES: dict[str, int] = {
    "ipc-namespace": 0x08000000,
    "net-namespace": 0x40000000,
    "mount-namespace": 0x00020000,
    "pid-namespace": 0x20000000,
}
"""Flags of `unshare(2)`. The one of users comes first (`own_user`): it is what lets others make the rest."""
CLONE_NEWUSER = 0x10000000
_NOBODY = 65534

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 1 << 14, 1 << 18
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_ATTRIBUTES = 1 | 2 | 4
"""Read-only, no set-user-ID, no devices: the first three of `mount_setattr(2)`."""
_COVERED = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/proc", "/home", "/root")  # noqa: S108


def own_user() -> None:
    """A user namespace in which this process is nobody. Raises `OSError`.

    One thread only may ask for it, so this comes before anything that starts threads.
    """
    user, group = os.geteuid(), os.getegid()
    call("unshare", CLONE_NEWUSER)
    # Whoever may set no groups outside may not do so by way of a namespace: the kernel wants this said first.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_NOBODY} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{_NOBODY} {group} 1")


def enter(name: str) -> None:
    """One of `NAMESPACES`; that of process ids counts for children only. Raises `OSError`."""
    call("unshare", NAMESPACES[name])


def read_only_mounts(keep: tuple[Path, ...] = ()) -> None:
    """In a mount namespace: everything read-only, and empty where other people's files usually are.

    Args:
        keep: folders that stay visible: what the process still has to import.

    Raises:
        OSError: something cannot be mounted.
    """
    call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    for name in _COVERED:
        path = Path(name)
        if path.is_symlink() or not path.is_dir() or any(folder.is_relative_to(path) for folder in keep):
            continue
        flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
        with contextlib.suppress(OSError):
            # Some containers lock their mounts. What stays visible is read-only, and Landlock's rules hold there.
            call("mount", b"none", name.encode(), b"tmpfs", flags, b"size=4k")
    attributes = (ctypes.c_uint64 * 4)(_ATTRIBUTES, 0, 0, 0)
    call("mount_setattr", _AT_FDCWD, b"/", _AT_RECURSIVE, attributes, ctypes.sizeof(attributes))
