"""Memory for a model: no file has it, and where the kernel can, nobody but the process maps it.

`memfd_secret(2)` takes the pages out of the kernel's own map: not even `/proc/PID/mem` shows them. Where it is missing,
an anonymous file (`memfd_create(2)`), left out of core dumps, takes its place.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass

from zkseal.enclave.isolation.libc import call

__all__ = ["PrivateMemory"]

_CLOSE_ON_EXEC = 0x80000


@dataclass(frozen=True)
class PrivateMemory:
    """Bytes that are in no file.

    Attributes:
        secret: the kernel keeps them to this process.
    """

    data: mmap.mmap
    secret: bool

    @staticmethod
    def allocate(size: int) -> PrivateMemory:
        """Zeros, to be filled. Raises `OSError`: there is no memory, or the limit of locked memory is too small."""
        try:
            return PrivateMemory(_mapped(call("memfd_secret", _CLOSE_ON_EXEC), size), True)
        except OSError:
            return PrivateMemory(_mapped(os.memfd_create("model", os.MFD_CLOEXEC), size), False)

    def view(self) -> memoryview:
        """The bytes, read-only, for as long as somebody holds the view."""
        return memoryview(self.data).toreadonly()


def _mapped(descriptor: int, size: int) -> mmap.mmap:
    try:
        os.ftruncate(descriptor, size)
        data = mmap.mmap(descriptor, size, mmap.MAP_SHARED)
        data.madvise(mmap.MADV_DONTDUMP)
        return data
    finally:
        os.close(descriptor)
