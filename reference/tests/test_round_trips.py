"""Completeness: an honest proof of every sketch is accepted; of a false witness, none."""

from __future__ import annotations

import pytest
from tests.conformance.slow_prover import (
    Hooks,
    Proved,
    Scheme,
    Values,
    prove,
    seeded_randomness,
    setup,
    system_randomness,
)

from zkseal_reference import VerifyingKey
from zkseal_reference.errors import LinearClaimRejected
from zkseal_reference.layout import Layout

from .cases import CONTEXT, SCHEMES, Case, case, check, lie
from .relations import SKETCHES

SHORT = "helper2-kzg"


@pytest.mark.parametrize("name", SKETCHES)
def test_an_honest_proof_is_accepted(name: str) -> None:
    check(case(name), case(name).proved)
    check(case(name, SHORT), case(name, SHORT).proved)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_honest_proof_of_every_scheme_is_accepted(scheme: str) -> None:
    check(case("tables", scheme), case("tables", scheme).proved)


def test_eight_lanes() -> None:
    """The lookups of `tables` lie in a lane each, and two lanes are empty."""
    sketch, scheme = SKETCHES["tables"](), Scheme(8, kzg=True)
    key, model = setup(sketch.relation(), 7, sketch.values, seeded_randomness(1), scheme=scheme)
    assert {placed.lane for placed in key.layout.lookup_blocks} == set(range(6))
    check(Case(sketch, key, model, proved := prove(key, model, sketch.values, CONTEXT, seeded_randomness(2))), proved)


@pytest.mark.parametrize("name", ["tiny", "limbs", "tables"])
@pytest.mark.parametrize("scheme", ["tree-ipa", SHORT])
def test_a_key_survives_its_bytes_and_its_model_proof_verifies(name: str, scheme: str) -> None:
    key = case(name, scheme).key
    decoded = VerifyingKey.decode(key.encode())
    assert decoded.encode() == key.encode()
    assert decoded.model_id == key.model_id


# Entries that the constraints determine: sketch, tensor, entry, what is added.
FALSE_ENTRIES = [
    *[("tiny", *change) for change in (("x", 0, 1), ("y", 1, 1), ("r", 0, 4), ("z", 1, 1))],
    *[("mlp", *change) for change in (("rem", 2, -8), ("y1", 14, 1))],
    *[("mlp", *change) for change in (("image", 5, 1), ("z", 8, 1))],
    *[("batched_attention", *change) for change in (("Q", 11, 1), ("K", 4, 1), ("scores", 17, 1))],
    *[
        ("rows", *change)
        for change in (("B", 159, 1), ("D", 35, 1), ("out", 14, 1), ("turned", 0, 1), ("turned", 4, 1))
    ],
    *[("embedding", *change) for change in (("y", 5, 1), ("picked", 1, 1), ("mixed", 5, 1), ("total", 0, 1))],
    *[("tables", *change) for change in (("x", 0, -1), ("y", 1, 1), ("token", 0, 1), ("emb", 2, 2))],
    *[("tables", *change) for change in (("bit", 1, 2), ("own", 0, 1))],
    *[("merged", *change) for change in (("a", 3, 1), ("b", 0, 1), ("c", 1, 1))],
    ("limbs", "x", 0, 1),
    ("limbs", "y", 0, 1),
    *[("straddle", *change) for change in (("x", 2, 9), ("x", 134, 9))],
]

# Entries that no constraint reads: index 10 of the straddling axis, and an end of a vector.
UNREAD_ENTRIES = [("rows", "B", 164, 1), ("rows", "D", 36, 1), ("straddle", "x", 0, 9)]


def with_false_entry(name: str, scheme: str, tensor: str, entry: int, off: int) -> Proved:
    """A proof from a witness with one entry changed, consistent otherwise."""
    found = case(name, scheme)
    index = found.sketch.index(tensor)

    def change(_layout: Layout, values: Values) -> None:
        values[index][entry] += off

    return lie(found, Hooks(tensors=change))


@pytest.mark.parametrize("scheme", ["tree-ipa", SHORT])
@pytest.mark.parametrize(("name", "tensor", "entry", "off"), FALSE_ENTRIES)
def test_one_wrong_entry_is_rejected(name: str, scheme: str, tensor: str, entry: int, off: int) -> None:
    proved = with_false_entry(name, scheme, tensor, entry, off)
    with pytest.raises(LinearClaimRejected):
        check(case(name, scheme), proved)


@pytest.mark.parametrize("scheme", ["tree-ipa", SHORT])
@pytest.mark.parametrize(("name", "tensor", "entry", "off"), UNREAD_ENTRIES)
def test_an_entry_that_no_constraint_reads_is_free(name: str, scheme: str, tensor: str, entry: int, off: int) -> None:
    check(case(name, scheme), with_false_entry(name, scheme, tensor, entry, off))


def test_a_false_public_value_is_rejected() -> None:
    found = case("public_only")
    values = {**found.sketch.values, 1: [1, 4, 8]}
    proved = prove(found.key, found.model, values, CONTEXT, seeded_randomness(5))
    with pytest.raises(LinearClaimRejected):
        check(found, proved, public={0: values[0], 1: values[1]})


def test_two_proofs_share_no_element() -> None:
    found = case("tiny")
    first, second = (prove(found.key, found.model, found.sketch.values, CONTEXT, system_randomness) for _ in "12")
    elements = [{p.proof[i : i + 32] for i in range(0, len(p.proof), 32)} for p in (first, second)]
    assert not elements[0] & elements[1]
    assert not set(first.input_commitments) & set(second.input_commitments)
