"""Mercury (chapter 6) by schoolbook polynomials: lists of coefficients, the constant first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from zkseal_reference import kzg
from zkseal_reference.curve import Point
from zkseal_reference.field import P, eq_vector, inverse
from zkseal_reference.helper import evaluate
from zkseal_reference.linear import OpeningClaim
from zkseal_reference.parameters import Opening
from zkseal_reference.proof import KzgMessages

from .channel import Channel, Vector, dot
from .columns import commit

STEPS = {
    "kzg rows": ("h",),
    "kzg quotient": ("q", "g"),
    "kzg products": ("S", "D"),
    "kzg batch": ("W",),
    "kzg last": ("W2",),
}
"""The polynomials that each message commits to."""


@dataclass
class Mercury:
    """What the prover knows: f = Z, the claim, polynomials by name, challenges, the six values."""

    f: Vector
    r_lo: Sequence[int]
    y: int
    polynomials: dict[str, Vector] = field(default_factory=dict)
    alpha: int = 0
    gamma: int = 0
    zeta: int = 0
    beta: int = 0
    z: int = 0
    values: tuple[int, ...] = ()

    @property
    def weights(self) -> tuple[Vector, Vector]:
        """P_u1 and P_u2."""
        u2, u1 = kzg.halves(self.r_lo)
        return eq_vector(u1), eq_vector(u2)

    @property
    def b(self) -> int:
        return 1 << len(kzg.halves(self.r_lo)[1])

    @property
    def claim(self) -> OpeningClaim:
        """The claim, for the reference's functions of values; its commitment is not used."""
        return OpeningClaim((), tuple(self.r_lo), self.y)

    def messages(self) -> KzgMessages:
        return KzgMessages((), self.values)

    def drawn(self) -> kzg.Challenges:
        return kzg.Challenges(self.alpha, self.gamma, self.zeta, self.beta, self.z)


def prove_mercury(channel: Channel, vector: Vector, r_lo: Sequence[int], y: int) -> None:
    """All six messages; `channel.hooks.opening` may change what each is made of."""
    own = Mercury(vector, r_lo, y)
    own.polynomials["h"] = row_sums(own)
    send(channel, own, "kzg rows")
    own.alpha = channel.transcript.challenge("kzg alpha")
    divisor = [-own.alpha % P, *[0] * (own.b - 1), 1]
    own.polynomials["q"], own.polynomials["g"] = divide(own.f, divisor)
    send(channel, own, "kzg quotient")
    own.gamma = channel.transcript.challenge("kzg gamma")
    own.polynomials["S"], own.polynomials["D"] = products(own), reversed_remainder(own)
    send(channel, own, "kzg products")
    own.zeta = channel.transcript.challenge("kzg zeta")
    nodes = (own.zeta, inverse(own.zeta))
    own.values = tuple(evaluate(own.polynomials[name], node) for name in ("g", "h", "S") for node in nodes)
    if channel.hooks.opening is not None:
        channel.hooks.opening("kzg values", own)
    own.values = channel.scalars("kzg values", *own.values)
    own.beta = channel.transcript.challenge("kzg beta")
    own.polynomials["W"] = batch(own)
    send(channel, own, "kzg batch")
    own.z = channel.transcript.challenge("kzg z")
    own.polynomials["W2"] = last_quotient(own)
    send(channel, own, "kzg last")
    channel.sent[-8:] = [*channel.sent[-2:], *channel.sent[-8:-2]]  # in the bytes, the six values follow all points


def send(channel: Channel, own: Mercury, label: str) -> None:
    if channel.hooks.opening is not None:
        channel.hooks.opening(label, own)
    channel.points(label, *(committed(own.polynomials[name]) for name in STEPS[label]))


def committed(polynomial: Vector) -> Point:
    return commit(polynomial, 0, Opening.KZG)


# The polynomials of the book


def row_sums(own: Mercury) -> Vector:
    """h: the sum of each row of the matrix with the weights of its columns."""
    columns, _ = own.weights
    return [dot(own.f[i : i + own.b], columns) for i in range(0, len(own.f), own.b)]


def products(own: Mercury) -> Vector:
    """S: the coefficient of X^(k-1) is that of X^k in g P_u1(1/X) + g(1/X) P_u1 + gamma (h P_u2(1/X) + ..)."""
    columns, rows = own.weights
    of_g = upper_products(own.polynomials["g"], columns)
    return combine((1, of_g), (own.gamma, upper_products(own.polynomials["h"], rows)))


