"""The order in which a process gives up what it could do, and the list of what it did.

Three steps, each possible only before the next::

    isolate    one thread, nothing imported yet: namespaces, a child in them, no privileges, files read-only
    .. imports: from the folders that are still readable
    lock       memory locked, no capabilities, no files at all, the filter of system calls
    .. work

A mechanism that the kernel or a container does not offer is left out and named (`Isolation.missing`); whoever appraises
the sandbox sees which ones are on.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from zkseal.enclave.isolation import landlock, namespaces, process_limits, seccomp
from zkseal.enclave.isolation.libc import MECHANISM_MISSING

__all__ = ["MECHANISMS", "Isolation", "code_folders", "isolate", "lock"]

MECHANISMS = (
    "user-namespace",
    *namespaces.NAMESPACES,
    "read-only-mounts",
    "no-core-dump",
    "not-dumpable",
    "no-new-privileges",
    "landlock",
    "locked-memory",
    "no-capabilities",
    "no-files",
    "seccomp",
)
"""Every mechanism, in the order in which they are applied."""

_MOST_DESCRIPTORS = 4096
_SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/usr/local/lib")


@dataclass
class Isolation:
    """What is on, and what this machine does not offer.

    Attributes:
        on: names of `MECHANISMS`.
        missing: the reason by name.
    """

    on: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def apply(self, name: str, mechanism: Callable[[], object]) -> bool:
        """Whether it is on now."""
        try:
            mechanism()
        except MECHANISM_MISSING as error:
            self.missing[name] = error.strerror or str(error)
            return False
        self.on.append(name)
        return True


def code_folders() -> list[Path]:
    """Where Python and its libraries are: all that has to be readable while they are imported."""
    package = Path(__file__).resolve().parents[2]
    named = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *_SYSTEM_LIBRARIES]
    named += [entry for entry in sys.path if entry and os.path.isdir(entry)]
    # A folder on the path that holds our sources holds other things too: the package itself is enough.
    folders = [Path(entry).resolve() for entry in named if Path(entry).resolve() != package.parent]
    return list(dict.fromkeys([package, *folders]))


def isolate() -> Isolation:
    """The first step. Returns in a child process that has it; the process that called only waits for it.

    The child dies with its parent, and the parent ends as its child does.
    """
    isolation = Isolation()
    process_limits.raise_lock_limit()
    isolation.apply("user-namespace", namespaces.own_user)
    for name in namespaces.NAMESPACES:
        isolation.apply(name, lambda name=name: namespaces.enter(name))  # type: ignore[misc]
    if "mount-namespace" in isolation.on:
        isolation.apply("read-only-mounts", lambda: namespaces.read_only_mounts(tuple(code_folders())))
    else:
        isolation.missing["read-only-mounts"] = "no mount namespace"
    isolation.apply("no-core-dump", process_limits.forbid_core_dumps)
    parent = os.getpid()
    child = os.fork()
    if child:
        _end_like(child)
    with contextlib.suppress(OSError):
        process_limits.die_with_parent()
    # In a namespace of its own the parent's number is 0. In ours: if it died before the line above, so do we.
    if os.getppid() not in (0, parent):
        os._exit(1)
    isolation.apply("not-dumpable", process_limits.forbid_tracing)
    isolation.apply("no-new-privileges", process_limits.forbid_new_privileges)
    isolation.apply("landlock", lambda: landlock.restrict_to_reading(code_folders()))
    return isolation


def lock(isolation: Isolation) -> None:
    """The last step: after it only what is in memory is there, and the descriptors that are open."""
    isolation.apply("locked-memory", process_limits.lock_memory)
    isolation.apply("no-capabilities", process_limits.without_capabilities)
    isolation.apply("no-files", lambda: landlock.restrict_to_reading(()))
    isolation.apply("seccomp", seccomp.install)


def _end_like(child: int) -> NoReturn:
    """Waits for the child with nothing in hand, and ends with its status."""
    os.closerange(0, _MOST_DESCRIPTORS)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, frame: os.kill(child, signal.SIGKILL))
    while True:
        with contextlib.suppress(InterruptedError):
            _, status = os.waitpid(child, 0)
            code = os.waitstatus_to_exitcode(status)
            # Of a signal as shells write it.
            os._exit(code if code >= 0 else 128 - code)
