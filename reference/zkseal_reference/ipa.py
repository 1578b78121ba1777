"""Chapter 6: the inner-product argument, checked as one multi-scalar product."""

from __future__ import annotations

from collections.abc import Sequence

from .curve import Point, multi_scalar
from .errors import OpeningRejected
from .field import P, inverse
from .generators import generator
from .linear import OpeningClaim
from .proof import IpaMessages
from .transcript import Transcript


def verify_opening(transcript: Transcript, claim: OpeningClaim, messages: IpaMessages) -> None:
    """P0 + y U' + sum_k (x_k L_k + x_k^-1 R_k) = a G' + a b' U'."""
    rounds, last = messages.rounds, messages.a
    w = transcript.challenge("ipa w")
    challenges = []
    for left, right in rounds:
        transcript.absorb_points("ipa round", (left, right))
        challenges.append(round_challenge(transcript))
    transcript.absorb_scalars("ipa a", (last,))
    terms = list(claim.terms)
    for x, (left, right) in zip(challenges, rounds, strict=True):
        terms += [(x, left), (inverse(x), right)]
    terms.append(((claim.y - last * folded_eq(claim.r_lo, challenges)) * w % P, generator(b"U")))
    for j, coefficient in enumerate(folded_generator(challenges)):
        terms.append((-last * coefficient % P, generator(b"G", j)))
    check_product(terms)


def round_challenge(transcript: Transcript) -> int:
    """x_k; zero has no inverse and is rejected."""
    x = transcript.challenge128("ipa x")
    if x == 0:
        raise OpeningRejected("a challenge of the opening is zero")
    return x


def folded_eq(r_lo: Sequence[int], challenges: Sequence[int]) -> int:
    """b' = prod_k ((1 - r_k) + x_k r_k)."""
    value = 1
    for r, x in zip(r_lo, challenges, strict=True):
        value = value * (1 - r + x * r) % P
    return value


def folded_generator(challenges: Sequence[int]) -> list[int]:
    """The coefficient of every G_j in G': the product of x_k over the set bits k of j, bit 0 the most significant."""
    coefficients = [1]
    for x in challenges:
        coefficients = [value for c in coefficients for value in (c, c * x % P)]
    return coefficients


def check_product(terms: Sequence[tuple[int, Point]]) -> None:
    if multi_scalar(terms) is not None:
        raise OpeningRejected("the inner-product argument fails")
