"""Ceremony files of this repository, and one that anybody could make: of a tau that is no secret."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "crates" / "zkseal-srs" / "fixtures"

HERMEZ = FIXTURES / "powersOfTau28_hez_final_09.ptau"
AZTEC = FIXTURES / "kzg10-bn254-aztec-srs-1024.bin"
EZKL = FIXTURES / "ezkl_kzg1.srs"
AZTEC_32768 = ROOT / "fixtures" / "srs" / "kzg10-bn254-aztec-srs-32768.bin"

PTAU_G1, PTAU_G2, ARKWORKS_G1, IGNITION_G1 = 80, 65_564, 8, 28
"""Where the powers begin in the files: G1 and G2 of `HERMEZ`, G1 of the files of `AZTEC`, G1 of `insecure_file`."""

Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583


@dataclass(frozen=True)
class Fq2:
    """An element a + b i of the extension field, i^2 = -1; of the base field if b is 0."""

    a: int
    b: int = 0

    def __add__(self, other: Fq2) -> Fq2:
        return Fq2((self.a + other.a) % Q, (self.b + other.b) % Q)

    def __sub__(self, other: Fq2) -> Fq2:
        return Fq2((self.a - other.a) % Q, (self.b - other.b) % Q)

    def __mul__(self, other: Fq2) -> Fq2:
        return Fq2((self.a * other.a - self.b * other.b) % Q, (self.a * other.b + self.b * other.a) % Q)

    def __truediv__(self, other: Fq2) -> Fq2:
        norm = pow(other.a * other.a + other.b * other.b, -1, Q)
        return self * Fq2(other.a * norm % Q, -other.b * norm % Q)


Point = tuple[Fq2, Fq2]

G1: Point = (Fq2(1), Fq2(2))
G2: Point = (
    Fq2(
        10857046999023057135944570762232829481370756359578518086990519993285655852781,
        11559732032986387107991004021392285783925812861821192530917403151452391805634,
    ),
    Fq2(
        8495653923123431417604973247489272438418190587263600148770280649306958101930,
        4082367875863433681332203403145435568316851327593401208105741076214120093531,
    ),
)


def add(p: Point, q: Point) -> Point:
    """The sum of two points other than the identity and each other's negatives."""
    if p == q:
        slope = Fq2(3) * p[0] * p[0] / (p[1] + p[1])
    else:
        slope = (q[1] - p[1]) / (q[0] - p[0])
    x = slope * slope - p[0] - q[0]
    return x, slope * (p[0] - x) - p[1]


def times(factor: int, point: Point) -> Point:
    """`factor` >= 1 times the point."""
    result = point
    for bit in bin(factor)[3:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def ignition(value: int) -> bytes:
    """Four limbs of 8 bytes, the least significant one first, each big-endian."""
    return struct.pack(">4Q", *(value >> 64 * limb & 2**64 - 1 for limb in range(4)))


@cache
def insecure_file(powers: int = 1025, tau: int = 11) -> bytes:
    """A sound file in the layout of Aztec Ignition, of `powers` powers of this tau, which anybody can read here."""

    def g1() -> Iterator[Point]:
        point = G1
        for _ in range(powers - 1):
            point = times(tau, point)
            yield point

    words = struct.pack(">7I", 0, 1, powers - 1, 1, powers - 1, 1, 0)
    first = b"".join(ignition(x.a) + ignition(y.a) for x, y in g1())
    second = b"".join(ignition(part) for value in times(tau, G2) for part in (value.a, value.b))
    body = words + first + second
    return body + hashlib.blake2b(body).digest()


def swapped(data: bytes, start: int, one: int, other: int, size: int = 64) -> bytes:
    """The file with two of its powers, `size` bytes each from `start`, exchanged."""
    changed = bytearray(data)
    a, b = (slice(start + size * index, start + size * (index + 1)) for index in (one, other))
    changed[a], changed[b] = data[b], data[a]
    return bytes(changed)
