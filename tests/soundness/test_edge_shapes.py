"""Proofs that lack a phase (no lookups, no committed rows) or have many rounds: what is left still binds everything."""

from __future__ import annotations

from functools import cache

import pytest
from reference.tests.relations import Sketch, public_only, rows

from zkseal_reference.field import encode_scalar
from zkseal_reference.layout import Layout
from zkseal_reference.relation import encode_relation

from .manifest import SCALAR, elements
from .native import Attempt, Setting, reference_key, verdict
from .protocol_provers import labelled

pytestmark = pytest.mark.native

SHAPES = {"no committed rows": public_only, "no lookups": labelled, "many rows": rows}


@cache
def honest(name: str) -> Attempt:
    sketch: Sketch = SHAPES[name]()
    return Setting(encode_relation(sketch.relation()), sketch.c, sketch.values).prove(sketch.values)


def layout_of(name: str) -> Layout:
    return reference_key(honest(name).key).layout


def test_the_phases_that_are_missing() -> None:
    assert layout_of("no committed rows").row_variables == 0
    assert not layout_of("no committed rows").has_lookups
    assert not layout_of("no lookups").has_lookups
    assert layout_of("many rows").row_variables > 2


@pytest.mark.parametrize("name", SHAPES)
def test_every_scalar_is_bound_without_them(name: str) -> None:
    attempt = honest(name)
    assert verdict(attempt) == "accepted"
    for index, element in enumerate(elements(layout_of(name))):
        if element.kind == SCALAR:
            at = 32 * index
            word = encode_scalar(int.from_bytes(attempt.proof[at : at + 32], "big") + 1)
            changed = attempt.changed(proof=attempt.proof[:at] + word + attempt.proof[at + 32 :])
            assert verdict(changed) == element.error, (name, index, element.field)


def test_public_values_are_checked_where_nothing_is_committed() -> None:
    attempt = honest("no committed rows")
    for index, values in attempt.public.items():
        for position in range(len(values)):
            for step in (1, -1):
                false = [value + step * (k == position) for k, value in enumerate(values)]
                assert verdict(attempt.changed(public={**attempt.public, index: false})) in (
                    "LinearClaimRejected",
                    "StatementMismatch",
                )
    sketch = public_only()
    own = Setting(encode_relation(sketch.relation()), sketch.c, sketch.values)
    for index, values in attempt.public.items():
        false = {**sketch.values, index: [values[0] + 1, *values[1:]]}
        assert verdict(own.prove(false)) == "LinearClaimRejected"
