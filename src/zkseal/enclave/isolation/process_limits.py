"""Limits of one process: nothing is dumped, swapped, traced, or gained by starting another program."""

from __future__ import annotations

import ctypes
import resource
import signal
import struct

from zkseal.enclave.isolation.libc import call, prctl

__all__ = [
    "die_with_parent",
    "forbid_core_dumps",
    "forbid_new_privileges",
    "forbid_tracing",
    "lock_memory",
    "raise_lock_limit",
    "without_capabilities",
]

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63


def forbid_core_dumps() -> None:
    """No core file, whatever happens: neither the soft nor the hard limit lets it come back."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def forbid_tracing() -> None:
    """Not dumpable: no core by a pipe of the kernel either, and no ptrace, /proc/PID/mem or maps of the same user.

    Whoever has CAP_SYS_PTRACE over this process may still trace it: only hardware keeps out the owner of the machine.
    """
    prctl(PR_SET_DUMPABLE, 0)


def forbid_new_privileges() -> None:
    """Programs that are started gain nothing. Landlock and seccomp want it."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def die_with_parent() -> None:
    """The kernel kills this process when the thread that made it ends."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def raise_lock_limit() -> None:
    """Lets memory be locked without a bound, as far as this process may say so. Raises nothing."""
    hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
    for limit in (resource.RLIM_INFINITY, hard):
        try:
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))
        except (OSError, ValueError):
            continue
        return


def lock_memory() -> None:
    """Nothing of this process is swapped, now and later.

    Raises:
        OSError: the limit is below what a model may need. Locked all the same, the next allocation would fail.
    """
    soft = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    if soft != resource.RLIM_INFINITY:
        raise OSError(f"RLIMIT_MEMLOCK allows {soft} bytes")
    call("mlockall", MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)


def without_capabilities() -> None:
    """Gives up every capability, also those of a root user in a namespace of its own. Raises `OSError`."""
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            # Beyond the last one that this kernel knows, or not ours to drop: the sets below are what counts.
            break
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0))
    call("capset", header, ctypes.create_string_buffer(bytes(24), 24))