def upper_products(a: Vector, e: Vector) -> Vector:
    """The coefficients of X, X^2, .. in a(X) e(1/X) + a(1/X) e(X)."""
    length = max(len(a), len(e))
    a, e = [*a, *[0] * (length - len(a))], [*e, *[0] * (length - len(e))]
    return [(dot(a[k:], e[: length - k]) + dot(e[k:], a[: length - k])) % P for k in range(1, length)]


def reversed_remainder(own: Mercury) -> Vector:
    """D: the first b coefficients of g, reversed."""
    g = own.polynomials["g"]
    return [*g, *[0] * (own.b - len(g))][: own.b][::-1]


@dataclass(frozen=True)
class Opened:
    """A function of the batch, and the values at nodes that V takes it to have."""

    polynomial: Vector
    values: dict[int, int]


def opened(own: Mercury) -> list[Opened]:
    """h, g, S, D, f - (zeta^b - alpha) q."""
    zeta, other = own.zeta, inverse(own.zeta)
    g_zeta, g_inverse, h_zeta, h_inverse, S_zeta, S_inverse = own.values
    h_alpha, D_zeta = kzg.derive(own.claim, own.messages(), own.drawn())
    folded = combine((1, own.f), (own.alpha - pow(zeta, own.b, P), own.polynomials["q"]))
    return [
        Opened(own.polynomials["h"], {zeta: h_zeta, other: h_inverse, own.alpha: h_alpha}),
        Opened(own.polynomials["g"], {zeta: g_zeta, other: g_inverse}),
        Opened(own.polynomials["S"], {zeta: S_zeta, other: S_inverse}),
        Opened(own.polynomials["D"], {zeta: D_zeta}),
        Opened(folded, {zeta: g_zeta}),
    ]


def batch(own: Mercury) -> Vector:
    """W."""
    nodes = (own.alpha, own.zeta, inverse(own.zeta))
    total: Vector = []
    for power, function in zip(kzg.powers(own.beta), opened(own), strict=True):
        lacking = vanishing([node for node in nodes if node not in function.values])
        rest = combine((1, function.polynomial), (-1, interpolant(function.values)))
        total = combine((1, total), (power, multiply(lacking, rest)))
    return divide(total, vanishing(nodes))[0]


def last_quotient(own: Mercury) -> Vector:
    """W2; constants do not matter for the quotient."""
    w = kzg.weights(own.drawn())
    nodes = (own.alpha, own.zeta, inverse(own.zeta))
    total = combine((-evaluate(vanishing(nodes), own.z), own.polynomials["W"]))
    for weight, function in zip((w.h, w.g, w.S, w.D, w.f), opened(own), strict=True):
        total = combine((1, total), (weight, function.polynomial))
    return divide(total, [-own.z % P, 1])[0]


# Polynomials


def combine(*terms: tuple[int, Vector]) -> Vector:
    """sum of factor * polynomial."""
    total = [0] * max(len(polynomial) for _, polynomial in terms)
    for factor, polynomial in terms:
        for k, coefficient in enumerate(polynomial):
            total[k] = (total[k] + factor * coefficient) % P
    return total


def multiply(a: Vector, b: Vector) -> Vector:
    found = [0] * max(len(a) + len(b) - 1, 0)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            found[i + j] = (found[i + j] + x * y) % P
    return found


def divide(polynomial: Vector, divisor: Vector) -> tuple[Vector, Vector]:
    """Quotient and remainder by a monic polynomial."""
    degree, rest = len(divisor) - 1, list(polynomial)
    quotient = [0] * max(len(rest) - degree, 0)
    for k in reversed(range(len(quotient))):
        quotient[k] = rest[k + degree]
        for offset, coefficient in enumerate(divisor):
            rest[k + offset] = (rest[k + offset] - quotient[k] * coefficient) % P
    return quotient, rest[:degree]


def vanishing(nodes: Sequence[int]) -> Vector:
    """prod (X - node)."""
    found = [1]
    for node in nodes:
        found = multiply(found, [-node % P, 1])
    return found


def interpolant(values: dict[int, int]) -> Vector:
    """The polynomial of lowest degree with these values."""
    total: Vector = []
    for node, value in values.items():
        basis = vanishing([other for other in values if other != node])
        total = combine((1, total), (value * inverse(evaluate(basis, node)), basis))
    return total
