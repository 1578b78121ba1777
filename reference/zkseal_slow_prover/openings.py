"""The opening (chapter 6), by the scheme of the key."""

from __future__ import annotations

from collections.abc import Sequence

from zkseal_reference.curve import Point, multi_scalar
from zkseal_reference.field import P, eq_vector, inverse
from zkseal_reference.generators import generator
from zkseal_reference.parameters import Opening

from .channel import Channel, Vector, dot
from .mercury import prove_mercury


def prove_opening(channel: Channel, opening: Opening, vector: Vector, r_lo: Sequence[int], y: int) -> None:
    """That the vector has the value y at r_lo."""
    if opening == Opening.KZG:
        prove_mercury(channel, vector, r_lo, y)
    else:
        prove_ipa(channel, vector, r_lo)


def prove_ipa(channel: Channel, vector: Vector, r_lo: Sequence[int]) -> None:
    """G is not folded: L and R are products over the first generators."""
    w = channel.transcript.challenge("ipa w")
    b, folded = eq_vector(r_lo), [1]
    while len(vector) > 1:
        half = len(vector) // 2
        left = cross_term(vector[:half], b[half:], folded, half, w)
        right = cross_term(vector[half:], b[:half], folded, 0, w)
        channel.points("ipa round", left, right)
        x = channel.transcript.challenge128("ipa x")
        vector = [(z + inverse(x) * y) % P for z, y in zip(vector[:half], vector[half:], strict=True)]
        b = [(z + x * y) % P for z, y in zip(b[:half], b[half:], strict=True)]
        folded = [value for c in folded for value in (c, c * x % P)]
    channel.scalars("ipa a", vector[0])


def cross_term(vector: Vector, b: Vector, folded: Vector, first: int, w: int) -> Point:
    """<vector, the folded generators from `first` on> + <vector, b> w U."""
    stride = 2 * len(vector)
    terms = [
        (value * coefficient % P, generator(b"G", high * stride + first + i))
        for high, coefficient in enumerate(folded)
        for i, value in enumerate(vector)
    ]
    return multi_scalar([*terms, (w * dot(vector, b) % P, generator(b"U"))])
