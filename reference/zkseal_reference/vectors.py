"""Runs vector files: JSON, one area a file, in the form

    {"schema": "zkseal vectors v1", "area": "proof", "origin": "..", "notes": {flag: which bug it hunts},
     "keys": {name: hex},
     "vectors": [{"id": 1, "comment": "..", "flags": [..], "arguments": {..},
                  "result": "accepted", "value": {..}}  or  {.., "result": "rejected", "error": "OpeningRejected"}]}

Bytes are hexadecimal; a `key` argument is a name of `keys` or hexadecimal. `value` holds what the operation returns and
must be equal field by field; `error` is the code of `errors`. The areas are the keys of `AREAS`; each of its functions
documents its arguments.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .curve import decode_compressed, decode_uncompressed, encode_uncompressed
from .decoder import decode_relation
from .errors import ProtocolError
from .field import decode_scalar, encode_scalar
from .generators import generator
from .keccak import keccak256
from .key import VerifyingKey
from .layout import Layout
from .model_relation import derive_model_relation
from .opening import check_opening
from .parameters import LookupArgument, Opening, Parameters, decode_parameters
from .proof import proof_length
from .relation import COMMITTED, Column, Relation, encode_relation, relation_digest
from .segments import SegmentedKey, Side, verify_segments
from .transcript import Transcript
from .verifier import verify

SCHEMA = "zkseal vectors v1"

Arguments = dict[str, Any]
Value = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What one vector expects and what happened; both are "accepted <value>" or "rejected <error>"."""

    id: int
    comment: str
    expected: str
    found: str

    @property
    def passed(self) -> bool:
        return self.expected == self.found


def run_file(text: str) -> Iterator[Outcome]:
    """The outcomes of all vectors of a file."""
    document = json.loads(text)
    if document["schema"] != SCHEMA:
        raise ValueError(f"schema {document['schema']!r}: this runner knows {SCHEMA!r}")
    operation = AREAS[document["area"]]
    keys = document.get("keys", {})
    for vector in document["vectors"]:
        arguments = dict(vector["arguments"])
        if arguments.get("key") in keys:
            arguments["key"] = keys[arguments["key"]]
        expected = describe(vector["result"], vector.get("value", {}), vector.get("error"))
        yield Outcome(vector["id"], vector["comment"], expected, attempt(operation, arguments))


def attempt(operation: Callable[[Arguments], Value], arguments: Arguments) -> str:
    try:
        return describe("accepted", operation(arguments), None)
    except ProtocolError as error:
        return describe("rejected", {}, error.code)


def describe(result: str, value: Value, error: str | None) -> str:
    return f"rejected {error}" if result == "rejected" else f"accepted {json.dumps(value, sort_keys=True)}"


def unhex(text: str) -> bytes:
    return bytes.fromhex(text)


# Areas


def run_keccak(arguments: Arguments) -> Value:
    """data -> digest."""
    return {"digest": keccak256(unhex(arguments["data"])).hex()}


def run_scalar(arguments: Arguments) -> Value:
    """data: 32 bytes."""
    decode_scalar(unhex(arguments["data"]))
    return {}


def run_point(arguments: Arguments) -> Value:
    """data: 32 bytes (compressed) or 64 bytes -> point, uncompressed."""
    data = unhex(arguments["data"])
    point = decode_compressed(data) if len(data) <= 32 else decode_uncompressed(data)
    return {"point": encode_uncompressed(point).hex()}


def run_generator(arguments: Arguments) -> Value:
    """label, index -> point, uncompressed."""
    point = generator(arguments["label"].encode(), arguments["index"])
    return {"point": encode_uncompressed(point).hex()}


def run_transcript(arguments: Arguments) -> Value:
    """steps: lists of an operation (absorb, challenge, challenge128), a label, and for absorb data -> challenges."""
    transcript, drawn = Transcript(), []
    for step in arguments["steps"]:
        if step[0] == "absorb":
            transcript.absorb(step[1], unhex(step[2]))
        elif step[0] == "challenge":
            drawn.append(transcript.challenge(step[1]))
        else:
            drawn.append(transcript.challenge128(step[1]))
    return {"challenges": [encode_scalar(x).hex() for x in drawn]}


