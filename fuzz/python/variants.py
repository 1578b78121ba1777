"""Valid bytes with one thing changed each: what a fuzzer that knows no CBOR and no JSON would take long to come to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from zkseal import files
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

_IN_SEGMENTS: dict[str, Change] = {
    "proofs-swapped": lambda receipt: receipt["evidence"][0]["proofs"].reverse(),
    "proof-short": lambda receipt: receipt["evidence"][0].update(proofs=[b"", *receipt["evidence"][0]["proofs"][1:]]),
    "segment-missing": lambda receipt: (
        receipt["evidence"][0]["proofs"].append(b""),
        receipt["evidence"][0]["boundaries"].append([]),
    ),
    "boundary-empty": lambda receipt: receipt["evidence"][0].update(boundaries=[[]]),
    "boundary-word": lambda receipt: receipt["evidence"][0].update(boundaries=[[bytes(31)]]),
    "boundaries-missing": lambda receipt: receipt["evidence"][0].update(boundaries=[]),
    "one-proof": lambda receipt: receipt["evidence"][0].update(proofs=[b""], boundaries=[]),
    "evidence-2": lambda receipt: receipt["evidence"][0].update(version=2),
    "public": lambda receipt: receipt["statement"]["input"].update(values=[[0, bytes(8)]]),
    "many-public": lambda receipt: receipt["statement"]["input"].update(
        values=[[number, bytes(8 * number)] for number in (1, 40, 300, 70000)]
    ),
    "output-lost": lambda receipt: receipt["statement"]["output"].update(values=[]),
}

_ATTESTED: dict[str, Change] = {
    "answer-version": lambda receipt: receipt["evidence"][0].update(version=2),
    "answer-kind": lambda receipt: receipt["evidence"][0].update(type="tee"),
    "answer-text": lambda receipt: receipt["evidence"][0].update(answer="text"),
    "two-answers": lambda receipt: receipt["evidence"].append(receipt["evidence"][0]),
}

_CLAIMS: dict[str, Change] = {
    "claims-version": lambda claims: claims.update(answer=2),
    "claims-more": lambda claims: claims.update(more=1),
    "claims-short": lambda claims: claims.update(previous=bytes(31)),
    "claims-negative": lambda claims: claims.update(sequence=-1),
    "claims-text": lambda claims: claims.update(request_digest="text"),
    "claims-proof": lambda claims: claims.update(proof_digest=bytes(32)),
    "claims-proof-text": lambda claims: claims.update(proof_digest="text"),
    "claims-proof-short": lambda claims: claims.update(proof_digest=b""),
}

_BUNDLE: dict[str, Change] = {
    "bundle-version": lambda bundle: bundle.update(bundle=2),
    "bundle-more": lambda bundle: bundle.update(more=1),
    "bundle-type": lambda bundle: bundle.update(media_type="text/plain"),
    "bundle-runtime": lambda bundle: bundle.update(runtime=3),
    "bundle-platform": lambda bundle: bundle["evidence"].update(platform="crystal"),
    "bundle-index": lambda bundle: bundle["evidence"].update(index=-1),
    "bundle-keys": lambda bundle: bundle["evidence"].pop("index"),
    "bundle-endorsement": lambda bundle: bundle["evidence"]["endorsements"].update(unknown=b""),
    "bundle-list": lambda bundle: bundle["evidence"]["endorsements"].update(certificates=[]),
    "bundle-gpu": lambda bundle: bundle.update(submodules={"gpu0": {**bundle["evidence"], "platform": "nvidia"}}),
    "bundle-gpus": lambda bundle: bundle.update(
        submodules={f"gpu{i}": {**bundle["evidence"], "platform": "nvidia"} for i in range(2)}
    ),
    "bundle-two": lambda bundle: bundle.update(submodules={"other": bundle["evidence"]}),
    "bundle-all": lambda bundle: bundle["evidence"]["endorsements"].update(
        certificates=[b"a"], collateral="{}", revocation_lists=[b"b"], rims=[b"c"], public_key=b"d", pcrs=[b"e"]
    ),
    "bundle-evidence": lambda bundle: bundle.update(evidence=3),
    "bundle-submodules": lambda bundle: bundle.update(submodules=[]),
    "bundle-payload": lambda bundle: bundle["evidence"].update(payload="text"),
    "bundle-many": lambda bundle: bundle.update(submodules={f"gpu{i}": bundle["evidence"] for i in range(17)}),
}

_RUNTIME: dict[str, Change] = {
    "runtime-version": lambda runtime: runtime.update(runtime=2),
    "runtime-more": lambda runtime: runtime.update(more=1),
    "runtime-ceiling": lambda runtime: runtime.update(ceiling=9),
    "runtime-short": lambda runtime: runtime.update(nonce=bytes(31)),
    "runtime-text": lambda runtime: runtime.update(nonce="text"),
}

_SANDBOX: dict[str, Change] = {
    "sandbox-version": lambda claims: claims.update(sandbox=2),
    "sandbox-short": lambda claims: claims.update(measurement=bytes(31)),
    "sandbox-isolation": lambda claims: claims.update(isolation=[3]),
    "sandbox-signature": lambda claims: claims.update(signature=bytes(64)),
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
    "order": lambda document: document["inputs"][0].update(order="float32"),
    "fraction": lambda document: document["inputs"][0].update(lo=0.5),
    "long-number": lambda document: document["inputs"][0].update(lo=10**30),
    "no-list": lambda document: document.update(inputs={}),
    "axes": lambda document: document["inputs"][0].update(shape=[1] * 33),
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

_PROVENANCE: dict[str, Change] = {
    "name": lambda head: head.update(name=3),
    "operators": lambda head: head.update(operators=[["Gemm"]]),
    "notes": lambda head: head.update(notes=[3]),
    "key-accuracy": lambda head: head.update(accuracy="{}"),
    "key-options": lambda head: head["options"].update(bits=["text", "a"]),
}

_PROGRAM: dict[str, Change] = {
    "names": lambda plain: plain["names"].update(order=[]),
    "other-model": lambda plain: plain.update(model=bytes(32)),
    "no-weight": lambda plain: plain["weights"].pop(),
    "weight": lambda plain: plain["weights"][0].__setitem__(1, 1 << 20),
    "class": lambda plain: plain["program"]["classes"][0].__setitem__(0, "Emitter"),
    "field": lambda plain: plain["program"]["classes"][0][1].reverse(),
    "no-class": lambda plain: plain["program"]["objects"][0].__setitem__(0, 1 << 20),
    "no-array": lambda plain: _last(plain, "Parameter").__setitem__(2, [1 << 20, []]),
    "array-shape": lambda plain: _last(plain, "Parameter").__setitem__(2, [0, [3, 3, 3]]),
    "no-pair": lambda plain: _last(plain, "Parameter").__setitem__(2, [0]),
    "text-exponent": lambda plain: _last(plain, "Quantized").__setitem__(3, "text"),
    "no-shape": lambda plain: _last(plain, "Quantized").__setitem__(2, 3),
    "wide": lambda plain: _last(plain, "Rescale").__setitem__(1, 1 << 20),
    "other-object": lambda plain: _last(plain, "Rescale").__setitem__(1, 0),
    "outputs-order": lambda plain: plain["program"].update(integer_outputs=["b", "a"]),
    "object": lambda plain: plain["program"]["objects"][-1].pop(),
    "no-object": lambda plain: plain["program"]["objects"].pop(),
    "step": lambda plain: plain["program"]["steps"].append(0),
    "no-step": lambda plain: plain["program"].update(steps=[]),
    "layout": lambda plain: plain["program"]["layouts"].pop(),
    "other-layout": lambda plain: plain["program"]["layouts"][0][1].__setitem__(1, [1 << 40]),
}

_OPENING: dict[str, Change] = {
    "opening-model": lambda head: head.update(model=3),
    "opening-more": lambda head: head.update(more=1),
    "opening-side": lambda head: head.pop("input"),
    "opening-blindings": lambda head: head.update(input="text"),
    "opening-powers": lambda head: head.update(powers=b""),
}

_SECTIONS: dict[bytes, dict[str, dict[str, Change]]] = {
    files.COMPILED.code: {"head": _HEAD},
    files.PROVING_KEY.code: {"head": _PROVENANCE, "program": _PROGRAM},
    files.OPENING.code: {"head": _OPENING},
    files.SEGMENTED_PROVING_KEY.code: {"head": _PROVENANCE},
}
"""By kind of file and section of CBOR."""


def _last(plain: Any, name: str) -> list[Any]:
    """The last object of a class in the program of a proving key."""
    program = plain["program"]
    number = [name for name, _ in program["classes"]].index(name)
    entries: list[list[Any]] = program["objects"]
    return next(entry for entry in reversed(entries) if entry[0] == number)


def receipts(valid: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and receipts."""
    return _cbor(valid, _RECEIPT)


