"""The vector files themselves: not stale, complete, explained, and of the form that vectors/schema.json describes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.soundness import test_segment_keys, test_segments
from tests.soundness.challenge_lies import LIES as CHALLENGE_LIES
from tests.soundness.protocol_lies import LIES as PROTOCOL_LIES
from vectors import generate

from zkseal_reference.errors import DecodeFailure, Rejected
from zkseal_reference.vectors import AREAS, SCHEMA

from .verifiers import VECTORS, document, paths

pytestmark = pytest.mark.native  # the tables of lies need the core


SEGMENT_FILES = ("key.json", "receipt.json")


@cache
def made(name: str) -> generate.File:
    return generate.FILES[name]()


def name_of(path: Path) -> str:
    return path.relative_to(VECTORS).as_posix()


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    loaded = json.loads((VECTORS / "schema.json").read_text())
    Draft202012Validator.check_schema(loaded)
    return Draft202012Validator(loaded)


@pytest.mark.parametrize("name", generate.REPEATABLE)
def test_a_file_is_what_the_generator_writes(name: str) -> None:
    assert (VECTORS / made(name).path).read_text() == made(name).text(), f"renew: python vectors/generate.py {name}"


def test_the_lies_of_the_soundness_tests_are_vectors() -> None:
    """Those about the protocol all; those about operators follow the lowering rules, and old ones stay as good."""
    found = [
        vector for vector in document(VECTORS / "proof" / "lies.json")["vectors"] if vector["result"] == "rejected"
    ]
    comments = [vector["comment"] for vector in found if "OperatorLie" not in vector["flags"]]
    lies = [generate.lie_comment(lie) for lie in (*PROTOCOL_LIES, *CHALLENGE_LIES)]
    assert comments == lies, "renew: python vectors/generate.py lies"
    assert len(found) - len(lies) >= 30


def test_no_file_is_without_a_generator() -> None:
    assert {name_of(path) for path in paths()} == {made(name).path for name in generate.REPEATABLE} | {
        "proof/lies.json",
        "segments/key.json",
        "segments/receipt.json",
    }


def test_the_forgeries_of_the_segment_tests_are_vectors() -> None:
    found = {name: {v["comment"] for v in document(VECTORS / "segments" / name)["vectors"]} for name in SEGMENT_FILES}
    assert found["key.json"] >= set(test_segment_keys.KEYS)
    wanted = {name for name, (_, error) in test_segments.CHANGES.items() if error != "WrongModel"}
    assert found["receipt.json"] >= wanted, "renew: python vectors/generate.py 'segmented receipts' 'segmented keys'"


@pytest.mark.parametrize("path", paths(), ids=name_of)
def test_a_file_is_valid_under_the_schema(path: Path, schema: Draft202012Validator) -> None:
    assert [f"{error.json_path}: {error.message[:200]}" for error in schema.iter_errors(document(path))] == []


@pytest.mark.parametrize("path", paths(), ids=name_of)
def test_numbers_follow_and_flags_are_explained(path: Path) -> None:
    found = document(path)
    assert [vector["id"] for vector in found["vectors"]] == list(range(1, len(found["vectors"]) + 1))
    assert {flag for vector in found["vectors"] for flag in vector["flags"]} == set(found["notes"])
    assert {vector["arguments"].get("key") for vector in found["vectors"]} >= set(found["keys"])


def test_schema_and_reference_name_the_same_areas_and_errors() -> None:
    loaded = json.loads((VECTORS / "schema.json").read_text())
    assert loaded["properties"]["area"]["enum"] == list(AREAS)
    named = {error.__name__ for base in (DecodeFailure, Rejected) for error in base.__subclasses__()}
    assert set(loaded["$defs"]["error"]["enum"]) == named
    assert loaded["properties"]["schema"]["const"] == SCHEMA


SPOILED: dict[str, Any] = {
    "no area": lambda file: file.pop("area"),
    "unknown area": lambda file: file.update(area="pairing"),
    "other schema": lambda file: file.update(schema="zkseal vectors v2"),
    "unknown member": lambda file: file.update(more=1),
    "unknown error": lambda file: file["vectors"][-1].update(error="Wrong"),
    "accepted with an error": lambda file: file["vectors"][-1].update(result="accepted"),
    "rejected without an error": lambda file: file["vectors"][-1].pop("error"),
    "upper case": lambda file: file["vectors"][-1]["arguments"].update(proof="AB"),
    "half a byte": lambda file: file["vectors"][-1]["arguments"].update(proof="abc"),
    "missing argument": lambda file: file["vectors"][-1]["arguments"].pop("context"),
    "argument of another area": lambda file: file["vectors"][-1]["arguments"].update(c=6),
    "value of another area": lambda file: file["vectors"][0].update(value={"digest": "00" * 32}),
}


@pytest.mark.parametrize("name", SPOILED)
def test_the_schema_refuses_what_no_runner_could_read(name: str, schema: Draft202012Validator) -> None:
    file = json.loads((VECTORS / "proof" / "lies.json").read_text())
    file["vectors"] = [file["vectors"][0], file["vectors"][-1]]
    assert schema.is_valid(file)
    SPOILED[name](file)
    assert not schema.is_valid(file)
