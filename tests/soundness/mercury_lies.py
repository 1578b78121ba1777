"""Lies about the opening Mercury, by the slow prover: the opened value y is false.

The witness is false (one of four squares), and y is what makes the last claim of the column rounds true; so a verifier
that took the opening for granted would accept. Each prover makes the false y consistent as far as it can; one function
of the batch refutes it. The seventh chapter's section 7.6 has these lies.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.conformance import slow_prover as slow

from zkseal_reference import kzg
from zkseal_reference.field import P, inverse
from zkseal_reference.helper import evaluate
from zkseal_slow_prover.channel import dot
from zkseal_slow_prover.mercury import Mercury, combine, multiply, opened, row_sums, vanishing

from .native import Attempt
from .protocol_provers import OPENING, Patch, ProtocolLie
from .slow_runs import FALSE, KNOWN, corrected, known, observe, run, unequal

KZG = slow.Scheme(kzg=True)
Step = Callable[[str, Mercury], None]


def false_value(step: Step | None = None) -> Callable[[], Attempt]:
    """The last claim of the column rounds is made true by y; the opening has to lie."""

    def made() -> Attempt:
        sketch = unequal(*FALSE)
        first = observe(run(sketch, KZG))
        y = first.last * inverse(first.coefficient) % P
        return run(sketch, KZG, message=corrected("combined", 0, lambda own: (y, own[1])), opening=step)

    return made


def false_by(own: Mercury) -> int:
    """y less the true value."""
    _, rows = own.weights
    return (own.y - dot(row_sums(own), rows)) % P


def missing(own: Mercury) -> int:
    """h(alpha) less the true value."""
    return (evaluate(own.polynomials["h"], own.alpha) - evaluate(row_sums(own), own.alpha)) % P


def add(own: Mercury, name: str, *terms: tuple[int, list[int]]) -> None:
    own.polynomials[name] = combine((1, own.polynomials[name]), *terms)


# The lies of 7.6


def false_rows(step: str, own: Mercury) -> None:
    """Row sums that have the false value."""
    if step == "kzg rows":
        _, rows = own.weights
        add(own, "h", (false_by(own) * inverse(rows[0]), [1]))


def false_remainder(step: str, own: Mercury) -> None:
    """These, and a g of degree below b that agrees with them at alpha, but not with f."""
    false_rows(step, own)
    if step == "kzg quotient":
        columns, _ = own.weights
        add(own, "g", (missing(own) * inverse(columns[0]), [1]))


def false_degree(step: str, own: Mercury) -> None:
    """These, and a g of degree b that agrees with them and with f."""
    false_rows(step, own)
    if step == "kzg quotient":
        columns, _ = own.weights
        k = -missing(own) * inverse(own.alpha * columns[0] % P) % P
        add(own, "g", (k, [-own.alpha % P, *[0] * (own.b - 1), 1]))
        add(own, "q", (-k, [1]))


def h_alpha(own: Mercury) -> int:
    """What the verifier derives from the values."""
    return kzg.derive(own.claim, own.messages(), own.drawn())[0]


def false_products(step: str, own: Mercury) -> None:
    """A value of S that makes up for the false y."""
    if step == "kzg values":
        error = h_alpha(own) - evaluate(own.polynomials["h"], own.alpha)
        *others, S_zeta, S_inverse = own.values
        own.values = (*others, (S_zeta + 2 * error * inverse(own.zeta)) % P, S_inverse)


def left_out(function: int, made: Callable[[], Attempt]) -> Callable[[Patch, Attempt], Attempt]:
    """A batch without one of h, g, S, D, f, on both sides."""

    def without(patch: Patch, _attempt: Attempt) -> Attempt:
        honest = kzg.powers
        patch.setattr(kzg, "powers", lambda beta: [0 if k == function else x for k, x in enumerate(honest(beta))])
        return made()

    return without


def lie(what: str, function: int, step: Step | None = None) -> ProtocolLie:
    name = ("h", "g", "S", "D", "f - (zeta^b - alpha) q")[function]
    made = false_value(step)
    return ProtocolLie(f"kzg: {what}", f"{name} in the batch", OPENING, made, left_out(function, made))


MERCURY_LIES = (
    lie("false value", 0),
    lie("row sums that have the false value", 0, false_rows),
    lie("a remainder that agrees with false row sums", 4, false_remainder),
    lie("a remainder of degree b that agrees with false row sums", 3, false_degree),
    lie("values of S that make up for the false value", 2, false_products),
    ProtocolLie(
        "kzg: an opening of something else",
        "the pairing",
        OPENING,
        false_value(),
        lambda patch, attempt: unchecked(patch, attempt),
    ),
)


def unchecked(patch: Patch, attempt: Attempt) -> Attempt:
    patch.setattr(kzg, "check_pairings", lambda *_: None)
    return attempt


# One lie for each challenge


def known_alpha(step: str, own: Mercury) -> None:
    """Row sums that have the false value, and at this alpha the true one: h + k (X - alpha)."""
    if step == "kzg rows":
        _, rows = own.weights
        k = false_by(own) * inverse(rows[1] - KNOWN * rows[0])
        add(own, "h", (k, [-KNOWN, 1]))


def known_gamma(step: str, own: Mercury) -> None:
    """h is wrong by a constant that makes up for gamma times the false value."""
    if step == "kzg rows":
        _, rows = own.weights
        add(own, "h", (-KNOWN * false_by(own) * inverse(1 - KNOWN * rows[0]), [1]))


def known_zeta(step: str, own: Mercury) -> None:
    """g has degree b, and D has the right value at this zeta."""
    false_degree(step, own)
    if step == "kzg products":
        own.polynomials["D"] = [pow(KNOWN, own.b - 1, P) * evaluate(own.polynomials["g"], inverse(KNOWN)) % P]


def known_beta(step: str, own: Mercury) -> None:
    """Wrong values of h and S at 1/zeta that cancel there, and make up for the false value."""
    if step == "kzg values":
        error = h_alpha(own) - evaluate(own.polynomials["h"], own.alpha)
        u2, _ = kzg.halves(own.r_lo)
        other = inverse(own.zeta)
        weight = KNOWN**2 * (other - own.alpha) % P  # of S at 1/zeta; h has 1
        # e of S and -weight e of h change h(alpha) by (-gamma P_u2(zeta) weight - 1/zeta) e / 2.
        slope = (own.gamma * kzg.eq_polynomial(u2, own.zeta) * weight + other) % P
        e = 2 * error * inverse(slope) % P
        g_zeta, g_inverse, h_zeta, h_inverse, S_zeta, S_inverse = own.values
        own.values = (g_zeta, g_inverse, h_zeta, (h_inverse - weight * e) % P, S_zeta, (S_inverse + e) % P)


def known_z(step: str, own: Mercury) -> None:
    """W is the constant that the equation needs at this z."""
    if step == "kzg batch":
        drawn = kzg.Challenges(own.alpha, own.gamma, own.zeta, own.beta, KNOWN)
        w = kzg.weights(drawn)
        total = 0
        for weight, function in zip((w.h, w.g, w.S, w.D, w.f), opened(own), strict=True):
            total += weight * (evaluate(function.polynomial, KNOWN) - interpolated(function.values, KNOWN))
        nodes = (own.alpha, own.zeta, inverse(own.zeta))
        own.polynomials["W"] = [total * inverse(evaluate(vanishing(nodes), KNOWN)) % P]


def interpolated(values: dict[int, int], x: int) -> int:
    total = 0
    for node, value in values.items():
        basis = [1]
        for other in values:
            if other != node:
                basis = multiply(basis, [-other % P * inverse(node - other) % P, inverse(node - other)])
        total += value * evaluate(basis, x)
    return total % P


KNOWN_CHALLENGES = tuple(
    known(f"kzg {name}", f"an opening of a false value that fits one {name}", false_value(step), OPENING)
    for name, step in (
        ("alpha", known_alpha),
        ("gamma", known_gamma),
        ("zeta", known_zeta),
        ("beta", known_beta),
        ("z", known_z),
    )
)