def run_relation(arguments: Arguments) -> Value:
    """relation (bytes), c -> digest and layout of the relation and of its model relation (null if it has none).

    argument ("tree"), lanes (1) and opening ("ipa") may be others.
    """
    data = unhex(arguments["relation"])
    relation, parameters = decode_relation(data), named_parameters(arguments)
    value = layout_value(relation, data, parameters)
    model = derive_model_relation(relation)
    value["model"] = None if model is None else layout_value(model, encode_relation(model), parameters)
    return value


def named_parameters(arguments: Arguments) -> Parameters:
    argument, opening = arguments.get("argument", "tree"), arguments.get("opening", "ipa")
    choice = LookupArgument[argument.upper()], arguments.get("lanes", 1), Opening[opening.upper()]
    return decode_parameters(Parameters(arguments["c"], *choice).encode())


def layout_value(relation: Relation, data: bytes, parameters: Parameters) -> Value:
    layout = Layout(relation, parameters)
    return {
        "digest": relation_digest(data).hex(),
        "n": layout.n,
        "n2": layout.n2,
        "nz": layout.nz,
        "row_variables": layout.row_variables,
        "mask_length": layout.mask.length,
        "rows": {
            column.name.lower(): layout.committed_row_count(column)
            for column in COMMITTED
            if column != Column.HELPER or layout.has_helper
        },
        "proof_bytes": proof_length(layout),
    }


@lru_cache(maxsize=64)
def decoded_key(data: bytes) -> VerifyingKey:
    return VerifyingKey.decode(data)


def run_key(arguments: Arguments) -> Value:
    """key (bytes) -> model_id."""
    return {"model_id": decoded_key(unhex(arguments["key"])).model_id.hex()}


def run_proof(arguments: Arguments) -> Value:
    """key, context, public (values by tensor index), inputs and outputs (lists of compressed points), proof."""
    verify(
        decoded_key(unhex(arguments["key"])),
        unhex(arguments["context"]),
        {int(index): values for index, values in arguments["public"].items()},
        [unhex(point) for point in arguments["inputs"]],
        [unhex(point) for point in arguments["outputs"]],
        unhex(arguments["proof"]),
    )
    return {}


def run_opening(arguments: Arguments) -> Value:
    """key, column (name), tensors (values by index), blindings (32 bytes a row), commitments (compressed)."""
    check_opening(
        decoded_key(unhex(arguments["key"])),
        Column[arguments["column"].upper()],
        {int(index): values for index, values in arguments["tensors"].items()},
        unhex(arguments["blindings"]),
        [unhex(point) for point in arguments["commitments"]],
    )
    return {}


@lru_cache(maxsize=4)
def decoded_segmented_key(data: bytes) -> SegmentedKey:
    return SegmentedKey.decode(data)


def run_segmented_key(arguments: Arguments) -> Value:
    """key (bytes) of a model in segments -> model_id."""
    return {"model_id": decoded_segmented_key(unhex(arguments["key"])).model_id.hex()}


def run_segmented(arguments: Arguments) -> Value:
    """key, context, input and output (values by statement tensor, commitments), boundaries (lists of points), proofs
    (bytes)."""
    inputs, outputs = (
        Side(
            {int(number): values for number, values in arguments[name]["values"].items()},
            [unhex(point) for point in arguments[name]["commitments"]],
        )
        for name in ("input", "output")
    )
    verify_segments(
        decoded_segmented_key(unhex(arguments["key"])),
        unhex(arguments["context"]),
        inputs,
        outputs,
        [[unhex(point) for point in boundary] for boundary in arguments["boundaries"]],
        [unhex(proof) for proof in arguments["proofs"]],
    )
    return {}


AREAS: dict[str, Callable[[Arguments], Value]] = {
    "keccak": run_keccak,
    "scalar": run_scalar,
    "point": run_point,
    "generator": run_generator,
    "transcript": run_transcript,
    "relation": run_relation,
    "key": run_key,
    "proof": run_proof,
    "opening": run_opening,
    "segmented_key": run_segmented_key,
    "segmented": run_segmented,
}
