"""The system calls of a sandbox that serves a model: computing, memory, and the one socket that it was given.

What is not listed kills the process: starting programs, making sockets, tracing, mounting, signalling others. What
libraries try without need fails with EPERM: they go on without. No file can be opened any more, not even to read.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from zkseal.enclave.isolation.bpf import ALLOW, KILL, Condition, Rule, assemble, refuse
from zkseal.enclave.isolation.libc import call, machine
from zkseal.enclave.isolation.syscalls import number

__all__ = ["install", "program"]

_SET_MODE_FILTER, _FLAG_ALL_THREADS = 1, 1
_PR_SET_NAME = 15
_AT_EMPTY_PATH = 0x1000
_PROT_EXEC = 4
_THREAD = 0x00010900
"""CLONE_VM, CLONE_SIGHAND and CLONE_THREAD: all three make a thread, fewer would make a process."""

# The most frequent first: the kernel reads the list from the front.
_ALLOWED = """
    futex madvise munmap recvfrom sendto read write sched_yield clock_gettime mremap brk getrandom rt_sigprocmask
    sigaltstack rseq set_robust_list sched_getaffinity gettid getpid exit close fstat lseek pread64 recvmsg sendmsg
    shutdown poll ppoll memfd_create memfd_secret ftruncate mlock mlock2 munlock fcntl dup membarrier getrusage sysinfo
    getcpu set_tid_address rt_sigaction rt_sigreturn restart_syscall clock_getres clock_nanosleep nanosleep readv writev
    tgkill exit_group getppid getuid geteuid getgid getegid
"""
_HARMLESS = """
    open openat stat lstat statx access faccessat faccessat2 readlink readlinkat getcwd uname ioctl sched_setaffinity
    mbind get_mempolicy set_mempolicy
"""


def program(architecture: str) -> bytes:
    """The filter for a machine."""
    denied = refuse(errno.EPERM)
    rules = [_rule(architecture, name, ALLOW, (Condition(2, 0, _PROT_EXEC),), denied) for name in ("mmap", "mprotect")]
    rules += [_rule(architecture, name) for name in _ALLOWED.split()]
    rules += [
        _rule(architecture, "clone", ALLOW, (Condition(0, _THREAD, _THREAD),)),
        # Its flags are in memory, where no filter sees them; told that there is none, libraries take clone.
        _rule(architecture, "clone3", refuse(errno.ENOSYS)),
        # Of an open file, which is how the C library asks for its size; no name of another one.
        _rule(architecture, "newfstatat", ALLOW, (Condition(3, _AT_EMPTY_PATH),), denied),
        # Asked, not set.
        _rule(architecture, "prlimit64", ALLOW, (Condition(2, 0),), denied),
    ]
    rules.append(_rule(architecture, "prctl", ALLOW, (Condition(0, _PR_SET_NAME),), denied))
    rules += [_rule(architecture, name, denied) for name in _HARMLESS.split()]
    return assemble(architecture, [rule for rule in rules if rule is not None], KILL)


def _rule(
    architecture: str, name: str, action: int = ALLOW, conditions: tuple[Condition, ...] = (), otherwise: int = KILL
) -> Rule | None:
    found = number(architecture, name)
    return None if found is None else Rule(found, action, conditions, otherwise)


def install() -> None:
    """For all threads of this process, for ever. Raises `OSError`.

    Needs `forbid_new_privileges` before.
    """
    code = ctypes.create_string_buffer(program(machine()))
    count = (ctypes.sizeof(code) - 1) // 8
    described = struct.pack("@HP", count, ctypes.addressof(code))
    refused = call("seccomp", _SET_MODE_FILTER, _FLAG_ALL_THREADS, described)
    if refused:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
