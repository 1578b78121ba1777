"""The C library, by ctypes: system calls that Python has no function for.

Numbers differ between x86-64 and arm64 below 424 and agree from there on.
"""

from __future__ import annotations

import ctypes
import os
import platform

__all__ = ["ARCHITECTURES", "MECHANISM_MISSING", "call", "machine", "prctl", "require_linux"]

ARCHITECTURES = ("x86_64", "aarch64")

_LIBC = ctypes.CDLL(None, use_errno=True)

# Calls that this package makes itself; those that a filter names are in `syscalls`.
_NUMBERS: dict[str, dict[str, int]] = {
    "x86_64": {"mount": 165, "seccomp": 317, "capset": 126, "mlockall": 151, "unshare": 272},
    "aarch64": {"mount": 40, "seccomp": 277, "capset": 91, "mlockall": 230, "unshare": 97},
}
_SHARED = {
    "mount_setattr": 442,
    "landlock_create_ruleset": 444,
    "landlock_add_rule": 445,
    "landlock_restrict_self": 446,
    "memfd_secret": 447,
}

MECHANISM_MISSING = OSError
"""What a mechanism raises where the kernel, or the container that this runs in, has it not."""


def machine() -> str:
    """`x86_64` or `aarch64`. Raises `OSError` for another one: its numbers are not known here."""
    name = platform.machine()
    if name not in ARCHITECTURES:
        raise OSError(f"system calls of {name} are not known")
    return name


def require_linux() -> None:
    """Raises `OSError` elsewhere."""
    if platform.system() != "Linux":
        raise OSError(f"{platform.system()} has no such mechanism")


def call(name: str, *arguments: object) -> int:
    """A system call. Raises `OSError`, named after the call."""
    require_linux()
    number = _SHARED[name] if name in _SHARED else _NUMBERS[machine()][name]
    converted = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result: int = _LIBC.syscall(ctypes.c_long(number), *converted)
    return _checked(result, name)


def prctl(option: int, value: int = 0) -> int:
    """`prctl(2)` with one argument. Raises `OSError`."""
    require_linux()
    rest = [ctypes.c_ulong(0)] * 3
    return _checked(int(_LIBC.prctl(ctypes.c_int(option), ctypes.c_ulong(value), *rest)), "prctl")


def _checked(result: int, name: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result
