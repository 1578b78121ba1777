"""Chapter 4: the helper column (stage 5.1-H)."""

from __future__ import annotations

from collections.abc import Sequence

from .claims import Claim, KnownValues, LinearForm, Part, mask_coefficients
from .field import HALF, P, eq_point, eq_vector
from .layout import Layout
from .lookups import KeyClaim, LookupClaims, block_indicator, multiplicity_form
from .proof import HelperMessages, degree
from .transcript import Transcript
from .weights import truncated


def verify_helper(
    transcript: Transcript, layout: Layout, messages: HelperMessages, alpha: int, known: KnownValues
) -> LookupClaims:
    """The sumcheck that h is the sum of the lanes' fractions, and that it sums to zero."""
    transcript.absorb_points("helper", messages.commitments)
    tau, combiner = draw(transcript, layout)
    point, last = verify_helper_rounds(transcript, layout, messages.rounds)
    transcript.absorb_scalars("helper values", messages.values)
    value = (last - summand(layout, messages.values, point, tau, combiner, alpha)) % P
    return claims(layout, messages.values, point, value, known)


def draw(transcript: Transcript, layout: Layout) -> tuple[tuple[int, ...], int]:
    """tau, tau_0 first, and lambda."""
    tau = tuple(transcript.challenge("helper tau") for _ in range(layout.n))
    return tau, transcript.challenge("helper lambda")


def round_order(n: int) -> list[int]:
    """Step 1: variables n - 1, .., 0, and then n, the pad variable."""
    return [*range(n - 1, -1, -1), n]


def verify_helper_rounds(
    transcript: Transcript, layout: Layout, rounds: Sequence[Sequence[int]]
) -> tuple[list[int], int]:
    """Step 1: the point (x_0 .. x_n) and the claim that is left. A round sends s_0, s_2 .. s_D."""
    point, claim = [0] * (layout.n + 1), 0
    for i, message in zip(round_order(layout.n), rounds, strict=True):
        transcript.absorb_scalars("helper round", message)
        x = transcript.challenge("helper point")
        claim = evaluate(round_polynomial(claim, message), x)
        point[i] = x
    return point, claim


def round_polynomial(claim: int, message: Sequence[int]) -> list[int]:
    """s_0 .. s_D, with s_1 from s(0) + s(1) = claim."""
    s_0, *higher = message
    return [s_0, (claim - 2 * s_0 - sum(higher)) % P, *higher]


def evaluate(polynomial: Sequence[int], x: int) -> int:
    """By Horner's rule; the constant is first."""
    value = 0
    for coefficient in reversed(polynomial):
        value = (value * x + coefficient) % P
    return value


def fraction_relation(h: int, denominators: Sequence[int], numerators: Sequence[int]) -> int:
    """h prod_l d_l - sum_l n_l prod_{l' != l} d_l'."""
    total = h
    for d in denominators:
        total = total * d % P
    for lane, numerator in enumerate(numerators):
        term = numerator
        for other, d in enumerate(denominators):
            if other != lane:
                term = term * d % P
        total -= term
    return total % P


def selectors(layout: Layout, r: Sequence[int]) -> list[int]:
    """sel_l(r): 1 at lane l's in-range lookups."""
    found = [0] * layout.parameters.lanes
    for placed in layout.lookup_blocks:
        if placed.lookup is not None:
            found[placed.lane] = (found[placed.lane] + block_indicator(placed, layout.n, r)) % P
    return found


def summand(
    layout: Layout, values: Sequence[int], point: Sequence[int], tau: Sequence[int], combiner: int, alpha: int
) -> int:
    """(1 - r0) (lambda H + eq(tau, r) (H prod_l (alpha - K_l) - ..)) with n^_0 = sel_0(r) - M."""
    *keys, h, m = values
    *r, r0 = point
    numerators = selectors(layout, r)
    numerators[0] -= m
    relation = fraction_relation(h, [alpha - key for key in keys], numerators)
    return (1 - r0) * (combiner * h + eq_point(tau, r) * relation) % P


def claims(
    layout: Layout, values: Sequence[int], point: Sequence[int], mask_value: int, known: KnownValues
) -> LookupClaims:
    """The claims that are left: K_0 .. K_{L-1}, M, H, g1."""
    *keys, h, m = values
    *r, r0 = point
    mask = layout.mask
    return LookupClaims(
        r=tuple(r),
        r0=r0,
        keys=tuple(KeyClaim({mask.key_pad(lane): r0}, key) for lane, key in enumerate(keys)),
        multiplicities=Claim(multiplicity_form(layout, r, r0, {mask.multiplicity_pad: r0}, known), m),
        rest=(Claim(helper_form(layout, r, r0), h), Claim(LinearForm(mu=mask_form(layout, point)), mask_value)),
    )


def mask_form(layout: Layout, point: Sequence[int]) -> dict[int, int]:
    """sum_{i,d} (x_i^d - 1/2) mu[g1,i,d]."""
    return mask_coefficients(layout.mask.g1(0, 1), point, [HALF] * len(point), degree(layout))


def helper_form(layout: Layout, r: Sequence[int], r0: int) -> LinearForm:
    """(1 - r0) sum_{i < len h} eq(r, i) h(i) + r0 mu[h]."""
    (length,) = layout.tensors[layout.helper].axes
    entries = dict(enumerate(truncated(eq_vector(r), length)))
    return LinearForm([Part((1 - r0) % P, layout.helper, (entries,))], {layout.mask.helper_pad: r0})
