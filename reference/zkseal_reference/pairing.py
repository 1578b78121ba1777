"""Chapter 1: points of G2, and the pairing of BN254, by which chapter 6 checks openings of scheme `kzg`.

G2 is the subgroup of order p of the twist y^2 = x^3 + 3/xi over F_q^2, xi = 9 + i. (x, y) -> (x w^2, y w^3) takes the
twist to the curve over F_q^12. The pairing is the ate pairing (Hess, Smart, Vercauteren, eprint 2006/110):

    e(S, T) = f(S)^((q^12 - 1) / p),    f the function with divisor  s (T) - (s T) - (s - 1) (O),  s = t - 1 = q - p

with T in G2 and S in G1; t is the trace of Frobenius. Vertical lines lie in F_q^6 and vanish in the power.
"""

from __future__ import annotations

from collections.abc import Sequence

from .curve import Point, Q
from .errors import IdentityPoint, NonCanonicalPoint, NotOnCurve, WrongLength
from .extension import (
    ONE12,
    XI,
    Fq2,
    Fq12,
    add2,
    conjugate12,
    inverse2,
    multiply2,
    multiply12,
    power12,
    scale2,
    sparse12,
    subtract2,
)
from .field import P

G2_BYTES = 128
TWIST_B: Fq2 = scale2(3, inverse2(XI))

Twisted = tuple[Fq2, Fq2]
TwistedPoint = Twisted | None
"""A point of the twist; None is the identity."""

G2: Twisted = (
    (
        10857046999023057135944570762232829481370756359578518086990519993285655852781,
        11559732032986387107991004021392285783925812861821192530917403151452391805634,
    ),
    (
        8495653923123431417604973247489272438418190587263600148770280649306958101930,
        4082367875863433681332203403145435568316851327593401208105741076214120093531,
    ),
)
"""The generator of EIP-197."""


# Group law


def tangent(t: Twisted) -> Fq2:
    """The slope 3 x^2 / 2 y; y is not 0, as the order of the twist is odd."""
    x, y = t
    return multiply2(scale2(3, multiply2(x, x)), inverse2(scale2(2, y)))


def chord(t: Twisted, u: Twisted) -> Fq2:
    """The slope of the line through two points with different x."""
    return multiply2(subtract2(u[1], t[1]), inverse2(subtract2(u[0], t[0])))


def third(t: Twisted, u: Twisted, slope: Fq2) -> Twisted:
    """t + u, given the slope of the line through both."""
    x = subtract2(subtract2(multiply2(slope, slope), t[0]), u[0])
    return x, subtract2(multiply2(slope, subtract2(t[0], x)), t[1])


def add_twisted(t: TwistedPoint, u: TwistedPoint) -> TwistedPoint:
    if t is None or u is None:
        return t or u
    if t == u:
        return third(t, t, tangent(t))
    return None if t[0] == u[0] else third(t, u, chord(t, u))


def multiply_twisted(scalar: int, t: TwistedPoint) -> TwistedPoint:
    """scalar * t, by doubling; the scalar is taken as it is, for points of any order."""
    total: TwistedPoint = None
    for bit in bin(scalar)[2:]:
        total = add_twisted(total, total)
        if bit == "1":
            total = add_twisted(total, t)
    return total


# Encoding


def encode_g2(point: Twisted) -> bytes:
    """x.c1 || x.c0 || y.c1 || y.c0, as in EIP-197."""
    (x_0, x_1), (y_0, y_1) = point
    return b"".join(c.to_bytes(32, "big") for c in (x_1, x_0, y_1, y_0))


def decode_g2(data: bytes) -> Twisted:
    """The point of G2 of 128 bytes; refused are, in this order, what no point has, the identity, and other points."""
    if len(data) != G2_BYTES:
        raise WrongLength(f"a point of G2 has {G2_BYTES} bytes, got {len(data)}")
    x_1, x_0, y_1, y_0 = (int.from_bytes(data[at : at + 32], "big") for at in range(0, G2_BYTES, 32))
    if max(x_1, x_0, y_1, y_0) >= Q:
        raise NonCanonicalPoint("a coordinate is not below q")
    if not any(data):
        raise IdentityPoint("the identity is no tau*G2")
    x, y = (x_0, x_1), (y_0, y_1)
    if multiply2(y, y) != add2(multiply2(multiply2(x, x), x), TWIST_B):
        raise NotOnCurve("(x, y) is not on the twist")
    check_subgroup((x, y))
    return x, y


def check_subgroup(point: Twisted) -> None:
    """p P = O: the twist has a large cofactor."""
    if multiply_twisted(P, point) is not None:
        raise NotOnCurve("the point is not in the subgroup of order p")


# Pairing


def line(t: Twisted, slope: Fq2, s: tuple[int, int]) -> list[int]:
    """The line through t with this slope, at s of G1: y_s - slope x_s w + (slope x_t - y_t) w^3."""
    x, y = s
    constant = subtract2(multiply2(slope, t[0]), t[1])
    return sparse12([(0, (y, 0)), (1, scale2(-x, slope)), (3, constant)])


def miller_loop(pairs: Sequence[tuple[Point, Twisted]]) -> Fq12:
    """The product of f(S) over pairs (S, T); an S that is the identity contributes 1."""
    finite = [(s, t) for s, t in pairs if s is not None]
    multiples = [t for _, t in finite]
    value: Fq12 = ONE12
    for bit in bin(Q - P)[3:]:
        value = multiply12(value, value)
        for k, (s, t) in enumerate(finite):
            current = multiples[k]
            slope = tangent(current)
            value = multiply12(line(current, slope, s), value)
            multiples[k] = current = third(current, current, slope)
            if bit == "1":
                slope = chord(current, t)
                value = multiply12(line(current, slope, s), value)
                multiples[k] = third(current, t, slope)
    return value


def product_is_one(pairs: Sequence[tuple[Point, Twisted]]) -> bool:
    """Whether the product of e(S, T) is 1.

    With k = (q^6 + 1) / p, f^((q^12 - 1) / p) = (f^k)^(q^6 - 1) is 1 iff f^k is its own conjugate.
    """
    value = power12(miller_loop(pairs), (Q**6 + 1) // P)
    return list(value) == conjugate12(value)
