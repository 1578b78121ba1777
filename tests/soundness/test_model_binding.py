"""A key is a model: other weights are rejected, weights out of bounds are refused, whoever made the key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from reference.tests.relations import Sketch, limbs, tiny

from zkseal import _native
from zkseal.errors import ValueOutOfBounds
from zkseal_reference import VerifyingKey, verifier
from zkseal_reference.relation import Relation, Tensor, encode_relation

from .native import Setting, named, reference_key, rust_key, verdict

from .native import ProtocolError, ZksealError  # isort: skip
from .programs import by_index, smallest_rows
from .protocol_lies import other_weights
from .protocol_provers import weighted
from .test_operator_lies import without
from .tree_lies import lowered_trees

pytestmark = pytest.mark.native


def setting(sketch: Sketch, relation: Relation | None = None) -> Setting:
    return Setting(encode_relation(relation or sketch.relation()), sketch.c, sketch.values)


def key_verdict(data: bytes) -> str:
    """What both verifiers say of a key."""
    rust, reference = named(ZksealError, lambda: rust_key(data)), named(ProtocolError, lambda: reference_key(data))
    assert rust == reference
    return rust


def test_a_proof_with_other_weights_under_the_same_graph_is_rejected() -> None:
    first, other = setting(weighted(2, -1)), setting(weighted(1, 1))
    assert first.relation == other.relation
    proof = other.prove(weighted(1, 1).values)
    assert verdict(proof) == "accepted"
    assert verdict(proof.changed(key=first.key)) == "LinearClaimRejected"
    assert rust_key(first.key).model_id != rust_key(other.key).model_id


def test_a_prover_that_claims_the_first_model_and_uses_another_is_rejected() -> None:
    assert verdict(other_weights()) == "OpeningRejected"


@pytest.mark.parametrize("weight", [8, -9, 7 + 16, 1 << 20, -(1 << 40)])
def test_a_model_with_a_weight_out_of_its_bounds_is_refused(weight: int) -> None:
    """The bounds are -8 .. 7. Setup refuses, and a key by a setup that does not look is refused by both verifiers."""
    sketch = weighted(2, -1)
    sketch.values[0][1] = weight
    with pytest.raises(ValueOutOfBounds):
        _native.setup(encode_relation(sketch.relation()), sketch.c, {0: np.array(sketch.values[0])})
    assert key_verdict(setting(sketch).key) == "ModelProofRejected"


def test_the_weight_passes_where_its_bounds_are_wider() -> None:
    """The one defence is the bound that the model proof shows."""
    sketch = weighted(2, -1)
    sketch.values[0][1] = 8
    sketch.values[2] = [3 * 2 - 5 * 8]
    relation = sketch.relation()
    tensors: tuple[Tensor, ...] = (replace(relation.tensors[0], lo=-16, hi=15), *relation.tensors[1:])
    wider = setting(sketch, replace(relation, tensors=tensors))
    assert key_verdict(wider.key) == "accepted"
    assert verdict(wider.prove(sketch.values)) == "accepted"


def test_the_weight_passes_where_the_model_proof_is_not_checked() -> None:
    sketch = weighted(2, -1)
    sketch.values[0][1] = 8
    with mock.patch.object(verifier, "verify_statement"):
        VerifyingKey.decode(setting(sketch).key)


def broken_limb(sketch: Sketch) -> None:
    sketch.values[sketch.index("ten")][1] = 1024


def two_hot(sketch: Sketch) -> None:
    sketch.values[sketch.index("hot")][0] = 1


def none_hot(sketch: Sketch) -> None:
    sketch.values[sketch.index("hot")][1] = 0


@pytest.mark.parametrize("lie", [broken_limb, two_hot, none_hot])
def test_a_model_that_breaks_what_the_model_proof_shows_is_refused(lie: Callable[[Sketch], None]) -> None:
    sketch = limbs()
    assert key_verdict(setting(sketch).key) == "accepted"
    lie(sketch)
    assert key_verdict(setting(sketch).key) == "ModelProofRejected"


def test_a_scope_1_constraint_is_the_one_defence_against_a_second_hot_entry() -> None:
    sketch = limbs()
    two_hot(sketch)
    relation = sketch.relation()
    without = replace(relation, zeros=relation.zeros[1:], lookups=relation.lookups[1:])
    assert key_verdict(setting(sketch, without).key) == "accepted"


def test_a_model_proof_belongs_to_its_commitments() -> None:
    first, other = (reference_key(setting(tiny()).key) for _ in range(2))
    for swapped in (
        replace(first, model_proof=other.model_proof),
        replace(first, model_proof=b""),
        replace(first, model_proof=first.model_proof[:-1]),
        replace(first, model_commitments=other.model_commitments),
    ):
        assert key_verdict(swapped.encode()) == "ModelProofRejected"


def test_a_model_whose_nodes_compare_features_of_another_input_is_refused() -> None:
    """The entries of several inputs stand in one table; a score depends on its own input alone."""
    found = lowered_trees(rows=2)
    features = found.honest["y/feature/column"].copy()
    features[1] -= 4
    own, other = found.honest, {**found.honest, "y/feature/column": features}
    honest, forged = (by_index(found.relation, values) for values in (own, other))
    relation = found.relation
    c = smallest_rows(relation.encode())
    assert key_verdict(Setting(relation.encode(), c, honest).key) == "accepted"
    assert key_verdict(Setting(relation.encode(), c, forged).key) == "ModelProofRejected"
    assert key_verdict(Setting(without(relation, "n0/lookup_1").encode(), c, forged).key) == "accepted"
