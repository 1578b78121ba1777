"""Chapter 5.3: all claims as one, the row rounds, the blinding, the column rounds.

The result is a statement about one commitment: its vector has the value y at r_lo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import sumcheck
from .claims import Claim, LinearForm, evaluate_parts, mask_coefficients
from .curve import Point
from .errors import LinearClaimRejected
from .field import HALF, P, eq_index, evaluate_sparse, inverse
from .generators import generator
from .layout import Layout
from .proof import Proof
from .relation import COMMITTED, Column
from .transcript import Transcript


@dataclass(frozen=True)
class OpeningClaim:
    """The vector committed by sum of scalar * point has the MLE value y at r_lo."""

    terms: tuple[tuple[int, Point], ...]
    r_lo: tuple[int, ...]
    y: int


@dataclass(frozen=True)
class RowClaim:
    """What the row rounds leave: <f, a> + <mu, b'> = value, with a given by parts at r_hi."""

    r_hi: tuple[int, ...]
    mu: dict[int, int]
    value: int


def combine(transcript: Transcript, claims: Sequence[Claim]) -> Claim:
    """sum of delta^i * claim i; what V evaluated itself is moved to the value."""
    delta = transcript.challenge("delta")
    form, value, power = LinearForm(), 0, 1
    for claim in claims:
        form.add_scaled(claim.form, power)
        value += power * claim.value
        power = power * delta % P
    return Claim(LinearForm(form.parts, form.mu), (value - form.constant) % P)


def verify_linear_claim(
    transcript: Transcript,
    layout: Layout,
    claim: Claim,
    proof: Proof,
    commitments: dict[Column, Sequence[Point]],
) -> OpeningClaim:
    """Steps (a) to (c)."""
    rows = verify_row_rounds(transcript, layout, claim, proof)
    transcript.absorb_points("blinding", proof.blinding)
    transcript.absorb_scalars("blinding value", (proof.blinding_value,))
    chi = transcript.challenge("chi")
    start = (proof.blinding_value + chi * rows.value) % P
    point, last = sumcheck.verify_rounds(transcript, "column round", "column point", start, proof.column_rounds)
    r_s, r_lo = point[0], tuple(point[1:])
    y, blinding = proof.combined
    transcript.absorb_scalars("combined", (y, blinding))
    check_last_claim(last, y, combined_coefficient(layout, claim, rows, r_s, r_lo))
    terms = combined_commitment(layout, rows.r_hi, r_s, chi, blinding, proof, commitments)
    return OpeningClaim(tuple(terms), r_lo, y)


def verify_row_rounds(transcript: Transcript, layout: Layout, claim: Claim, proof: Proof) -> RowClaim:
    """(a): the sumcheck of <D_row, A_row> + 2^-R <mu, b> over the rows, with the mask g3."""
    r_hi, value = sumcheck.verify_rounds(transcript, "row round", "row point", claim.value, proof.row_rounds)
    return RowClaim(tuple(r_hi), row_form(layout, claim, r_hi), value)


def row_form(layout: Layout, claim: Claim, r_hi: Sequence[int]) -> dict[int, int]:
    """b': 2^-R b plus x_i^d - 1/2 at [g3,i,d]."""
    share = inverse(1 << layout.row_variables)
    form = LinearForm(mu={position: share * x % P for position, x in claim.form.mu.items()})
    for position, x in mask_coefficients(layout.mask.g3(0, 1), r_hi, [HALF] * len(r_hi)).items():
        form.add_mu(position, x)
    return form.mu


def combined_coefficient(layout: Layout, claim: Claim, rows: RowClaim, r_s: int, r_lo: Sequence[int]) -> int:
    """(1 - r_s) a(r_lo) + r_s b'(r_lo)."""
    a = evaluate_parts(layout, claim.form.parts, (*rows.r_hi, *r_lo))
    b = evaluate_sparse(rows.mu, r_lo)
    return ((1 - r_s) * a + r_s * b) % P


def check_last_claim(last: int, y: int, coefficient: int) -> None:
    """(c): the last claim is y times the coefficients' MLE."""
    if last != y * coefficient % P:
        raise LinearClaimRejected("the last claim of the column rounds is false")


def combined_commitment(
    layout: Layout,
    r_hi: Sequence[int],
    r_s: int,
    chi: int,
    blinding: int,
    proof: Proof,
    commitments: dict[Column, Sequence[Point]],
) -> list[tuple[int, Point]]:
    """(d): (1 - r_s) (C_q + chi sum_row eq(r_hi, row) C_row) + r_s (C_q' + chi C_mu) - s H."""
    terms: list[tuple[int, Point]] = [
        ((1 - r_s) % P, proof.blinding[0]),
        (r_s, proof.blinding[1]),
        (r_s * chi % P, proof.mask),
        (-blinding % P, generator(b"H")),
    ]
    for column in COMMITTED:
        for row, point in zip(layout.committed_rows(column), commitments[column], strict=True):
            terms.append(((1 - r_s) * chi % P * eq_index(row, r_hi) % P, point))
    return terms
