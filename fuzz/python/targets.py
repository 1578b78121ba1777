"""The Python targets: each takes any bytes and lets nothing but a `ZksealError` happen, which it swallows.

============  ==================================================================
`cbor`        deterministic CBOR: what is read is written again as the same bytes
`receipt`     receipts, likewise
`verify`      `zkseal.verify` accepts a real receipt if and only if nothing was changed
`arrays`      the directory and the arrays of a file, likewise
`container`   any bytes as a file of any kind
`files`       a file of any kind with right digests, and any bytes as its sections
`relation`    relation bytes: package, core and reference agree on what is valid
`key`         bytes of a verifying key: core and reference agree on it, or on the error
`segmented`   bytes of a verifying key in segments, likewise
`in_segments` `zkseal.verify` and the reference accept a real receipt in segments if and only if nothing was changed
`proof`       a proof for a key of `fuzz/fixture`: core and reference agree on the verdict
`onnx`        any bytes as an ONNX model
`json`        text with a bound on its depth: what is read is what `json.loads` reads
`answer`      signed answers: what is read is signed again as the same bytes
`attestation` bundles of evidence: canonical, and appraised without an accident
`evidence`    any bytes as evidence and what comes with it, appraised likewise
============  ==================================================================
"""

from __future__ import annotations

import contextlib
import json
import math
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from zkseal import ProvingKey, SegmentedVerifyingKey, VerifyingKey, _native, files, verify
from zkseal.errors import DecodeError, FileUnavailable, InternalError, ZksealError
from zkseal.files.arrays import pack_arrays, unpack_arrays
from zkseal.files.container import FileKind, write_container
from zkseal.files.keys import sections_of
from zkseal.frontends.onnx import load as load_onnx
from zkseal.json_text import distinct, parse_json, printable
from zkseal.pipeline.interface import Interface
from zkseal.proving.segmented_key import segment_position
from zkseal.receipts import Receipt, cbor, read_answer, sign_answer
from zkseal.relation import Relation, encoding, validation
from zkseal.segments import SegmentedProvingKey
from zkseal.tee import (
    AttestationBundle,
    DevAttestedRuntime,
    appraise_bundle,
    appraise_evidence,
    load_policy,
    read_evidence,
)
from zkseal_reference import SegmentedKey
from zkseal_reference import VerifyingKey as ReferenceKey
from zkseal_reference import verify as reference_verify
from zkseal_reference.decoder import decode_relation
from zkseal_reference.errors import ProtocolError
from zkseal_reference.relation import Column
from zkseal_reference.segments import Side as ReferenceSide
from zkseal_reference.segments import verify_segments
from zkseal_reference.validation import validate as reference_validate

LIMIT = 1 << 20
CONTEXT = b"fuzz"
SIDES: tuple[Literal["private", "public"], ...] = ("private", "public")
FIXTURE = Path(__file__).resolve().parents[1] / "fixture"
FIXTURES: dict[str, dict[int, list[int]]] = {
    "full": {6: [2, 0], 8: [-270, 800]},
    "bare": {1: [12, -12]},
    "short": {6: [2, 0], 8: [-270, 800]},
}
"""Keys and proofs that Rust made (`fuzz/src/relations.rs`): the values of their public tensors. `short` has a helper
column and the kzg opening."""
KEYS = Path(__file__).resolve().parents[2] / "out" / "fuzz" / "keys"
"""Keys and receipts of `verify`: `seeds.py` makes them afresh, so that `zkseal` may change."""

_FOLDER = tempfile.TemporaryDirectory(prefix="zkseal-fuzz-")
_FILE = Path(_FOLDER.name) / "file"
_FILE.with_name("weights.bin").write_bytes(bytes(64))


class Finding(AssertionError):
    """A target's promise was broken."""


def require(condition: bool, promise: str) -> None:
    """Raises `Finding` unless the promise was kept."""
    if not condition:
        raise Finding(promise)


def run_cbor(data: bytes) -> None:
    """Accepted bytes are the one encoding of their value."""
    require(cbor.dumps(cbor.loads(data, max_bytes=LIMIT)) == data, "CBOR is canonical")


def run_receipt(data: bytes) -> None:
    """Accepted bytes are the one encoding of their receipt, which has a view for people."""
    receipt = Receipt.from_cbor(data)
    require(receipt.to_cbor() == data, "receipts are canonical")
    receipt.to_json()
    receipt.statement.input.arrays()
    attested = receipt.attested
    if attested is None:
        require(receipt.proof_evidence is receipt.evidence[0], "the proof of a receipt is its only evidence")


