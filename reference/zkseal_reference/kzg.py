"""Chapter 6: Mercury over KZG, checked by one multi-scalar product and one product of two pairings.

The names are the book's: g_zeta is g(zeta), g_inverse is g(1/zeta), and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .curve import Point, multi_scalar
from .errors import OpeningRejected
from .field import HALF, P, inverse
from .keccak import keccak256
from .linear import OpeningClaim
from .pairing import G2, Twisted, encode_g2, product_is_one
from .proof import KzgMessages
from .transcript import Transcript

GENERATOR: Point = (1, 2)


def setup_digest(tau_g2: Twisted) -> bytes:
    """keccak256("zkseal kzg setup v1" || tau G2)."""
    return keccak256(b"zkseal kzg setup v1" + encode_g2(tau_g2))


@dataclass(frozen=True)
class Challenges:
    """In the order in which they are drawn."""

    alpha: int
    gamma: int
    zeta: int
    beta: int
    z: int


def verify_opening(transcript: Transcript, claim: OpeningClaim, messages: KzgMessages, tau_g2: Twisted) -> None:
    """e(F + z C_W2, G2) = e(C_W2, tau G2)."""
    challenges = draw(transcript, messages)
    terms = combine(claim, messages, challenges)
    C_W2 = messages.points[6]
    check_pairings(multi_scalar([*terms, (challenges.z, C_W2)]), C_W2, tau_g2)


def draw(transcript: Transcript, messages: KzgMessages) -> Challenges:
    """Every message is absorbed, the last one, too, after which nothing is drawn."""
    C_h, C_q, C_g, C_S, C_D, C_W, C_W2 = messages.points
    transcript.absorb_points("kzg rows", (C_h,))
    alpha = transcript.challenge("kzg alpha")
    transcript.absorb_points("kzg quotient", (C_q, C_g))
    gamma = transcript.challenge("kzg gamma")
    transcript.absorb_points("kzg products", (C_S, C_D))
    zeta = transcript.challenge("kzg zeta")
    check_zeta(alpha, zeta)
    transcript.absorb_scalars("kzg values", messages.values)
    beta = transcript.challenge("kzg beta")
    transcript.absorb_points("kzg batch", (C_W,))
    z = transcript.challenge("kzg z")
    transcript.absorb_points("kzg last", (C_W2,))
    return Challenges(alpha, gamma, zeta, beta, z)


def check_zeta(alpha: int, zeta: int) -> None:
    """alpha, zeta and 1/zeta exist and are distinct."""
    if zeta == 0 or zeta * zeta % P == 1 or zeta == alpha or alpha * zeta % P == 1:
        raise OpeningRejected("the challenge zeta is 0 or makes two nodes equal")


def halves(r_lo: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """u2, of the row index, and u1, of the column index, which has t = ceil(c/2) coordinates."""
    rows = len(r_lo) // 2
    return r_lo[:rows], r_lo[rows:]


def eq_polynomial(u: Sequence[int], x: int) -> int:
    """P_u(x) = prod_k (1 + u_k (x^(2^(m-1-k)) - 1))."""
    value = 1
    for k, u_k in enumerate(u):
        value = value * (1 + u_k * (pow(x, 1 << (len(u) - 1 - k), P) - 1)) % P
    return value


def derive(claim: OpeningClaim, messages: KzgMessages, challenges: Challenges) -> tuple[int, int]:
    """h(alpha) and D(zeta), from the values that were sent."""
    g_zeta, g_inverse, h_zeta, h_inverse, S_zeta, S_inverse = messages.values
    u2, u1 = halves(claim.r_lo)
    zeta, gamma = challenges.zeta, challenges.gamma
    other = inverse(zeta)
    A = g_zeta * eq_polynomial(u1, other) + g_inverse * eq_polynomial(u1, zeta)
    A += gamma * (h_zeta * eq_polynomial(u2, other) + h_inverse * eq_polynomial(u2, zeta))
    h_alpha = ((A - zeta * S_zeta - S_inverse * other) * HALF - gamma * claim.y) % P
    return h_alpha, pow(zeta, (1 << len(u1)) - 1, P) * g_inverse % P


def line(values: tuple[int, int], zeta: int, x: int) -> int:
    """l_p(x): the line with these values at zeta and 1/zeta."""
    other = inverse(zeta)
    return (values[0] * (x - other) - values[1] * (x - zeta)) * inverse(zeta - other) % P


def parabola(values: tuple[int, int], zeta: int, alpha: int, at_alpha: int, x: int) -> int:
    """h*(x): the parabola with these values at zeta and 1/zeta, and that value at alpha."""
    other = inverse(zeta)
    lift = (at_alpha - line(values, zeta, alpha)) * inverse((alpha - zeta) * (alpha - other) % P)
    return (line(values, zeta, x) + (x - zeta) * (x - other) * lift) % P


@dataclass(frozen=True)
class Weights:
    """w(z) of h, g, S, D and f - (zeta^b - alpha) q."""

    h: int
    g: int
    S: int
    D: int
    f: int


def powers(beta: int) -> list[int]:
    """1, beta, .., beta^4: what keeps the five functions of the batch apart."""
    return [pow(beta, k, P) for k in range(5)]


def weights(challenges: Challenges) -> Weights:
    """A power of beta, times z - node for each node that the function lacks."""
    z, (h, g, S, D, f) = challenges.z, powers(challenges.beta)
    two = (z - challenges.alpha) % P
    one = two * (z - inverse(challenges.zeta)) % P
    return Weights(h, g * two % P, S * two % P, D * one % P, f * one % P)


def combine(claim: OpeningClaim, messages: KzgMessages, challenges: Challenges) -> list[tuple[int, Point]]:
    """F = w_f P0 - w_f (zeta^b - alpha) C_q + C_h + w_g C_g + w_S C_S + w_D C_D - Z_T(z) C_W - K G, as terms."""
    C_h, C_q, C_g, C_S, C_D, C_W, _ = messages.points
    g_zeta, g_inverse, h_zeta, h_inverse, S_zeta, S_inverse = messages.values
    h_alpha, D_zeta = derive(claim, messages, challenges)
    alpha, zeta, z = challenges.alpha, challenges.zeta, challenges.z
    w = weights(challenges)
    K = w.h * parabola((h_zeta, h_inverse), zeta, alpha, h_alpha, z)
    K += w.g * line((g_zeta, g_inverse), zeta, z) + w.S * line((S_zeta, S_inverse), zeta, z)
    K += w.D * D_zeta + w.f * g_zeta
    vanishing = (z - alpha) * (z - zeta) * (z - inverse(zeta))
    b = 1 << len(halves(claim.r_lo)[1])
    return [
        *((w.f * scalar, point) for scalar, point in claim.terms),
        (-w.f * (pow(zeta, b, P) - alpha), C_q),
        (w.h, C_h),
        (w.g, C_g),
        (w.S, C_S),
        (w.D, C_D),
        (-vanishing, C_W),
        (-K, GENERATOR),
    ]


def check_pairings(left: Point, right: Point, tau_g2: Twisted) -> None:
    """e(left, G2) = e(right, tau G2)."""
    minus_right = None if right is None else (right[0], -right[1])
    if not product_is_one([(left, G2), (minus_right, tau_g2)]):
        raise OpeningRejected("the pairings of the opening differ")
