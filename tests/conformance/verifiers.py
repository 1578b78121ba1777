"""The operations of the vectors by the compiled core, beside those of the reference (`zkseal_reference.vectors`).

Relations, keys, proofs and openings go through the module that users get, `zkseal._native`, and segments through the
package, which joins them. The module does not export hash, encodings, generators and transcript; these go through the
same crates in `zkseal_testkit`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from tests.soundness.native import ROOT, kit

from zkseal import _native
from zkseal.errors import ZksealError
from zkseal.proving import SegmentedVerifyingKey, verify_segmented
from zkseal.receipts import Receipt, SegmentedEvidence, Side, Statement
from zkseal_reference import vectors as reference

VECTORS = ROOT / "vectors"
Arguments = dict[str, Any]
Value = dict[str, Any]

LAYOUT_FIELDS = {
    "n": "n",
    "n2": "n2",
    "row_vars": "row_variables",
    "mask_length": "mask_length",
    "rows": "rows",
    "proof_bytes": "proof_bytes",
}
"""Figures of a layout: their names in `zkseal._native.layout` and in the vectors."""


@dataclass(frozen=True)
class Vector:
    """One vector with its keys resolved; `expected` is "accepted <value>" or "rejected <error>"."""

    file: str
    area: str
    id: int
    comment: str
    flags: tuple[str, ...]
    arguments: Arguments
    expected: str

    @property
    def name(self) -> str:
        return f"{self.file}:{self.id}"


def paths() -> list[Path]:
    """All vector files."""
    return sorted(path for path in VECTORS.glob("*/*.json"))


@cache
def document(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


def vectors() -> Iterator[Vector]:
    """Every vector of every file."""
    for path in paths():
        found = document(path)
        for vector in found["vectors"]:
            arguments = dict(vector["arguments"])
            if "key" in arguments:
                arguments["key"] = found["keys"].get(arguments["key"], arguments["key"])
            expected = reference.describe(vector["result"], vector.get("value", {}), vector.get("error"))
            file, flags = path.relative_to(VECTORS).as_posix(), tuple(vector["flags"])
            yield Vector(file, found["area"], vector["id"], vector["comment"], flags, arguments, expected)


def by_reference(vector: Vector) -> str:
    """What the reference finds."""
    return reference.attempt(reference.AREAS[vector.area], vector.arguments)


def by_rust(vector: Vector) -> str:
    """What the core finds; an `InternalError`, or anything that is no error of zkseal, agrees with no vector."""
    try:
        value = OPERATIONS[vector.area](vector.arguments)
    except ZksealError as error:
        return f"rejected {error.code}"
    except ValueError as error:
        return f"rejected {error}"  # the testkit raises the code alone
    return reference.describe("accepted", value, None)


def told_by_rust(vector: Vector) -> str:
    """The expectation without what the core does not tell: nz, and the digest of the model relation.

    Both enter every proof of a model, so the vectors of keys compare them.
    """
    if vector.area != "relation" or vector.expected.startswith("rejected"):
        return vector.expected
    value = json.loads(vector.expected.removeprefix("accepted "))
    del value["nz"]
    if value["model"] is not None:
        del value["model"]["digest"], value["model"]["nz"]
    return reference.describe("accepted", value, None)


# Areas; their arguments are documented in zkseal_reference.vectors


def keccak(arguments: Arguments) -> Value:
    return {"digest": bytes(kit().keccak(bytes.fromhex(arguments["data"]))).hex()}


def scalar(arguments: Arguments) -> Value:
    data = bytes.fromhex(arguments["data"])
    assert bytes(kit().scalar(data)) == data, "an accepted encoding is the only one"
    return {}


def point(arguments: Arguments) -> Value:
    return {"point": bytes(kit().point(bytes.fromhex(arguments["data"]))).hex()}


def generator(arguments: Arguments) -> Value:
    return {"point": bytes(kit().generator(arguments["label"], arguments["index"])).hex()}


def transcript(arguments: Arguments) -> Value:
    steps = [(operation, label, bytes.fromhex("".join(data))) for operation, label, *data in arguments["steps"]]
    return {"challenges": [bytes(drawn).hex() for drawn in kit().transcript(steps)]}


def relation(arguments: Arguments) -> Value:
    data = bytes.fromhex(arguments["relation"])
    choice = {name: arguments[name] for name in ("argument", "lanes", "opening") if name in arguments}
    figures = _native.layout(data, arguments["c"], **choice)
    value = layout_value(figures) | {"digest": _native.relation_digest(data).hex()}
    return value | {"model": None if figures["model"] is None else layout_value(figures["model"])}


def layout_value(figures: Mapping[str, Any]) -> Value:
    return {name: figures[own] for own, name in LAYOUT_FIELDS.items()}


@lru_cache(maxsize=64)
def decoded_key(data: bytes) -> _native.VerifyingKey:
    return _native.VerifyingKey(data)


def key(arguments: Arguments) -> Value:
    return {"model_id": decoded_key(bytes.fromhex(arguments["key"])).model_id.hex()}


def proof(arguments: Arguments) -> Value:
    decoded_key(bytes.fromhex(arguments["key"])).verify(
        bytes.fromhex(arguments["context"]),
        integers(arguments["public"]),
        [bytes.fromhex(commitment) for commitment in arguments["inputs"]],
        [bytes.fromhex(commitment) for commitment in arguments["outputs"]],
        bytes.fromhex(arguments["proof"]),
    )
    return {}


def opening(arguments: Arguments) -> Value:
    column: Literal["input", "output"] = arguments["column"]
    decoded_key(bytes.fromhex(arguments["key"])).check_opening(
        column,
        integers(arguments["tensors"]),
        bytes.fromhex(arguments["blindings"]),
        [bytes.fromhex(commitment) for commitment in arguments["commitments"]],
    )
    return {}


def integers(tensors: Mapping[str, list[int]]) -> dict[int, np.ndarray[Any, np.dtype[np.int64]]]:
    return {int(index): np.array(values, dtype=np.int64) for index, values in tensors.items()}


@lru_cache(maxsize=4)
def decoded_segmented_key(data: bytes) -> SegmentedVerifyingKey:
    return SegmentedVerifyingKey.decode(data)


def segmented_key(arguments: Arguments) -> Value:
    """The package: segments are joined above the core."""
    return {"model_id": decoded_segmented_key(bytes.fromhex(arguments["key"])).model_id.hex()}


def segmented(arguments: Arguments) -> Value:
    key, context = decoded_segmented_key(bytes.fromhex(arguments["key"])), bytes.fromhex(arguments["context"])
    sides = [
        Side.of(integers(arguments[name]["values"]), tuple(map(bytes.fromhex, arguments[name]["commitments"])))
        for name in ("input", "output")
    ]
    evidence = SegmentedEvidence(
        tuple(tuple(map(bytes.fromhex, boundary)) for boundary in arguments["boundaries"]),
        tuple(map(bytes.fromhex, arguments["proofs"])),
    )
    receipt = Receipt(Statement(key.model_id, sides[0], sides[1], context), (evidence,))
    verify_segmented(receipt, key, context=context, public_inputs=set(sides[0].values))
    return {}


OPERATIONS: dict[str, Callable[[Arguments], Value]] = {
    "keccak": keccak,
    "scalar": scalar,
    "point": point,
    "generator": generator,
    "transcript": transcript,
    "relation": relation,
    "key": key,
    "proof": proof,
    "opening": opening,
    "segmented_key": segmented_key,
    "segmented": segmented,
}