def receipts_in_segments(valid: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and receipts in segments of which one part is another."""
    return _cbor(valid, _RECEIPT | _IN_SEGMENTS)


def sections(kind: files.FileKind, valid: dict[str, bytes]) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Names and all sections of a file of which one is another."""
    for section, changes in _SECTIONS.get(kind.code, {}).items():
        for name, data in _cbor(valid[section], changes):
            yield name, {**valid, section: data}
    if kind is files.SEGMENTED_PROVING_KEY:
        named = valid["segments"]
        yield "half", {**valid, "segments": named[: len(named) // 2]}
        yield "cut", {**valid, "segments": named[:-1]}
        yield "elsewhere", {**valid, "segments": bytes(len(named))}
        yield "swapped", {**valid, "segments": named[32:] + named[:32]}


def attested(receipt: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and receipts with another signed answer."""
    yield from _cbor(receipt, _ATTESTED)


def claims(valid: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and other claims of an answer."""
    yield from _cbor(valid, _CLAIMS)


def bundles(valid: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and bundles with another entry, of the runtime data and of a sandbox's evidence too."""
    yield from _cbor(valid, _BUNDLE)
    for name, runtime in _cbor(cbor.loads(valid, max_bytes=1 << 24)["runtime"], _RUNTIME):
        yield from _cbor(valid, {name: lambda bundle, runtime=runtime: bundle.update(runtime=runtime)})
    for name, payload in _cbor(cbor.loads(valid, max_bytes=1 << 24)["evidence"]["payload"], _SANDBOX):
        yield from _cbor(valid, {name: lambda bundle, payload=payload: bundle["evidence"].update(payload=payload)})


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


ORDER = (0x30644E72E131A029B85045B68181585D2833E84879B9709143E1F593F0000001).to_bytes(32, "big")
FIELD = (0x30644E72E131A029B85045B68181585D97816A916871CA8D3C208C16D87CFD47).to_bytes(32, "big")
IDENTITY = b"\x40" + bytes(31)


def patched(data: bytes, at: int, new: bytes) -> bytes:
    """The bytes with others in their place."""
    return data[:at] + new + data[at + len(new) :]


def keys(key: bytes) -> Iterator[tuple[str, bytes]]:
    """Changed keys: parameters, setup, lengths, and the last points and words."""
    for name, at, new in (
        ("magic", 0, b"ZKSR"),
        ("version", 4, b"\0\2"),
        ("parameters", 6, b"\2"),
        ("rows", 7, b"\3"),
        ("long-rows", 7, b"\x10"),
        ("tree", 8, b"\0\1"),
        ("helper", 8, b"\1"),
        ("argument", 8, b"\2"),
        ("lane", 9, b"\1"),
        ("lanes", 9, b"\x09"),
        ("ipa", 10, b"\0"),
        ("kzg", 10, b"\1"),
        ("opening", 10, b"\2"),
        ("digest", 11, bytes(32)),
        ("tau-field", 43, FIELD),
        ("tau-curve", 43, bytes(127) + b"\1"),
        ("tau-zero", 43, bytes(128)),
        ("end", len(key) - 32, ORDER),
    ):
        yield name, patched(key, at, new)
    for length in (0, 3, 5, 30, 43, 100, 171, len(key) - 33):
        yield f"first-{length}", key[:length]
    yield "tail", key + b"\0"


def proofs(proof: bytes) -> Iterator[tuple[str, bytes]]:
    """Changed proofs: each word becomes something else that no proof has there."""
    for at in range(0, len(proof), 32):
        word = proof[at : at + 32]
        new = (bytes([word[0] ^ 0x80, *word[1:]]), ORDER, IDENTITY, bytes(31) + b"\4", FIELD)[at // 32 % 5]
        yield f"word-{at // 32}", patched(proof, at, new)
    yield "empty", b""
    yield "short", proof[:-1]
    yield "long", proof + bytes(32)


def segmented(key: bytes) -> Iterator[tuple[str, bytes]]:
    """Changed keys in segments: counts, lengths, the numbers of public tensors, and segments in another order."""
    length = int.from_bytes(key[6:10], "big")
    count_at = 10 + length
    starts, at = [], count_at + 4
    for _ in range(int.from_bytes(key[count_at : count_at + 4], "big")):
        starts.append(at)
        at += 4 + int.from_bytes(key[at : at + 4], "big")
        at += 4 + 4 * int.from_bytes(key[at : at + 4], "big")
    parts = [key[first:last] for first, last in zip(starts, [*starts[1:], at], strict=True)]
    head = key[:count_at]

    def joined(*chosen: bytes) -> bytes:
        return head + len(chosen).to_bytes(4, "big") + b"".join(chosen)

    yield "swapped", joined(*reversed(parts))
    yield "twice", joined(*parts, parts[-1])
    yield "missing", joined(*parts[:-1])
    yield "number", patched(key, len(key) - 4, b"\0\0\0\7")
    for name, at, new in (("version", 4, b"\0\2"), ("annotation", 6, b"\xff"), ("count", count_at, b"\0\0\1\1")):
        yield name, patched(key, at, new)
    for length in (0, 5, count_at, count_at + 4, starts[1], len(key) - 1):
        yield f"first-{length}", key[:length]
    yield "tail", key + b"\0"
