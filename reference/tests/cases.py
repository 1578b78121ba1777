"""Proofs of the sketches of `relations`, made once for all tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tests.conformance.slow_prover import (
    CommittedColumn,
    Hooks,
    Proved,
    Scheme,
    Values,
    prove,
    seeded_randomness,
    setup,
)

from zkseal_reference import VerifyingKey, verify
from zkseal_reference.layout import Layout
from zkseal_reference.parameters import Opening
from zkseal_reference.relation import Column

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


SCHEMES = {
    "tree-ipa": Scheme(),
    "tree-kzg": Scheme(kzg=True),
    **{f"helper{lanes}-{'kzg' if kzg else 'ipa'}": Scheme(lanes, kzg) for lanes in (1, 2, 4) for kzg in (False, True)},
}
"""Ways to prove: lookup argument with its lanes, opening."""


@cache
def case(name: str, scheme: str = "tree-ipa") -> Case:
    sketch = SKETCHES[name]()
    key, model = setup(sketch.relation(), sketch.c, sketch.values, seeded_randomness(1), scheme=SCHEMES[scheme])
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


def element_kinds(layout: Layout) -> list[str]:
    """For every 32 bytes of a proof, what stands there: chapter 6, "Proof bytes", written out again.

    A commitment is a point that must not be the identity.
    """
    kinds = ["commitment"] * (layout.committed_row_count(Column.WITNESS) + 1)
    if layout.has_helper:
        degree = layout.parameters.lanes + 2
        kinds += ["commitment"] * layout.committed_row_count(Column.HELPER)
        kinds += ["scalar"] * (degree * (layout.n + 1) + degree)
    else:
        for j in range(layout.n):
            kinds += ["scalar"] * (2 * (j + 1) + 4)
    kinds += ["scalar"] * (2 * layout.n2 + 2 + 2 * layout.row_variables)
    kinds += ["commitment"] * 2 + ["scalar"] * (1 + 2 * (layout.c + 1) + 2)
    if layout.parameters.opening == Opening.KZG:
        return kinds + ["point"] * 7 + ["scalar"] * 6
    return kinds + ["point"] * (2 * layout.c) + ["scalar"]