def run_verify(data: bytes) -> None:
    """Input: which key (one byte), then a receipt."""
    key, valid = _proved(SIDES[data[0] % 2 if data else 0])
    receipt = Receipt.from_cbor(data[1:])
    try:
        proved = verify(receipt, key, context=CONTEXT)
    except ZksealError:
        require(data[1:] != valid, "a real receipt is accepted")
        raise
    require(data[1:] == valid, "nothing but the real receipt is accepted")
    require(proved.statement == receipt.statement, "what is proved is what the receipt says")


@cache
def _proved(side: str) -> tuple[VerifyingKey, bytes]:
    return VerifyingKey((KEYS / f"{side}.key").read_bytes()), (KEYS / f"{side}.receipt").read_bytes()


def run_arrays(data: bytes) -> None:
    """Input: u16 length of the directory, the directory, the arrays."""
    length = int.from_bytes(data[:2], "big")
    directory, body = data[2 : 2 + length], data[2 + length :]
    arrays = unpack_arrays(directory, memoryview(body))
    again, pieces = pack_arrays(arrays)
    require((again, b"".join(pieces)) == (directory, body), "array sections are canonical")


def run_container(data: bytes) -> None:
    """Any bytes as a file."""
    _FILE.write_bytes(data)
    load_and_save(data)


@cache
def _lay_segments() -> None:
    """Puts the keys of the segments that `seeds.py` made where a proving key in segments looks for them."""
    shutil.copytree(KEYS / "segments.zkp.segments", _FILE.with_name(f"{_FILE.name}.segments"))


def run_files(data: bytes) -> None:
    """Input: the kind, then each section behind its u32 length; digests are made right."""
    write_container(_FILE, *split_sections(data))
    load_and_save(_FILE.read_bytes())


def load_and_save(data: bytes) -> None:
    """What a file was read as is written as the same bytes: at once for what is shown to others, else from then on."""
    kind, thing = files.load(_FILE)
    if kind is files.SEGMENTED_PROVING_KEY:
        _lay_segments()
    SAVERS[kind.code](_FILE, thing)
    written = _FILE.read_bytes()
    if kind.secret:
        SAVERS[kind.code](_FILE, files.load(_FILE)[1])
        require(_FILE.read_bytes() == written, f"a {kind.name} that was written is read as it was")
    else:
        require(written == data, f"a {kind.name} is canonical")


def save_segmented(path: Path, key: SegmentedProvingKey | ProvingKey) -> None:
    """Writes a proving key with the folder of its segments, and nothing else is left in that.

    A key that names segments which are not there cannot be written; it stays as it is.
    """
    with contextlib.suppress(FileUnavailable):
        files.save_any_proving_key(path, key)
        files.drop_stale_segments(path)


SAVERS: dict[bytes, Callable[[Path, Any], None]] = {
    files.COMPILED.code: files.save_model,
    files.PROVING_KEY.code: files.save_any_proving_key,
    files.VERIFYING_KEY.code: files.save_any_verifying_key,
    files.RECEIPT.code: files.save_receipt,
    files.OPENING.code: files.save_opening,
    files.SEGMENT_KEY.code: lambda path, key: write_container(path, files.SEGMENT_KEY, sections_of(key)),
    files.SEGMENTED_PROVING_KEY.code: save_segmented,
    files.SEGMENTED_VERIFYING_KEY.code: files.save_any_verifying_key,
}


def split_sections(data: bytes) -> tuple[FileKind, dict[str, list[bytes | memoryview]]]:
    """The kind and the sections that the bytes of `run_files` stand for; the inverse of `join_sections`."""
    kind = files.KINDS[data[0] % len(files.KINDS)] if data else files.COMPILED
    sections: dict[str, list[bytes | memoryview]] = {}
    at = 1
    for name in kind.sections:
        length = int.from_bytes(data[at : at + 4], "big")
        sections[name] = [data[at + 4 : at + 4 + length]]
        at += 4 + length
    return kind, sections


def join_sections(kind: FileKind, sections: dict[str, bytes]) -> bytes:
    """The bytes of `run_files` for these sections."""
    body = b"".join(len(section).to_bytes(4, "big") + section for section in sections.values())
    return bytes([files.KINDS.index(kind)]) + body


def run_relation(data: bytes) -> None:
    """Package, core and reference accept the same bytes, and the package writes them again as they are."""
    verdicts = [_accepts(judge, data) for judge in (Relation.decode, _native.relation_digest, _reference)]
    require(len(set(verdicts)) == 1, f"package, core, reference agree: {verdicts}")
    relation = encoding.decode(data)
    validation.validate(relation)
    require(encoding.encode(relation) == data, "relation bytes are canonical")
    interface = Interface.of(relation)
    ports = (*interface.inputs, *interface.outputs)
    small = {port.tensor: np.zeros(min(math.prod(port.shape), 1 << 16), np.int64) for port in ports}
    interface.decode(ports, small)


