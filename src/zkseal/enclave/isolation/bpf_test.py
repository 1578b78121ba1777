"""Filters, run by a small machine: what the kernel of each architecture would decide."""

from __future__ import annotations

import errno
import struct

import pytest

from zkseal.enclave.isolation.bpf import ALLOW, KILL, Condition, Rule, assemble, refuse
from zkseal.enclave.isolation.libc import ARCHITECTURES
from zkseal.enclave.isolation.seccomp import program
from zkseal.enclave.isolation.syscalls import number

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
DENIED = refuse(errno.EPERM)


def decide(code: bytes, architecture: int, call: int, arguments: tuple[int, ...] = ()) -> int:
    """Runs a filter on one call: the instructions of the kernel's documentation that the assembler writes."""
    padded = (*arguments, *(0,) * (6 - len(arguments)))
    data = struct.pack("<IIQ6Q", call, architecture, 0, *padded)
    accumulator, position = 0, 0
    while True:
        operation, if_true, if_false, operand = struct.unpack_from("=HBBI", code, 8 * position)
        position += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, operand)
            case 0x54:
                accumulator &= operand
            case 0x15:
                position += if_true if accumulator == operand else if_false
            case 0x35:
                position += if_true if accumulator >= operand else if_false
            case 0x06:
                return int(operand)
            case _:
                raise AssertionError(f"unknown instruction {operation:#x}")


@pytest.mark.parametrize("machine", ARCHITECTURES)
@pytest.mark.parametrize(
    ("name", "arguments", "decision"),
    [
        ("read", (), ALLOW),
        ("openat", (), DENIED),
        ("ioctl", (), DENIED),
        ("mmap", (0, 4096, 3), ALLOW),
        ("mmap", (0, 4096, 5), DENIED),
        ("mprotect", (0, 4096, 7), DENIED),
        ("clone", (0x3D0F00,), ALLOW),
        ("clone", (17,), KILL),
        ("clone", (0x4011,), KILL),
        ("clone3", (), refuse(errno.ENOSYS)),
        ("prlimit64", (0, 7, 0, 0x7FFF00000000), ALLOW),
        ("prlimit64", (0, 7, 0x7FFF00000000, 0), DENIED),
        ("prctl", (15,), ALLOW),
        ("prctl", (4, 1), DENIED),
        ("newfstatat", (3, 0, 0, 0x1000), ALLOW),
        ("newfstatat", (3, 0, 0, 0), DENIED),
    ],
)
def test_the_sandbox_decides_alike_on_both_machines(
    machine: str, name: str, arguments: tuple[int, ...], decision: int
) -> None:
    call = number(machine, name)
    assert call is not None
    assert decide(program(machine), AUDIT[machine], call, arguments) == decision


# socket, execve, ptrace, mount, kill, io_uring_setup
FORBIDDEN = {"x86_64": (41, 59, 101, 165, 62, 425), "aarch64": (198, 221, 117, 40, 129, 425)}


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_what_is_not_listed_kills(machine: str) -> None:
    assert [decide(program(machine), AUDIT[machine], call) for call in FORBIDDEN[machine]] == [KILL] * 6


def test_the_other_interfaces_of_a_machine_are_no_way_around() -> None:
    assert decide(program("x86_64"), AUDIT["aarch64"], 0) == KILL
    assert decide(program("x86_64"), AUDIT["x86_64"], 0x40000000) == KILL


@pytest.mark.parametrize("half", [1, 1 << 32])
def test_a_condition_is_about_all_64_bits(half: int) -> None:
    code = assemble("x86_64", [Rule(5, ALLOW, (Condition(0, 7), Condition(1, 9)), DENIED)], KILL)
    assert decide(code, AUDIT["x86_64"], 5, (7, 9)) == ALLOW
    assert decide(code, AUDIT["x86_64"], 5, (7 ^ half, 9)) == DENIED
    assert decide(code, AUDIT["x86_64"], 5, (7, 9 ^ half)) == DENIED
    assert decide(code, AUDIT["x86_64"], 6, (7, 9)) == KILL


def test_a_filter_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="instructions"):
        assemble("x86_64", [Rule(call) for call in range(3000)], KILL)
