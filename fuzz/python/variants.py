"""Valid bytes with one thing changed each: what a fuzzer that knows no CBOR and no JSON would take long to come to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from zkseal.receipts import cbor
from zkseal.relation import Relation, encoding

Change = Callable[[Any], object]

_RECEIPT: dict[str, Change] = {
    "no-evidence": lambda receipt: receipt.update(evidence=[]),
    "two-proofs": lambda receipt: receipt["evidence"].append(receipt["evidence"][0]),
    "evidence-number": lambda receipt: receipt.update(evidence=[3]),
    "evidence-version": lambda receipt: receipt["evidence"][0].update(version=2),
    "evidence-type": lambda receipt: receipt["evidence"][0].update(type="tee"),
    "receipt-version": lambda receipt: receipt.update(receipt=2),
    "statement-version": lambda receipt: receipt["statement"].update(version=2),
    "statement-number": lambda receipt: receipt.update(statement=3),
    "model": lambda receipt: receipt["statement"].update(model=bytes(32)),
    "model-short": lambda receipt: receipt["statement"].update(model=bytes(31)),
    "context": lambda receipt: receipt["statement"].update(context=b"other"),
    "index": lambda receipt: receipt["statement"]["input"].update(values=[[1 << 33, bytes(8)]]),
    "short": lambda receipt: receipt["statement"]["input"].update(values=[[0, bytes(7)]]),
    "order": lambda receipt: receipt["statement"]["input"].update(values=[[1, bytes(8)], [0, bytes(8)]]),
    "pair": lambda receipt: receipt["statement"]["input"].update(values=[[0]]),
    "commitment": lambda receipt: receipt["statement"]["input"].update(commitments=[bytes(31)]),
    "other-side": lambda receipt: receipt["statement"].update(
        input=receipt["statement"]["output"], output=receipt["statement"]["input"]
    ),
}

_ANNOTATION: dict[str, Change] = {
    "format": lambda document: document.update(format="other"),
    "two-names": lambda document: document["outputs"][0].update(name=document["inputs"][0]["name"]),
    "missing": lambda document: document.update(inputs=[]),
    "text-number": lambda document: document["inputs"][0].update(lo="0"),
    "bounds": lambda document: document["inputs"][0].update(lo=document["inputs"][0]["lo"] - 1),
    "tensor": lambda document: document["inputs"][0].update(tensor=1 << 20),
    "features": lambda document: document["inputs"][0].update(feature_exponents=[1]),
    "good-features": lambda document: document["inputs"][0].update(
        feature_exponents=[1] * document["inputs"][0]["shape"][-1]
    ),
    "exponent": lambda document: document["inputs"][0].update(exponent=1 << 20),
    "shape": lambda document: document["inputs"][0].update(shape=[0]),
    "name": lambda document: document["inputs"][0].update(name="\n"),
    "dtype": lambda document: document["inputs"][0].update(dtype="complex64"),
    "integers": lambda document: document["inputs"][0].update(dtype="int64"),
}

_HEAD: dict[str, Change] = {
    "visibility": lambda head: head.update(visibility=["private", "public", "secret"]),
    "accuracy": lambda head: head.update(accuracy="{}"),
    "no-accuracy": lambda head: head.update(accuracy=None),
    "graph": lambda head: head.update(graph=3),
    "operator": lambda head: head["graph"]["nodes"][0].update(op=["Gemm"]),
    "unknown-attribute": lambda head: head["graph"]["nodes"][0]["attributes"].update(a=["unknown", 1]),
    "list-attribute": lambda head: head["graph"]["nodes"][0]["attributes"].update(a=["list", [["bytes", b""]]]),
    "array-attribute": lambda head: head["graph"]["nodes"][0]["attributes"].update(a=["array", "int8"]),
    "float-attribute": lambda head: head["graph"]["nodes"][0]["attributes"].update(a=["float", bytes(8)]),
    "text-attribute": lambda head: head["graph"]["nodes"][0]["attributes"].update(a=["text", "a"]),
    "calibration": lambda head: head["calibration"].append([1]),
    "exponent": lambda head: head["calibration"][0].__setitem__(1, "text"),
    "options": lambda head: head["options"].update(bits=["text", "a"]),
    "unknown-option": lambda head: head["options"].update(more=["int", 1]),
}


def receipts(valid: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and receipts."""
    return _cbor(valid, _RECEIPT)


def heads(valid: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and heads of a compiled model or a proving key."""
    return _cbor(valid, _HEAD)


def annotated(relation: Relation) -> Iterator[tuple[str, bytes]]:
    """Names and relations that mean the same constraints."""
    for name, change in _ANNOTATION.items():
        document = json.loads(relation.annotation)
        change(document)
        text = json.dumps(document, sort_keys=True, separators=(",", ":"))
        yield name, encoding.encode(replace(relation, annotation=text.encode()))
    yield "spaces", encoding.encode(replace(relation, annotation=relation.annotation + b" "))


def _cbor(valid: bytes, changes: dict[str, Change]) -> Iterator[tuple[str, bytes]]:
    for name, change in changes.items():
        value = cbor.loads(valid, max_bytes=1 << 24)
        change(value)
        yield name, cbor.dumps(value)
