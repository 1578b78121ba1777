"""Lies of a prover that knows one challenge beforehand, as where a verifier draws it too early or not at all.

Every challenge keeps apart things that must not cancel. If it is known, they can be made to: each lie here does that
for one label, under the real transcript (both verifiers reject) and under one where the challenge with this label is a
constant (the reference accepts). All lies are about a false statement: squares that are none, or a value in no table.
Those about the helper argument and Mercury are in `helper_lies` and `mercury_lies`.
"""

from __future__ import annotations

from dataclasses import replace

from zkseal_reference.curve import decode_compressed, encode_compressed, multi_scalar
from zkseal_reference.field import P, inverse
from zkseal_reference.generators import generator
from zkseal_reference.proof import proof_length

from .helper_lies import KNOWN_CHALLENGES as HELPER_LIES
from .mercury_lies import KNOWN_CHALLENGES as MERCURY_LIES
from .native import Attempt, reference_key
from .protocol_provers import lookups
from .slow_runs import FALSE, KNOWN, corrected, counted, key_of, known, observe, pairs, rounds_corrected, run, unequal

# One lie for each label


def known_beta() -> Attempt:
    """(1, 13) is no row; with beta = 1 it has the key of (2, 12)."""
    return run(pairs(1, 13), multiplicities=counted(0, 1, 1))


def known_alpha() -> Attempt:
    """9 is no row; the first row is counted so often that the fractions cancel at this alpha."""
    times = (KNOWN - 1) * inverse(KNOWN - 9) % P
    return run(lookups(2, 9), multiplicities=counted(0, 0, times))


def known_tree_point() -> Attempt:
    """The only round of layer 0 claims the root that is zero."""
    error = observe(run(lookups(2, 9))).layers[0].value
    step = error * inverse(KNOWN) % P
    message = corrected("tree round", 0, lambda own: ((own[0] - step) % P, own[1]))
    return run(lookups(2, 9), message=message)


def known_sigma() -> Attempt:
    """Numerators of layer 1 that are wrong, and right at sigma."""
    error = observe(run(lookups(2, 9))).layers[0].value
    ratio = (1 - KNOWN) * inverse(KNOWN) % P

    def values(layer: int, own: tuple[int, ...]) -> tuple[int, ...]:
        if layer > 0:
            return own
        p_0, p_1, q_0, q_1 = own
        step = error * inverse(q_1 - ratio * q_0) % P
        return (p_0 + step) % P, (p_1 - ratio * step) % P, q_0, q_1

    return run(lookups(2, 9), tree_values=values)


def known_lambda() -> Attempt:
    """A numerator and a denominator of layer 1 that are wrong, and together right."""
    error = observe(run(lookups(2, 9))).layers[0].value

    def values(layer: int, own: tuple[int, ...]) -> tuple[int, ...]:
        if layer > 0:
            return own
        p_0, p_1, q_0, q_1 = own
        share = inverse(KNOWN)
        step = error * inverse(q_1 - p_1 * share) % P
        return (p_0 + step) % P, p_1, (q_0 - step * share) % P, q_1

    return run(lookups(2, 9), tree_values=values)


def known_eta() -> Attempt:
    """Two constraints are broken by opposite amounts."""
    return run(unequal((1, 3), (-1, -3)))


def known_zeta() -> Attempt:
    """One constraint is broken at two indices by opposite amounts."""
    return run(unequal((1, -1), (0, 0)))


def known_product_point() -> Attempt:
    """The last product round makes up for the false sum."""
    sketch = unequal(*FALSE)
    error = observe(run(sketch)).products[2].value
    last = reference_key(key_of(sketch)).layout.n2 - 1
    return run(sketch, message=rounds_corrected("product round", last, error))


def known_delta() -> Attempt:
    """V is wrong by as much as it takes to cancel what is wrong with g2."""
    sketch = unequal(*FALSE)
    u, _, g2 = observe(run(sketch)).products
    step = g2.value * inverse(u.value - 1) % P
    return run(sketch, message=corrected("product values", 0, lambda own: (own[0], (own[1] + step) % P)))


def known_row_point() -> Attempt:
    """The last row round makes up for the false combined claim."""
    sketch = unequal(*FALSE)
    last = reference_key(key_of(sketch)).layout.row_variables - 1
    return run(sketch, message=rounds_corrected("row round", last, observe(run(sketch)).row_error))


def known_chi() -> Attempt:
    """t_q makes up for the false claim of the rows."""
    sketch = unequal(*FALSE)
    step = KNOWN * observe(run(sketch)).row_error % P
    return run(sketch, message=corrected("blinding value", 0, lambda own: ((own[0] - step) % P,)))


def known_column_point() -> Attempt:
    """The last column round makes up for the false claim of the rows."""
    sketch = unequal(*FALSE)
    seen = observe(run(sketch))
    error = (seen.last - seen.y * seen.coefficient) % P
    return run(sketch, message=rounds_corrected("column round", reference_key(key_of(sketch)).layout.c, error))


def known_ipa_point() -> Attempt:
    """y is what the last claim wants it to be; the first L of the opening makes up for the difference."""
    sketch = unequal(*FALSE)
    first = observe(run(sketch))
    y = first.last * inverse(first.coefficient) % P
    attempt = run(sketch, message=corrected("combined", 0, lambda own: (y, own[1])))
    (w,) = observe(attempt).drawn["ipa w"]
    layout = reference_key(attempt.key).layout
    at = proof_length(layout) - 32 * (2 * layout.c + 1)
    left = decode_compressed(attempt.proof[at : at + 32])
    missing = w * (first.y - y) * inverse(KNOWN) % P
    left = multi_scalar([(1, left), (missing, generator(b"U"))])
    proof = attempt.proof[:at] + encode_compressed(left) + attempt.proof[at + 32 :]
    return replace(attempt, proof=proof)


LIES = (
    known("beta", "a pair of entries of two rows", known_beta),
    known("alpha", "multiplicities that fit one alpha", known_alpha),
    known("tree point", "a round of the tree that fits one point", known_tree_point),
    known("tree sigma", "numerators that fit one sigma", known_sigma),
    known("tree lambda", "numerator and denominator that fit one lambda", known_lambda),
    known("eta", "two false constraints that cancel", known_eta),
    known("zeta", "a constraint, false at two indices that cancel", known_zeta),
    known("product point", "a product round that fits one point", known_product_point),
    known("delta", "two false claims that cancel", known_delta),
    known("row point", "a row round that fits one point", known_row_point),
    known("chi", "t_q that fits one chi", known_chi),
    known("column point", "a column round that fits one point", known_column_point),
    known("ipa x", "a round of the opening that fits one point", known_ipa_point, "OpeningRejected"),
    *HELPER_LIES,
    *MERCURY_LIES,
)
