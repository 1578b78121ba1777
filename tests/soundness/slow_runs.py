"""Runs of the slow prover without masks, what a verifier sees in them, and challenges that are known beforehand.

A sumcheck or claim that a false statement leaves wrong is corrected in a second run, with the same randomness, by what
`observe` saw in the first. Masks are zero, so that the true values of mask claims are known: 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from reference.tests.relations import INPUT, WITNESS, Sketch
from tests.conformance import slow_prover as slow

from zkseal_reference import helper, linear, tree, verifier
from zkseal_reference.claims import Claim
from zkseal_reference.field import HALF, P, inverse
from zkseal_reference.lookups import LookupClaims
from zkseal_reference.relation import encode_relation
from zkseal_reference.transcript import Transcript
from zkseal_slow_prover.columns import TAU

from .native import Attempt, Setting, reference_key, reference_verdict
from .protocol_provers import ProtocolLie, by_slow_prover

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


def run(sketch: Sketch, scheme: slow.Scheme = slow.TRANSPARENT, **hooks: object) -> Attempt:
    """A proof of the slow prover without masks, always with the same randomness."""
    own = {"mu": no_masks, "message": go_on, **hooks}
    return by_slow_prover(sketch, key_of(sketch, scheme), slow.Hooks(**own), scheme)  # type: ignore[arg-type]


def counted(table: int, row: int, times: int) -> Callable[[verifier.Layout, slow.Values], None]:
    def change(layout: verifier.Layout, values: slow.Values) -> None:
        values[layout.multiplicity(table)][row] += times

    return change


def key_of(sketch: Sketch, scheme: slow.Scheme = slow.TRANSPARENT) -> bytes:
    """By the Rust setup; the slow prover knows its tau."""
    lanes, tau = scheme.lanes or None, TAU if scheme.kzg else None
    return Setting(encode_relation(sketch.relation()), sketch.c, sketch.values, lanes=lanes, tau=tau).key


@dataclass
class Seen:
    """What a verifier computes on the way: claims, the last check, challenges by label in order."""

    layers: list[Claim] = field(default_factory=list)
    helper: LookupClaims | None = None
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
    verify_layer, verify_products, claims = tree.verify_layer, verifier.verify_products, helper.claims

    def layer(*arguments: object) -> tuple[tree.NodeClaim, Claim]:
        claim, mask = verify_layer(*arguments)  # type: ignore[arg-type]
        seen.layers.append(mask)
        return claim, mask

    def helper_claims(*arguments: object) -> LookupClaims:
        seen.helper = claims(*arguments)  # type: ignore[arg-type]
        return seen.helper

    def products(*arguments: object) -> tuple[Claim, Claim, Claim]:
        seen.products = verify_products(*arguments)  # type: ignore[arg-type]
        return seen.products  # type: ignore[return-value]

    def last_claim(last: int, y: int, coefficient: int) -> None:
        seen.last, seen.y, seen.coefficient = last, y, coefficient

    with pytest.MonkeyPatch.context() as spy:
        spy.setattr(tree, "verify_layer", layer)
        spy.setattr(helper, "claims", helper_claims)
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
    """A round (s_0, s_2, ..) whose polynomial has `error` less at the known point, and the sum that is claimed."""
    step = error * inverse(1 - 2 * KNOWN) % P
    return corrected(label, at, lambda message: ((message[0] - step) % P, *message[1:]))


def known(label: str, what: str, attempt: Callable[[], Attempt], error: str = "LinearClaimRejected") -> ProtocolLie:
    def without(patch: pytest.MonkeyPatch, _attempt: Attempt) -> Attempt:
        fix(patch, label)
        return attempt()

    return ProtocolLie(what, f"challenge {label}", error, attempt, without)
