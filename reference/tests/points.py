"""A point of the twist that is not in G2."""

from __future__ import annotations

from itertools import count

from zkseal_reference.curve import Q, square_root
from zkseal_reference.extension import Fq2, add2, multiply2
from zkseal_reference.pairing import TWIST_B, Twisted, encode_g2


def square_root2(a: Fq2) -> Fq2 | None:
    """A root x + y i of a in F_q^2: x^2 = (a_0 + s) / 2 for a root s of the norm, and 2 x y = a_1."""
    norm = square_root(a[0] * a[0] + a[1] * a[1])
    for s in () if norm is None else (norm, -norm):
        x = square_root((a[0] + s) * pow(2, -1, Q))
        if x:
            return x, a[1] * pow(2 * x, -1, Q) % Q
    return None


def outside_g2() -> Twisted:
    """The point with the least x in F_q; the cofactor is about 2^254, so that it is almost surely outside."""
    for k in count(1):
        x = (k, 0)
        y = square_root2(add2(multiply2(multiply2(x, x), x), TWIST_B))
        if y is not None:
            return x, y
    raise AssertionError


OUTSIDE_G2 = encode_g2(outside_g2())
