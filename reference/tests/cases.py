"""Proofs of the sketches of `relations`, made once for all tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tests.conformance.slow_prover import CommittedColumn, Hooks, Proved, Values, prove, seeded_randomness, setup

from zkseal_reference import VerifyingKey, verify

from .relations import SKETCHES, Sketch

CONTEXT = b"a context"


@dataclass(frozen=True)
class Case:
    """A relation with a witness, a key and an honest proof."""

    sketch: Sketch
    key: VerifyingKey
    model: CommittedColumn
    proved: Proved

    @property
    def public(self) -> Values:
        return {index: list(self.sketch.values[index]) for index in self.key.relation.public_tensors}


@cache
def case(name: str) -> Case:
    sketch = SKETCHES[name]()
    key, model = setup(sketch.relation(), sketch.c, sketch.values, seeded_randomness(1))
    return Case(sketch, key, model, prove(key, model, sketch.values, CONTEXT, seeded_randomness(2)))


def check(case: Case, proved: Proved, *, context: bytes = CONTEXT, public: Values | None = None) -> None:
    """Verifies under the key of the case."""
    verify(
        case.key,
        context,
        case.public if public is None else public,
        proved.input_commitments,
        proved.output_commitments,
        proved.proof,
    )


def lie(case: Case, hooks: Hooks, seed: int = 3) -> Proved:
    """A dishonest proof."""
    return prove(case.key, case.model, case.sketch.values, CONTEXT, seeded_randomness(seed), hooks)
