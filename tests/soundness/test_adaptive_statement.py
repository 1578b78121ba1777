"""Weak Fiat-Shamir: an honest proof, and a search for other public values that its equations accept.

Challenges as they are, the last claim of a proof is one linear equation modulo p in the public values, and a lattice
has short solutions: other values within their bounds. They are worth nothing, as the values are absorbed first; a
verifier that drew its challenges before it saw them would accept them, with no work by a prover at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from reference.tests.relations import INPUT, PUBLIC, WITNESS, Sketch

from zkseal_reference import linear, verifier
from zkseal_reference.field import P, inverse
from zkseal_reference.relation import encode_relation

from .native import Attempt, Setting, reference_verdict, verdict

pytestmark = pytest.mark.native

SIZE, BOUND = 6, 1 << 50  # 6 * 50 bits > 254 bits
Vector = list[int]


def shifted() -> Sketch:
    """y = x + shift, with public shifts of up to 51 bits."""
    s = Sketch(c=6, loops={"i": SIZE})
    x, shift = [3 * i - 7 for i in range(SIZE)], [1000 * i + 1 for i in range(SIZE)]
    s.tensor("x", INPUT, (SIZE,), x)
    s.tensor("shift", PUBLIC, (SIZE,), shift, (-BOUND, BOUND - 1))
    s.tensor("y", WITNESS, (SIZE,), [a + b for a, b in zip(x, shift, strict=True)], (-2 * BOUND, 2 * BOUND - 1))
    s.zero("i", s.term(1, s.at("x", "i")), s.term(1, s.at("shift", "i")), s.term(-1, s.at("y", "i")))
    return s


def bind_only(patch: pytest.MonkeyPatch, public: Mapping[int, Sequence[int]]) -> None:
    """The challenges of the reference are those for these public values, whatever the statement says."""
    honest = verifier.start_transcript

    def start(statement: verifier.Statement, *rest: object) -> object:
        return honest(replace(statement, public=public), *rest)  # type: ignore[arg-type]

    patch.setattr(verifier, "start_transcript", start)


def error_of(attempt: Attempt, honest: Mapping[int, Sequence[int]]) -> int:
    """By how much the last claim is wrong under the challenges for the honest values."""
    errors: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        bind_only(patch, honest)
        patch.setattr(linear, "check_last_claim", lambda last, y, k: errors.append((last - y * k) % P))
        reference_verdict(attempt)
    return errors[0]


def with_shift(attempt: Attempt, shift: Vector) -> Attempt:
    (index,) = attempt.public
    return attempt.changed(public={index: shift})


def other_values(attempt: Attempt) -> Attempt:
    """The same proof with other public values that meet its last claim under its own challenges."""
    ((_, honest),) = attempt.public.items()
    assert error_of(attempt, attempt.public) == 0
    weights = [
        error_of(with_shift(attempt, [v + (i == j) for j, v in enumerate(honest)]), attempt.public) for i in range(SIZE)
    ]
    step = shortest(weights)
    return with_shift(attempt, [v + d for v, d in zip(honest, step, strict=True)])


def shortest(weights: Vector) -> Vector:
    """A short integer vector whose inner product with the weights is 0 mod p."""
    last = inverse(weights[-1])
    # Rows of the lattice of all such vectors.
    basis = [[int(i == j) for j in range(SIZE - 1)] + [-w * last % P] for i, w in enumerate(weights[:-1])]
    return reduced([*basis, [0] * (SIZE - 1) + [P]])[0]


def reduced(basis: list[Vector]) -> list[Vector]:
    """The algorithm of Lenstra, Lenstra and Lovasz with 3/4, as in textbooks: everything is computed anew each time."""
    k = 1
    while k < len(basis):
        for j in reversed(range(k)):
            nearest = round(coefficients(basis, k)[0][j])
            basis[k] = [a - nearest * b for a, b in zip(basis[k], basis[j], strict=True)]
        mu, norms = coefficients(basis, k)
        if norms[k] >= (Fraction(3, 4) - mu[k - 1] ** 2) * norms[k - 1]:
            k += 1
        else:
            basis[k], basis[k - 1] = basis[k - 1], basis[k]
            k = max(k - 1, 1)
    return basis


def coefficients(basis: list[Vector], k: int) -> tuple[list[Fraction], list[Fraction]]:
    """Gram-Schmidt: what of row k lies along each row before, and the squared lengths of the orthogonal rows."""
    orthogonal: list[list[Fraction]] = []
    for row in basis[: k + 1]:
        own, mu = [Fraction(x) for x in row], []
        for other in orthogonal:
            mu.append(sum(a * b for a, b in zip(row, other, strict=True)) / sum(b * b for b in other))
            own = [a - mu[-1] * b for a, b in zip(own, other, strict=True)]
        orthogonal.append(own)
    return mu, [sum((a * a for a in row), Fraction(0)) for row in orthogonal]


def test_public_values_that_fit_an_honest_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    sketch = shifted()
    honest = Setting(encode_relation(sketch.relation()), sketch.c, sketch.values).prove(sketch.values)
    assert verdict(honest) == "accepted"
    forged = other_values(honest)
    assert forged.public != honest.public
    assert verdict(forged) == "LinearClaimRejected"
    bind_only(monkeypatch, honest.public)
    assert reference_verdict(forged) == "accepted"
