"""Chapter 6, Mercury: the functions of one value, and what a challenge must not be."""

from __future__ import annotations

import pytest

from zkseal_reference import kzg
from zkseal_reference.curve import Point, multi_scalar
from zkseal_reference.errors import OpeningRejected
from zkseal_reference.field import P, eq_vector, evaluate_sparse, inverse
from zkseal_reference.helper import evaluate
from zkseal_reference.linear import OpeningClaim
from zkseal_reference.pairing import G2, Twisted, multiply_twisted
from zkseal_reference.parameters import Opening
from zkseal_reference.proof import KzgMessages
from zkseal_reference.transcript import Transcript
from zkseal_slow_prover.channel import Channel
from zkseal_slow_prover.columns import TAU, commit
from zkseal_slow_prover.hooks import Hooks, seeded_randomness
from zkseal_slow_prover.mercury import prove_mercury

TAU_G2 = multiply_twisted(TAU, G2)


def prove(vector: list[int], r_lo: list[int], y: int) -> KzgMessages:
    sent: list[Point] = []
    scalars: list[int] = []

    class Recorder(Channel):
        def points(self, label: str, *points: Point) -> None:
            sent.extend(points)
            super().points(label, *points)

        def scalars(self, label: str, *values: int) -> tuple[int, ...]:
            scalars.extend(values)
            return super().scalars(label, *values)

    prove_mercury(Recorder(Transcript(), Hooks()), vector, r_lo, y)
    return KzgMessages(tuple(sent), tuple(scalars))


def check(vector: list[int], r_lo: list[int], y: int, messages: KzgMessages, tau_g2: Twisted | None = TAU_G2) -> None:
    assert tau_g2 is not None
    claim = OpeningClaim(((1, commit(vector, 0, Opening.KZG)),), tuple(r_lo), y)
    kzg.verify_opening(Transcript(), claim, messages, tau_g2)


@pytest.mark.parametrize("c", range(6))
def test_openings_verify_in_every_size(c: int) -> None:
    source = seeded_randomness(c)
    vector, r_lo = source("vector", 1 << c), source("point", c)
    y = evaluate_sparse(dict(enumerate(vector)), r_lo)
    messages = prove(vector, r_lo, y)
    check(vector, r_lo, y, messages)
    with pytest.raises(OpeningRejected):
        check(vector, r_lo, y + 1, messages)
    if c > 0:  # a constant does not depend on tau
        with pytest.raises(OpeningRejected):
            check(vector, r_lo, y, messages, G2)
    with pytest.raises(OpeningRejected):
        check([vector[0] + 1, *vector[1:]], r_lo, y, messages)


def test_a_vector_of_zeros_is_opened_by_identities() -> None:
    messages = prove([0] * 16, [3, 4, 5, 6], 0)
    assert messages == KzgMessages((None,) * 7, (0,) * 6)
    check([0] * 16, [3, 4, 5, 6], 0, messages)


def test_a_commitment_with_a_part_in_h_does_not_open() -> None:
    source = seeded_randomness(7)
    vector, r_lo = source("vector", 16), source("point", 4)
    y = evaluate_sparse(dict(enumerate(vector)), r_lo)
    messages = prove(vector, r_lo, y)
    claim = OpeningClaim(((1, commit(vector, 5, Opening.KZG)),), tuple(r_lo), y)
    assert TAU_G2 is not None
    with pytest.raises(OpeningRejected):
        kzg.verify_opening(Transcript(), claim, messages, TAU_G2)


def test_the_eq_polynomial_has_the_eq_vector_as_coefficients() -> None:
    for u in ([], [3], [3, 5], [3, 5, 7]):
        assert kzg.eq_polynomial(u, 11) == evaluate(eq_vector(u), 11)


def test_the_columns_have_the_odd_coordinate() -> None:
    assert kzg.halves([1, 2, 3, 4]) == ([1, 2], [3, 4])
    assert kzg.halves([1, 2, 3]) == ([1], [2, 3])
    assert kzg.halves([]) == ([], [])


def test_interpolants_take_their_values() -> None:
    alpha, zeta = 11, 13
    for x, value in ((zeta, 17), (inverse(zeta), 19), (alpha, 23)):
        assert kzg.parabola((17, 19), zeta, alpha, 23, x) == value
        assert x == alpha or kzg.line((17, 19), zeta, x) == value


@pytest.mark.parametrize(
    ("alpha", "zeta"), [(2, 0), (0, 0), (2, 1), (2, P - 1), (2, 2), (2, inverse(2)), (inverse(3), 3)]
)
def test_nodes_that_coincide_are_rejected(alpha: int, zeta: int) -> None:
    with pytest.raises(OpeningRejected):
        kzg.check_zeta(alpha, zeta)


def test_alpha_may_be_zero() -> None:
    kzg.check_zeta(0, 2)


@pytest.mark.parametrize("special", ["alpha", "zeta", "1/zeta"])
def test_a_z_that_is_a_node_is_no_error(special: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Honest proofs verify, and nothing is divided by zero."""
    drawn: dict[str, int] = {}
    honest = Transcript.challenge

    def challenge(self: Transcript, label: str) -> int:
        drawn[label] = honest(self, label)
        nodes = {"alpha": drawn.get("kzg alpha", 0), "zeta": drawn.get("kzg zeta", 0)}
        nodes["1/zeta"] = pow(nodes["zeta"], -1, P) if nodes["zeta"] else 0
        return nodes[special] if label == "kzg z" else drawn[label]

    monkeypatch.setattr(Transcript, "challenge", challenge)
    source = seeded_randomness(8)
    vector, r_lo = source("vector", 16), source("point", 4)
    y = evaluate_sparse(dict(enumerate(vector)), r_lo)
    check(vector, r_lo, y, prove(vector, r_lo, y))


def test_terms_of_the_commitment_are_summed() -> None:
    vector, r_lo = [5, 6, 7, 8], [9, 10]
    y = evaluate_sparse(dict(enumerate(vector)), r_lo)
    messages = prove(vector, r_lo, y)
    point = commit(vector, 0, Opening.KZG)
    terms = ((2, point), (P - 1, point))
    assert multi_scalar(terms) == point
    assert TAU_G2 is not None
    kzg.verify_opening(Transcript(), OpeningClaim(terms, tuple(r_lo), y), messages, TAU_G2)
