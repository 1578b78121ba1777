"""An assembler for seccomp filters: rules in, a classic BPF program out.

A program reads the description of one system call (`struct seccomp_data`) and returns what becomes of it. A rule is a
block that is passed over unless the number is its own, and that always returns otherwise; jumps go forwards and stay
within their block.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ALLOW", "KILL", "Condition", "Rule", "assemble", "refuse"]

ALLOW = 0x7FFF0000
KILL = 0x80000000
"""Of the whole process."""
_ERRNO = 0x00050000

_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_INSTRUCTION = struct.Struct("=HBBI")

_AUDIT_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000
"""Set in the numbers of x86-64's second interface, which would be a way around every rule."""

MAX_INSTRUCTIONS = 4096
_WORD = 0xFFFFFFFF


def refuse(errno: int) -> int:
    """The call is not made and fails with `errno`."""
    return _ERRNO | errno


@dataclass(frozen=True)
class Condition:
    """Argument `index` and `mask`, as 64 bits, is `value`."""

    index: int
    value: int
    mask: int = (1 << 64) - 1


@dataclass(frozen=True)
class Rule:
    """What becomes of one call.

    Attributes:
        conditions: all have to hold for `action`; else it is `otherwise`.
    """

    number: int
    action: int = ALLOW
    conditions: tuple[Condition, ...] = ()
    otherwise: int = KILL


def assemble(machine: str, rules: Sequence[Rule], default: int) -> bytes:
    """The program. Raises `ValueError` if it is longer than the kernel takes."""
    program = [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_EQUAL, _AUDIT_ARCHITECTURES[machine], 1, 0),
        _instruction(_RETURN, KILL),
        _instruction(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        program += [_instruction(_AT_LEAST, _X32_BIT, 0, 1), _instruction(_RETURN, KILL)]
    for rule in rules:
        body = _body(rule)
        program += [_instruction(_EQUAL, rule.number, 0, len(body)), *body]
    program.append(_instruction(_RETURN, default))
    if len(program) > MAX_INSTRUCTIONS:
        raise ValueError(f"a filter of {len(program)} instructions")
    return b"".join(program)


def _body(rule: Rule) -> list[bytes]:
    """Conditions in order, then one return for each outcome. The loaded number is lost, so nothing falls out of it."""
    halves = [
        (_ARGUMENTS + 8 * condition.index + offset, condition.mask >> shift & _WORD, condition.value >> shift & _WORD)
        for condition in rule.conditions
        for offset, shift in ((0, 0), (4, 32))
    ]
    body: list[bytes] = []
    for done, (offset, mask, value) in enumerate(halves):
        left = 3 * (len(halves) - done - 1)
        body += [
            _instruction(_LOAD, offset),
            _instruction(_AND, mask),
            # Beyond the other conditions and the first return.
            _instruction(_EQUAL, value, 0, left + 1),
        ]
    body.append(_instruction(_RETURN, rule.action))
    if halves:
        body.append(_instruction(_RETURN, rule.otherwise))
    return body


def _instruction(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return _INSTRUCTION.pack(code, if_true, if_false, operand)
