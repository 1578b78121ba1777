"""The vector runner: every area, agreement and disagreement, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zkseal_reference.__main__ import main
from zkseal_reference.curve import encode_uncompressed
from zkseal_reference.field import encode_scalar
from zkseal_reference.generators import generator
from zkseal_reference.transcript import Transcript
from zkseal_reference.vectors import AREAS, SCHEMA, run_file

from .cases import CONTEXT, case

Document = dict[str, Any]
VECTORS = Path(__file__).resolve().parents[2] / "vectors"


def accepted(arguments: dict[str, Any], value: dict[str, Any]) -> Document:
    return {"arguments": arguments, "result": "accepted", "value": value}


def rejected(arguments: dict[str, Any], error: str) -> Document:
    return {"arguments": arguments, "result": "rejected", "error": error}


def proof_arguments() -> dict[str, Any]:
    found = case("embedding")
    return {
        "key": "embedding",
        "context": CONTEXT.hex(),
        "public": {str(index): values for index, values in found.public.items()},
        "inputs": [point.hex() for point in found.proved.input_commitments],
        "outputs": [point.hex() for point in found.proved.output_commitments],
        "proof": found.proved.proof.hex(),
    }


def opening_arguments() -> dict[str, Any]:
    found = case("embedding")
    index = found.sketch.index("x")
    return {
        "key": "embedding",
        "column": "input",
        "tensors": {str(index): found.sketch.values[index]},
        "blindings": found.proved.input_blindings.hex(),
        "commitments": [point.hex() for point in found.proved.input_commitments],
    }


def transcript_vector() -> Document:
    transcript = Transcript()
    transcript.absorb("m", b"ab")
    values = [transcript.challenge("c"), transcript.challenge128("d")]
    steps = [["absorb", "m", "6162"], ["challenge", "c"], ["challenge128", "d"]]
    return accepted({"steps": steps}, {"challenges": [encode_scalar(x).hex() for x in values]})


def layout_of_tiny() -> dict[str, Any]:
    key = case("tiny").key
    return {
        "digest": key.relation_digest.hex(),
        "n": 5,
        "n2": 4,
        "nz": 1,
        "row_variables": 2,
        "mask_length": 64,
        "rows": {"model": 1, "table": 0, "input": 1, "output": 1, "witness": 1},
        "proof_bytes": 3136,
    }


def relation_value() -> dict[str, Any]:
    (outcome,) = run_file(document("relation", rejected(relation_arguments(), "none")))
    model = json.loads(outcome.found.removeprefix("accepted "))["model"]
    assert (model["n"], model["rows"]["model"], model["rows"]["witness"]) == (4, 1, 1)
    return {**layout_of_tiny(), "model": model}


def relation_arguments() -> dict[str, Any]:
    return {"relation": case("tiny").key.relation_bytes.hex(), "c": 6}


def document(area: str, *vectors: Document) -> str:
    numbered = [{"id": i, "comment": area, "flags": [], **vector} for i, vector in enumerate(vectors)]
    keys = {"embedding": case("embedding").key.encode().hex()}
    return json.dumps({"schema": SCHEMA, "area": area, "origin": "a test", "keys": keys, "vectors": numbered})


def shared(name: str) -> str:
    """One accepted and one rejected vector of a file of vectors/segments, whose keys are too long to be made here."""
    found = json.loads((VECTORS / "segments" / name).read_text())
    results = {vector["result"]: vector for vector in found["vectors"]}
    assert set(results) == {"accepted", "rejected"}
    return json.dumps({**found, "vectors": list(results.values())})


def documents() -> dict[str, str]:
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    point = encode_uncompressed(generator(b"H")).hex()
    too_large, off_curve = {"data": "ff" * 32}, {"data": "00" * 32}
    model_id = {"model_id": case("embedding").key.model_id.hex()}
    return {
        "keccak": document("keccak", accepted({"data": ""}, {"digest": empty})),
        "scalar": document("scalar", accepted({"data": "00" * 32}, {}), rejected(too_large, "NonCanonicalScalar")),
        "point": document("point", accepted({"data": point}, {"point": point}), rejected(off_curve, "NotOnCurve")),
        "generator": document("generator", accepted({"label": "H", "index": 0}, {"point": point})),
        "transcript": document("transcript", transcript_vector()),
        "relation": document(
            "relation",
            accepted(relation_arguments(), relation_value()),
            rejected({"relation": "", "c": 6}, "InvalidRelation"),
        ),
        "key": document(
            "key",
            accepted({"key": "embedding"}, model_id),
            rejected({"key": "5a"}, "WrongLength"),
        ),
        "proof": document(
            "proof",
            accepted(proof_arguments(), {}),
            rejected({**proof_arguments(), "context": ""}, "LinearClaimRejected"),
            rejected({**proof_arguments(), "proof": ""}, "WrongLength"),
        ),
        "opening": document(
            "opening",
            accepted(opening_arguments(), {}),
            rejected({**opening_arguments(), "blindings": "00" * 32}, "OpeningRejected"),
        ),
        "segmented_key": shared("key.json"),
        "segmented": shared("receipt.json"),
    }


@pytest.mark.parametrize("area", AREAS)
def test_vectors_of_every_area_agree(area: str) -> None:
    outcomes = list(run_file(documents()[area]))
    assert outcomes
    assert [(o.expected, o.found) for o in outcomes if not o.passed] == []


def test_a_vector_that_disagrees_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(documents()["scalar"])
    bad.write_text(document("scalar", accepted({"data": "ff" * 32}, {})))
    assert main([str(good)]) == 0
    assert main([str(good), str(bad)]) == 1
    assert "0 scalar: expected accepted {}, found rejected NonCanonicalScalar" in capsys.readouterr().out
    assert main([]) == 2


def test_an_unknown_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema"):
        list(run_file(json.dumps({"schema": "other", "area": "keccak", "vectors": []})))
