"""What lies about the protocol are made of: small relations, provers that go on with false values, and the lie.

A lie is a proof (by the Rust prover with `Lies`, or by the slow prover with its hooks) that both verifiers must reject,
and `without`, which takes one small check out of the reference verifier and returns the proof that then passes. Provers
that share code with the reference run under the same patch, so that everything but the lie stays consistent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from reference.tests.relations import INPUT, MODEL, PUBLIC, WITNESS, Sketch
from tests.conformance import slow_prover as slow

from zkseal_reference import verifier
from zkseal_reference.relation import encode_relation

from .native import Attempt, Lies, Setting, reference_key

CONTEXT = b"a context"
Patch = pytest.MonkeyPatch
LINEAR, OPENING = "LinearClaimRejected", "OpeningRejected"


@dataclass(frozen=True)
class ProtocolLie:
    """`without(patch, attempt)` takes out the defence and returns a proof of the same lie, often the same proof."""

    what: str
    defence: str
    error: str
    attempt: Callable[[], Attempt]
    without: Callable[[Patch, Attempt], Attempt]


# Relations


def lookups(*values: int) -> Sketch:
    """Witness values, looked up in the table 1 .. 5 with id 0; a second table 7, 8 has id 1."""
    s = Sketch(c=7, loops={"i": len(values)})
    s.tensor("x", WITNESS, (len(values),), values)
    s.progression("own", 1, 5)
    s.progression("other", 7, 2)
    s.table("own", 0, "own")
    s.table("other", 1, "other")
    s.lookup("own", "i", (s.term(1, s.at("x", "i")),))
    return s


def labelled() -> Sketch:
    """A public value that no constraint reads, and an input that is a square."""
    s = Sketch(c=6, loops={"i": 2})
    s.tensor("label", PUBLIC, (2,), [4, 2])
    s.tensor("x", INPUT, (2,), [3, -5])
    s.tensor("y", WITNESS, (2,), [9, 25])
    s.zero("i", s.term(1, s.at("x", "i"), s.at("x", "i")), s.term(-1, s.at("y", "i")))
    return s


def weighted(*W: int) -> Sketch:
    """y = W x with private weights of 4 bits."""
    s = Sketch(c=7, loops={"i": 2})
    s.tensor("W", MODEL, (2,), W, (-8, 7))
    s.tensor("x", INPUT, (2,), [3, -5])
    s.tensor("y", WITNESS, (1,), [3 * W[0] - 5 * W[1]])
    s.zero("", s.term(1, s.at("W", "i"), s.at("x", "i"), sums="i"), s.term(-1, s.at("y", 0)))
    return s


def divided(*, ranged: bool) -> Sketch:
    """x = 4 y + r with r in 0 .. 3; y in -8 .. 7 only if `ranged`."""
    s = Sketch(c=7, loops={"i": 2})
    s.tensor("x", INPUT, (2,), [13, -6])
    s.tensor("y", WITNESS, (2,), [3, -2])
    s.tensor("r", WITNESS, (2,), [1, 2])
    s.progression("t4", 0, 4)
    s.progression("t16", -8, 16)
    s.table("r4", 0, "t4")
    s.table("r16", 1, "t16")
    s.lookup("r4", "i", (s.term(1, s.at("r", "i")),))
    if ranged:
        s.lookup("r16", "i", (s.term(1, s.at("y", "i")),))
    s.zero("i", s.term(1, s.at("x", "i")), s.term(-4, s.at("y", "i")), s.term(-1, s.at("r", "i")))
    return s


# Provers


def rust(
    sketch: Sketch, lies: Lies, *, context: bytes = CONTEXT, lanes: int | None = None, tau: int | None = None
) -> Attempt:
    """A proof by the Rust prover, under a fresh key."""
    setting = Setting(encode_relation(sketch.relation()), sketch.c, sketch.values, lanes=lanes, tau=tau)
    return setting.prove(sketch.values, lies, context=context)


def by_slow_prover(
    sketch: Sketch,
    key: bytes | None = None,
    hooks: slow.Hooks | None = None,
    scheme: slow.Scheme = slow.TRANSPARENT,
) -> Attempt:
    """A proof by the slow prover; `key` is that of the same relation without model tensors, and of the same scheme."""
    made, model = slow.setup(sketch.relation(), sketch.c, sketch.values, slow.seeded_randomness(1), scheme=scheme)
    data = made.encode() if key is None else key
    proved = slow.prove(reference_key(data), model, sketch.values, CONTEXT, slow.seeded_randomness(2), hooks or GO_ON)
    public = {index: sketch.values[index] for index in made.relation.public_tensors}
    return Attempt(data, CONTEXT, public, proved.input_commitments, proved.output_commitments, proved.proof)


GO_ON = slow.Hooks(message=lambda _label, scalars: scalars)
"""Hooks that change nothing: the prover goes on where an honest one would stop."""


def layout_of(sketch: Sketch, scheme: slow.Scheme = slow.TRANSPARENT) -> verifier.Layout:
    return verifier.Layout(sketch.relation(), scheme.parameters(sketch.c))


def block_of(sketch: Sketch, table: int | None) -> int:
    """The first leaf of a table, or of the only lookup."""
    for placed in layout_of(sketch).lookup_blocks:
        if (placed.lookup is None and placed.table == table) or (placed.lookup is not None and table is None):
            return placed.block.base
    raise AssertionError(table)
