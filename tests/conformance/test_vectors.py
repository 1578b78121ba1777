"""Every vector through the compiled core and through the reference: same verdict, same error, same value."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from zkseal_reference import errors

from .verifiers import OPERATIONS, Vector, by_reference, by_rust, paths, told_by_rust, vectors

pytestmark = pytest.mark.native

ALL = tuple(vectors())


@pytest.mark.parametrize("vector", ALL, ids=lambda vector: vector.name)
def test_both_verifiers_find_what_the_vector_says(vector: Vector) -> None:
    assert by_reference(vector) == vector.expected, vector.comment
    assert by_rust(vector) == told_by_rust(vector), vector.comment


def test_there_are_at_least_300_vectors_of_every_kind() -> None:
    counted = Counter((vector.area, vector.expected.split(" ")[0]) for vector in ALL)
    assert counted.total() >= 300
    assert {area for area, _ in counted} == set(OPERATIONS)
    assert sum(count for (_, result), count in counted.items() if result == "rejected") >= 200
    assert counted["proof", "accepted"] >= 10
    assert counted["proof", "rejected"] >= 100
    assert len({vector.name for vector in ALL}) == len(ALL)
    assert {vector.file for vector in ALL} == {"/".join(path.parts[-2:]) for path in paths()}


@pytest.mark.parametrize("opening", [0, 1])
@pytest.mark.parametrize(("argument", "lanes"), [(0, 1), (1, 1), (1, 2), (1, 4)])
def test_every_scheme_has_keys_and_proofs(argument: int, lanes: int, opening: int) -> None:
    found = Counter(
        (vector.area, vector.expected.split(" ")[0])
        for vector in ALL
        if bytes.fromhex(vector.arguments.get("key", ""))[8:11] == bytes([argument, lanes, opening])
    )
    assert found["key", "accepted"] >= 5
    assert found["proof", "accepted"] >= 5


def test_the_kzg_proofs_and_those_of_lanes_are_changed() -> None:
    rejected = [vector for vector in ALL if vector.area == "proof" and vector.expected.startswith("rejected")]
    parameters = Counter(bytes.fromhex(vector.arguments["key"])[8:11] for vector in rejected)
    assert parameters[b"\1\2\1"] >= 200
    for other in (b"\0\1\1", b"\1\4\1", b"\1\4\0", b"\1\1\0"):
        assert parameters[other] >= 40


def test_every_error_of_the_book_is_expected_by_a_vector() -> None:
    classes = (errors.DecodeFailure, errors.Rejected)
    named = {error.__name__ for base in classes for error in base.__subclasses__()}
    expected = {vector.expected.split(" ")[1] for vector in ALL if vector.expected.startswith("rejected")}
    assert expected == named


def test_a_vector_that_says_something_else_disagrees_with_both() -> None:
    """One accepted and one rejected vector of every area that has both, with the other's arguments."""
    for area in OPERATIONS:
        first = {vector.expected.split(" ")[0]: vector for vector in reversed(ALL) if vector.area == area}
        if len(first) < 2:
            continue
        for own, other in (("accepted", "rejected"), ("rejected", "accepted")):
            wrong = replace(first[own], arguments=first[other].arguments)
            assert by_reference(wrong) != wrong.expected
            assert by_rust(wrong) != told_by_rust(wrong)
