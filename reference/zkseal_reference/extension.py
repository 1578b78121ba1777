"""Chapter 1: the fields F_q^2 and F_q^12 of the pairing.

F_q^2 = F_q[i] / (i^2 + 1): an element a + b i is the pair (a, b).
F_q^12 = F_q[w] / (w^12 - 18 w^6 + 82): an element is the list of its 12 coefficients, the constant first. As
w^6 = 9 + i satisfies this equation, F_q^2 lies in it by i = w^6 - 9, and w is a sixth root of 9 + i.
"""

from __future__ import annotations

from collections.abc import Sequence

from .curve import Q

Fq2 = tuple[int, int]
Fq12 = Sequence[int]

ZERO2: Fq2 = (0, 0)
XI: Fq2 = (9, 1)
ONE12: Fq12 = (1, *[0] * 11)


def add2(a: Fq2, b: Fq2) -> Fq2:
    return (a[0] + b[0]) % Q, (a[1] + b[1]) % Q


def subtract2(a: Fq2, b: Fq2) -> Fq2:
    return (a[0] - b[0]) % Q, (a[1] - b[1]) % Q


def scale2(k: int, a: Fq2) -> Fq2:
    """k a for an integer k."""
    return k * a[0] % Q, k * a[1] % Q


def multiply2(a: Fq2, b: Fq2) -> Fq2:
    return (a[0] * b[0] - a[1] * b[1]) % Q, (a[0] * b[1] + a[1] * b[0]) % Q


def inverse2(a: Fq2) -> Fq2:
    """1 / a for a != 0: (a + b i)(a - b i) = a^2 + b^2."""
    norm = pow(a[0] * a[0] + a[1] * a[1], -1, Q)
    return a[0] * norm % Q, -a[1] * norm % Q


def multiply12(a: Fq12, b: Fq12) -> list[int]:
    """a b; w^12 = 18 w^6 - 82."""
    product = [0] * 23
    for i, x in enumerate(a):
        if x:
            for j, y in enumerate(b):
                product[i + j] += x * y
    for k in range(22, 11, -1):
        product[k - 6] += 18 * product[k]
        product[k - 12] -= 82 * product[k]
    return [x % Q for x in product[:12]]


def power12(a: Fq12, exponent: int) -> Fq12:
    """a^exponent for exponent >= 1."""
    result = a
    for bit in bin(exponent)[3:]:
        result = multiply12(result, result)
        if bit == "1":
            result = multiply12(result, a)
    return result


def conjugate12(a: Fq12) -> list[int]:
    """a^(q^6): w goes to -w."""
    return [-x % Q if k % 2 else x for k, x in enumerate(a)]


def sparse12(coefficients: Sequence[tuple[int, Fq2]]) -> list[int]:
    """sum of (a + b i) w^k over (k, (a, b)), k < 6; i = w^6 - 9."""
    found = [0] * 12
    for k, (a, b) in coefficients:
        found[k] = (found[k] + a - 9 * b) % Q
        found[k + 6] = (found[k + 6] + b) % Q
    return found
