"""Tries what a mechanism forbids, in a process of its own: `python attempts.py MECHANISMS ATTEMPT [ARGUMENT]`.

Prints `done`, or the name of the error. Mechanisms are applied in the order given; none is written `-`. One that this
machine does not offer is printed as `missing`.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from zkseal.enclave.isolation import isolate, landlock, lock, namespaces, process_limits, seccomp
from zkseal.enclave.isolation.libc import MECHANISM_MISSING
from zkseal.enclave.isolation.sandbox import code_folders

LIBC = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH, PTRACE_DETACH = 16, 17


def in_child(name: str) -> None:
    """A namespace of process ids counts for children: goes on in one."""
    namespaces.enter(name)
    child = os.fork()
    if child:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


MECHANISMS: dict[str, Callable[[], object]] = {
    "user-namespace": namespaces.own_user,
    "ipc-namespace": lambda: namespaces.enter("ipc-namespace"),
    "net-namespace": lambda: namespaces.enter("net-namespace"),
    "mount-namespace": lambda: namespaces.enter("mount-namespace"),
    "pid-namespace": lambda: in_child("pid-namespace"),
    "read-only-mounts": lambda: namespaces.read_only_mounts(tuple(code_folders())),
    "no-core-dump": process_limits.forbid_core_dumps,
    "not-dumpable": process_limits.forbid_tracing,
    "no-new-privileges": process_limits.forbid_new_privileges,
    "landlock": lambda: landlock.restrict_to_reading(code_folders()),
    "locked-memory": process_limits.lock_memory,
    "no-capabilities": process_limits.without_capabilities,
    "no-files": lambda: landlock.restrict_to_reading(()),
    "seccomp": seccomp.install,
    "everything": lambda: lock(isolate()),
}


def checked(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def read(path: str) -> None:
    Path(path).read_bytes()


def write(path: str) -> None:
    Path(path).write_bytes(b"left behind")
    Path(path).unlink()


def connect(port: str) -> None:
    socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()


def make_socket(_: str) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()


def run_program(path: str) -> None:
    os.execv(path, [path, "-c", "print('done')"])


def make_process(_: str) -> None:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)


def trace(pid: str) -> None:
    checked(LIBC.ptrace(PTRACE_ATTACH, int(pid), None, None))
    os.waitpid(int(pid), 0)
    checked(LIBC.ptrace(PTRACE_DETACH, int(pid), None, None))


def send_signal(pid: str) -> None:
    os.kill(int(pid), 0)


def attach_shared_memory(key: str) -> None:
    checked(LIBC.shmget(int(key), 0, 0))


def change_root(_: str) -> None:
    os.chroot("/")


def executable_memory(_: str) -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()


def dump_core(folder: str) -> None:
    # The soft limit may have been 0 before; a hard limit of 0 stays.
    os.chdir(folder)
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    os.kill(os.getpid(), signal.SIGABRT)


def status(wanted: str) -> None:
    """A line of /proc/self/status."""
    found = dict(line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    name, value = wanted.split("=")
    if found[name].split()[0] != value:
        raise PermissionError(1, found[name])


def be_nobody(_: str) -> None:
    if os.geteuid() != 65534:
        raise PermissionError(1, "still somebody")


ATTEMPTS: dict[str, Callable[[str], None]] = {
    attempt.__name__: attempt
    for attempt in (
        read,
        write,
        connect,
        make_socket,
        run_program,
        make_process,
        trace,
        send_signal,
        attach_shared_memory,
        change_root,
        executable_memory,
        dump_core,
        status,
        be_nobody,
    )
}


def main() -> None:
    mechanisms, attempt, argument = (*sys.argv[1:], "")[:3]
    for name in mechanisms.split("+"):
        if name != "-":
            try:
                MECHANISMS[name]()
            except MECHANISM_MISSING as error:
                os.write(1, f"missing {name}: {error}\n".encode())
                return
    try:
        ATTEMPTS[attempt](argument)
    except OSError as error:
        os.write(1, type(error).__name__.encode() + b"\n")
        return
    os.write(1, b"done\n")


if __name__ == "__main__":
    main()
