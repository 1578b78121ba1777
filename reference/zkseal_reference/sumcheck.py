"""Chapter 5: the rounds of a sumcheck of degree 2, last variable first."""

from __future__ import annotations

from collections.abc import Sequence

from .field import P
from .transcript import Transcript


def verify_rounds(
    transcript: Transcript, message_label: str, point_label: str, claim: int, rounds: Sequence[tuple[int, int]]
) -> tuple[list[int], int]:
    """The point (x_0 .. x_{v-1}) and the claim that is left. A round sends (s_0, s_2) and fixes the next variable."""
    point: list[int] = []
    for s_0, s_2 in rounds:
        transcript.absorb_scalars(message_label, (s_0, s_2))
        s_1 = linear_coefficient(claim, s_0, s_2)
        x = transcript.challenge(point_label)
        claim = (s_0 + s_1 * x + s_2 * x * x) % P
        point.insert(0, x)
    return point, claim


def linear_coefficient(claim: int, s_0: int, s_2: int) -> int:
    """s_1, from s(0) + s(1) = claim."""
    return (claim - 2 * s_0 - s_2) % P
