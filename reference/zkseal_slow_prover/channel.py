"""Messages: what is absorbed is sent; rounds of a sumcheck over dense vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from zkseal_reference import sumcheck
from zkseal_reference.curve import Point, encode_compressed
from zkseal_reference.field import HALF, P, bits, encode_scalar
from zkseal_reference.transcript import Transcript

from .hooks import Hooks


@dataclass
class Channel:
    """Absorbs what it sends: the bytes of a proof have the order of the transcript."""

    transcript: Transcript
    hooks: Hooks
    sent: list[bytes] = field(default_factory=list)

    def scalars(self, label: str, *scalars: int) -> tuple[int, ...]:
        message = tuple(x % P for x in scalars)
        if self.hooks.message is not None:
            message = self.hooks.message(label, message)
        self.transcript.absorb_scalars(label, message)
        self.sent += [encode_scalar(x) for x in message]
        return message

    def points(self, label: str, *points: Point) -> None:
        self.transcript.absorb_points(label, points)
        self.sent += [encode_compressed(point) for point in points]


Vector = list[int]


def dot(a: Sequence[int], b: Sequence[int]) -> int:
    return sum(x * y for x, y in zip(a, b, strict=True)) % P


def prove_rounds(
    channel: Channel,
    labels: tuple[str, str],
    claim: int,
    left: list[Vector],
    right: list[Vector],
    masks: Sequence[tuple[int, int]] | None = None,
    share: int = 0,
) -> tuple[list[int], int, Vector, Vector]:
    """The sumcheck of sum_i (<left_i, right_i> + share) with the mask g: the point, V's last claim, the bound vectors.

    `masks` holds the coefficients of x_i and x_i^2 in g for each variable i.
    """
    point: list[int] = []
    bound_mask = 0  # the part of g in the variables that are bound
    for i in reversed(range(bits(len(left)))):
        half = len(left) // 2
        s_0 = sum(dot(left[2 * k], right[2 * k]) for k in range(half)) + half * share
        s_2 = sum(
            dot(difference(left[2 * k + 1], left[2 * k]), difference(right[2 * k + 1], right[2 * k]))
            for k in range(half)
        )
        a_1, a_2 = masks[i] if masks is not None else (0, 0)
        s_0 += half * (bound_mask - HALF * (a_1 + a_2))
        s_2 += half * a_2
        s_0, s_2 = channel.scalars(labels[0], s_0, s_2)
        x = channel.transcript.challenge(labels[1])
        claim = (s_0 + sumcheck.linear_coefficient(claim, s_0, s_2) * x + s_2 * x * x) % P
        bound_mask = (bound_mask + a_1 * (x - HALF) + a_2 * (x * x - HALF)) % P
        left, right = bind(left, x), bind(right, x)
        point.insert(0, x)
    return point, claim, left[0], right[0]


def difference(a: Vector, b: Vector) -> Vector:
    return [(x - y) % P for x, y in zip(a, b, strict=True)]


def bind(vectors: list[Vector], x: int) -> list[Vector]:
    """Fixes the least significant variable."""
    pairs = zip(vectors[::2], vectors[1::2], strict=True)
    return [[(a + x * (b - a)) % P for a, b in zip(low, high, strict=True)] for low, high in pairs]