def _reference(data: bytes) -> None:
    reference_validate(decode_relation(data))


def _accepts(judge: Callable[[bytes], object], data: bytes) -> bool:
    try:
        judge(data)
    except (DecodeError, ProtocolError):
        return False
    return True


def run_key(data: bytes) -> None:
    """Any bytes as a verifying key, with its model proof."""
    core, reference = (_verdict(lambda read=read: read(data)) for read in (_native.VerifyingKey, ReferenceKey.decode))
    require(reference in (core, "ReferenceLimit"), f"core and reference agree: {core}, {reference}")
    if reference == "accepted":
        key = ReferenceKey.decode(data)
        require(key.encode() == data, "keys are canonical")
        require(key.model_id == _native.VerifyingKey(data).model_id, "core and reference agree on the id")


def run_segmented(data: bytes) -> None:
    """Any bytes as a verifying key of a model in segments, with all model proofs."""
    readers = (SegmentedVerifyingKey.decode, SegmentedKey.decode)
    package, reference = (_verdict(lambda read=read: read(data)) for read in readers)
    require(reference in (package, "ReferenceLimit"), f"package and reference agree: {package}, {reference}")
    if reference == "accepted":
        key = SegmentedVerifyingKey.decode(data)
        again = SegmentedKey.decode(data)
        require(key.data == data and again.encode() == data, "keys are canonical")
        require(key.model_id == again.model_id, "package and reference agree on the id")
        places = [segment_position(segment.key.annotation) for segment in key.segments]
        require(places == [(index, len(places)) for index in range(len(places))], "segments know their places")
        parameters = (key.row_bits, key.scheme)
        require(all((s.key.row_bits, s.key.scheme) == parameters for s in key.segments), "segments are laid out alike")
        require((key.setup_digest, key.origin, key.insecure) == (None, None, False), "no trusted setup")
        stated = {number for index in range(len(places)) for number in key.stated(index).values()}
        require(stated == set(range(len(key.relation.tensors))), "each statement tensor is one of a segment")


def run_in_segments(data: bytes) -> None:
    """Any bytes as a receipt for the model in segments of `seeds.py`."""
    key, reference, valid = _in_segments()
    receipt = Receipt.from_cbor(data)
    evidence, statement = receipt.segmented, receipt.statement
    sides = [
        ReferenceSide({k: v.ravel().tolist() for k, v in side.arrays().items()}, list(side.commitments))
        for side in (statement.input, statement.output)
    ]
    found = _verdict(lambda: verify(receipt, key, context=CONTEXT))
    again = _verdict(
        lambda: verify_segments(reference, CONTEXT, sides[0], sides[1], evidence.boundaries, evidence.proofs)
    )
    # The package compares context and model id by themselves: its other errors are those of the reference.
    require(found == again or found in ("WrongContext", "WrongModel"), f"package and reference: {found}, {again}")
    require((found == "accepted") == (data == valid), "nothing but the real receipt is accepted")


@cache
def _in_segments() -> tuple[SegmentedVerifyingKey, SegmentedKey, bytes]:
    data = (KEYS / "segments.key").read_bytes()
    return SegmentedVerifyingKey.decode(data), SegmentedKey.decode(data), (KEYS / "segments.receipt").read_bytes()


def run_proof(data: bytes) -> None:
    """Input: which key of the fixture (one byte), then a proof."""
    name = list(FIXTURES)[data[0] % len(FIXTURES) if data else 0]
    core, reference, inputs, outputs = _fixture(name)
    public = {index: np.array(values, dtype=np.int64) for index, values in FIXTURES[name].items()}
    found = _verdict(lambda: core.verify(CONTEXT, public, inputs, outputs, data[1:]))
    again = _verdict(lambda: reference_verify(reference, CONTEXT, FIXTURES[name], inputs, outputs, data[1:]))
    require(found == again, f"core and reference agree: {found}, {again}")
    valid = data[1:] == (FIXTURE / f"{name}.proof").read_bytes()
    require((found == "accepted") == valid, "nothing but the real proof is accepted")


@cache
def _fixture(name: str) -> tuple[_native.VerifyingKey, ReferenceKey, list[bytes], list[bytes]]:
    data, points = ((FIXTURE / f"{name}.{suffix}").read_bytes() for suffix in ("key", "commitments"))
    key = ReferenceKey.decode(data)
    words = [points[at : at + 32] for at in range(0, len(points), 32)]
    count = key.layout.committed_row_count(Column.INPUT)
    return _native.VerifyingKey(data), key, words[:count], words[count:]


