"""Isolation of a process by what Linux offers to everybody. A sandbox, and never called an enclave.

==================  ==============================================================================
`sandbox`           the order of the mechanisms, and the record of those that are on
`namespaces`        users, processes, network, shared memory, mounts
`landlock`          files
`seccomp`           system calls; `bpf` assembles the filter, `syscalls` knows the numbers
`process_limits`    core dumps, tracing, privileges, swap
`memory`            memory that is in no file
==================  ==============================================================================

It keeps a program that went wrong, or was taken over, from everything but its one socket. It does not keep out the
owner of the machine, who can trace any process and read any memory: no hardware protects this.
"""

from zkseal.enclave.isolation.memory import PrivateMemory
from zkseal.enclave.isolation.sandbox import MECHANISMS, Isolation, isolate, lock

__all__ = ["MECHANISMS", "Isolation", "PrivateMemory", "isolate", "lock"]
