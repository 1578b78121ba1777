"""Lies of a prover that knows one challenge beforehand, as where a verifier draws it too early or not at all.

Every challenge keeps apart things that must not cancel. If it is known, they can be made to: each lie here does that
for one label, under the real transcript (both verifiers reject) and under one where the challenge with this label is a
constant (the reference accepts). All lies are about a false statement: squares that are none, or a value in no table.

A sumcheck or claim that a false statement leaves wrong is corrected in a second run of the slow prover, with the same
randomness, by what `observe` saw in the first. Masks are zero, so that the true values of mask claims are known: 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pytest
from reference.tests.relations import INPUT, WITNESS, Sketch
from tests.conformance import slow_prover as slow

from zkseal_reference import linear, tree, verifier
from zkseal_reference.claims import Claim
from zkseal_reference.curve import decode_compressed, encode_compressed, multi_scalar
from zkseal_reference.field import HALF, P, inverse
from zkseal_reference.generators import generator
from zkseal_reference.proof import proof_length
from zkseal_reference.relation import encode_relation
from zkseal_reference.transcript import Transcript

from .native import Attempt, Setting, reference_key, reference_verdict
from .protocol_provers import ProtocolLie, by_slow_prover, lookups

CONSTANTS: Mapping[str, int] = {"eta": 1, "beta": 1, "delta": 1, "zeta": HALF}
"""What the known challenge is; `KNOWN` where any number does."""
KNOWN = 5
Message = Callable[[str, tuple[int, ...]], tuple[int, ...]]


def constant(label: str) -> int:
    return CONSTANTS.get(label, KNOWN)


def fix(patch: pytest.MonkeyPatch, label: str) -> None:
    """The challenge with this label is a constant; the state moves on as before."""
    for name in ("challenge", "challenge128"):
        honest = getattr(Transcript, name)

        def challenge(self: Transcript, own: str, honest: Callable[[Transcript, str], int] = honest) -> int:
            drawn = honest(self, own)
            return constant(label) if own == label else drawn

        patch.setattr(Transcript, name, challenge)


# False statements


def unequal(*errors: tuple[int, int]) -> Sketch:
    """Two tensors of the squares of two inputs; `errors` are added to each."""
    s = Sketch(c=6, loops={"i": 2})
    s.tensor("x", INPUT, (2,), [3, -5])
    for name, (first, second) in zip(("y", "z"), errors, strict=True):
        s.tensor(name, WITNESS, (2,), [9 + first, 25 + second])
        s.zero("i", s.term(1, s.at("x", "i"), s.at("x", "i")), s.term(-1, s.at(name, "i")))
    return s


def pairs(x: int, y: int) -> Sketch:
    """A pair that is looked up among (1, 11), (2, 12), (3, 13)."""
    s = Sketch(c=7, loops={"i": 1})
    s.tensor("x", WITNESS, (1,), [x])
    s.tensor("y", WITNESS, (1,), [y])
    s.progression("left", 1, 3)
    s.progression("right", 11, 3)
    s.table("pairs", 0, "left", "right")
    s.lookup("pairs", "i", (s.term(1, s.at("x", "i")),), (s.term(1, s.at("y", "i")),))
    return s


FALSE = ((1, 0), (0, 0))
"""Errors of `unequal`: one of four squares is too large by one."""


# Runs of the slow prover


def no_masks(_layout: object, mu: list[int]) -> None:
    mu[:] = [0] * len(mu)


def go_on(_label: str, scalars: tuple[int, ...]) -> tuple[int, ...]:
    return scalars


def run(sketch: Sketch, **hooks: object) -> Attempt:
    """A proof of the slow prover without masks, always with the same randomness."""
    own = {"mu": no_masks, "message": go_on, **hooks}
    return by_slow_prover(sketch, key_of(sketch), slow.Hooks(**own))  # type: ignore[arg-type]


def key_of(sketch: Sketch) -> bytes:
    return Setting(encode_relation(sketch.relation()), sketch.c, sketch.values).key


@dataclass
class Seen:
    """What a verifier computes on the way: claims, the last check, challenges by label in order."""

    layers: list[Claim] = field(default_factory=list)
    products: tuple[Claim, ...] = ()
    last: int = 0
    y: int = 0
    coefficient: int = 0
    drawn: dict[str, list[int]] = field(default_factory=dict)

    @property
    def row_error(self) -> int:
        """How much the claim behind the row rounds is wrong; the column rounds multiplied it by chi and their point."""
        (chi,) = self.drawn["chi"]
        return (self.last - self.y * self.coefficient) * inverse(chi * product(self.drawn["column point"]) % P) % P


def product(numbers: list[int]) -> int:
    result = 1
    for x in numbers:
        result = result * x % P
    return result


def observe(attempt: Attempt) -> Seen:
    """Verifies by the reference and looks over its shoulder."""
    reference_key(attempt.key)
    seen = Seen()
    verify_layer, verify_products = tree.verify_layer, verifier.verify_products

    def layer(*arguments: object) -> tuple[tree.NodeClaim, Claim]:
        claim, mask = verify_layer(*arguments)  # type: ignore[arg-type]
        seen.layers.append(mask)
        return claim, mask

    def products(*arguments: object) -> tuple[Claim, Claim, Claim]:
        seen.products = verify_products(*arguments)  # type: ignore[arg-type]
        return seen.products  # type: ignore[return-value]

    def last_claim(last: int, y: int, coefficient: int) -> None:
        seen.last, seen.y, seen.coefficient = last, y, coefficient

    with pytest.MonkeyPatch.context() as spy:
        spy.setattr(tree, "verify_layer", layer)
        spy.setattr(verifier, "verify_products", products)
        spy.setattr(linear, "check_last_claim", last_claim)
        for name in ("challenge", "challenge128"):
            honest = getattr(Transcript, name)

            def challenge(self: Transcript, label: str, honest: Callable[[Transcript, str], int] = honest) -> int:
                drawn = honest(self, label)
                seen.drawn.setdefault(label, []).append(drawn)
                return drawn

            spy.setattr(Transcript, name, challenge)
        reference_verdict(attempt)
    return seen


def corrected(label: str, at: int, correct: Callable[[tuple[int, ...]], tuple[int, ...]]) -> Message:
    """Changes the message number `at` (from 0) with this label."""
    count = [0]

    def message(own: str, scalars: tuple[int, ...]) -> tuple[int, ...]:
        if own != label:
            return scalars
        count[0] += 1
        return correct(scalars) if count[0] == at + 1 else scalars

    return message


def rounds_corrected(label: str, at: int, error: int) -> Message:
    """A round (s_0, s_2) whose polynomial has `error` less at the known point, and the sum that is claimed."""
    step = error * inverse(1 - 2 * KNOWN) % P
    return corrected(label, at, lambda message: ((message[0] - step) % P, message[1]))


# One lie for each label


def known_beta() -> Attempt:
    """(1, 13) is no row; with beta = 1 it has the key of (2, 12)."""
    return run(pairs(1, 13), multiplicities=counted(0, 1, 1))


def known_alpha() -> Attempt:
    """9 is no row; the first row is counted so often that the fractions cancel at this alpha."""
    times = (KNOWN - 1) * inverse(KNOWN - 9) % P
    return run(lookups(2, 9), multiplicities=counted(0, 0, times))


def counted(table: int, row: int, times: int) -> Callable[[verifier.Layout, slow.Values], None]:
    def change(layout: verifier.Layout, values: slow.Values) -> None:
        values[layout.multiplicity(table)][row] += times

    return change


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


def known(label: str, what: str, attempt: Callable[[], Attempt], error: str = "LinearClaimRejected") -> ProtocolLie:
    def without(patch: pytest.MonkeyPatch, _attempt: Attempt) -> Attempt:
        fix(patch, label)
        return attempt()

    return ProtocolLie(what, f"challenge {label}", error, attempt, without)


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
)