def _verdict(check: Callable[[], object]) -> str:
    """`accepted`, or the name of the error; a bug in the core is none of these."""
    try:
        check()
    except InternalError:
        raise
    except (ZksealError, ProtocolError) as error:
        return error.code
    return "accepted"


def run_onnx(data: bytes) -> None:
    """Input: how the model is loaded (one byte), then any bytes as an ONNX model."""
    way, model = data[0] if data else 0, data[1:]
    outputs = (None, None, "y", ["label", "y"], "nothing", ["y", "y"], [], "t")[way % 8]
    shapes = ({}, {}, {"x": (1, 2)}, {"x": (3, 2)}, {"x": (1,)}, {"other": (1, 2)}, {"x": (0, 2)}, {})[way // 8 % 8]
    source: bytes | Path = model
    if way >= 128:
        _FILE.write_bytes(model)
        source = _FILE if way < 192 else _FILE.with_name("missing")
    batch = 0 if way in (127, 255) else way // 64 % 2 * 2 + 1
    load_onnx(source, batch=batch, outputs=outputs, input_shapes=shapes)


def run_json(data: bytes) -> None:
    """Any bytes as JSON: without an accident, and alike where they are taken."""
    require(printable(data.decode("latin-1")).isprintable(), "what is printed has no control characters")
    texts: tuple[str | bytes, ...] = (data, data.decode("utf-8", "replace"))
    for text in texts:
        try:
            value = parse_json(text, object_pairs_hook=distinct)
        except ValueError:
            continue
        require(json.dumps(json.loads(text)) == json.dumps(value), "JSON is read as everybody reads it")


def run_answer(data: bytes) -> None:
    """Input: of which kind (one byte), then a signed answer."""
    development = bool(data[0] % 2) if data else False
    answer = read_answer(data[1:], development=development)
    again = sign_answer(answer.claims, lambda message: answer.signature, development=development)
    require(again == data[1:], "signed answers are canonical")
    answer.claims.to_json()


def run_attestation(data: bytes) -> None:
    """A bundle, appraised under policies that look at everything; production never takes development."""
    bundle = AttestationBundle.from_cbor(data)
    require(bundle.to_cbor() == data, "bundles are canonical")
    bundle.runtime_data.to_json()
    try:
        found = appraise_bundle(bundle, _EVIDENCE_ONLY, now=EVIDENCE_TIME)
    except ZksealError:
        found = appraise_bundle(bundle, _DEVELOPMENT, now=EVIDENCE_TIME)
    development = isinstance(found, DevAttestedRuntime)
    require(development != found.result.assurance.production, "development is a type of its own")
    require(found.to_json()["eat_profile"].endswith("-dev") == development, "and says so")


def run_evidence(data: bytes) -> None:
    """Input: u32 length of the evidence, the evidence, then each file that comes with it behind its u32 length."""
    parts, at = [], 0
    while at < len(data) and len(parts) < 8:
        length = int.from_bytes(data[at : at + 4], "big")
        parts.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    payload, *others = parts or [b""]
    appraise_evidence(read_evidence(payload, others), _EVIDENCE_ONLY, now=EVIDENCE_TIME).to_json()


EVIDENCE_TIME = 1782864000
"""Mid-2026, when most of fixtures/tee is valid."""
_EVIDENCE_ONLY = replace(
    load_policy("evidence-only"), allow_not_checked=(*load_policy("evidence-only").allow_not_checked, "challenge")
)
_DEVELOPMENT = load_policy("development")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "cbor": run_cbor,
    "receipt": run_receipt,
    "verify": run_verify,
    "arrays": run_arrays,
    "container": run_container,
    "files": run_files,
    "relation_python": run_relation,
    "key_python": run_key,
    "segmented": run_segmented,
    "in_segments": run_in_segments,
    "proof_python": run_proof,
    "onnx": run_onnx,
    "json": run_json,
    "answer": run_answer,
    "attestation": run_attestation,
    "evidence": run_evidence,
}


def run_planted(data: bytes) -> None:
    """The planted bug: a reader that makes room for every number without asking whether it is negative."""
    pending = [cbor.loads(data, max_bytes=LIMIT)]
    while pending:
        match pending.pop():
            case int() as number:
                bytearray(min(number, 16))
            case list() as items:
                pending += items
            case dict() as entries:
                pending += entries.values()


PLANTED: dict[str, Callable[[bytes], None]] = {"planted_cbor": run_planted}


def guarded(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The target without the errors that it may raise. `InternalError` is a bug, and the file of a target is there."""

    def run(data: bytes) -> None:
        try:
            target(data)
        except (InternalError, FileUnavailable):
            raise
        except ZksealError:
            return

    return run
