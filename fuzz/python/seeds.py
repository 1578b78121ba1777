"""Writes the seeds of the Python targets: a real model, its keys, a receipt and an opening, and small ONNX models."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import models
import numpy as np
import variants
from refused_models import refused
from targets import CONTEXT, FIXTURE, FIXTURES, KEYS, SAVERS, SIDES, join_sections
from tests.tee import rows

import zkseal
from zkseal import _native, files, segments
from zkseal.files.ceremonies import load_srs
from zkseal.files.container import read_container
from zkseal.receipts import (
    AnswerClaims,
    DevTeeEvidence,
    Receipt,
    Side,
    Statement,
    TeeEvidence,
    ZkEvidence,
    cbor,
    sign_answer,
)
from zkseal.receipts.answers import MEDIA_TYPE
from zkseal.receipts.cose import sign1
from zkseal.tee import Assurance, AttestationBundle, RuntimeData
from zkseal.tee.attesters.sandbox import SandboxAttester

ROOT = Path(__file__).resolve().parents[2]
POWERS = ROOT / "crates" / "zkseal-srs" / "fixtures" / "kzg10-bn254-aztec-srs-1024.bin"


def write(folder: Path) -> None:
    """One file for each seed in `folder/<target>/`."""

    def seed(target: str, name: str, data: bytes) -> None:
        (folder / target).mkdir(parents=True, exist_ok=True)
        (folder / target / name).write_bytes(data)

    def file(kind: files.FileKind, name: str, thing: object) -> None:
        """Seeds of everything that lies in a file: itself, its sections, its arrays, its head."""
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "file"
            SAVERS[kind.code](path, thing)
            seed("container", name, path.read_bytes())
            sections = {key: bytes(section) for key, section in read_container(path, kind).items()}
        seed("files", name, join_sections(kind, sections))
        for change, others in variants.sections(kind, sections):
            seed("files", f"{change}-{name}", join_sections(kind, others))
        if "directory" in sections:
            length = len(sections["directory"]).to_bytes(2, "big")
            seed("arrays", name, length + sections["directory"] + sections["arrays"])
        for part in ("head", "program"):
            if part in sections:
                seed("cbor", f"{part}-{name}", sections[part])

    samples = np.linspace(-1, 1, 24, dtype=np.float32).reshape(8, 3)
    for side in SIDES:
        model = zkseal.compile(models.mlp(), samples, inputs=side, outputs=side, weights=side, max_error=1.0)
        proving_key, verifying_key = zkseal.setup(model)
        proved = zkseal.prove(proving_key, samples[0], context=CONTEXT)
        made = (model, proving_key, verifying_key, proved.receipt, proved.opening)
        for kind, thing in zip(files.KINDS[: len(made)], made, strict=True):
            if thing is not None:
                file(kind, f"{side}{kind.suffix}", thing)
        seed("receipt", f"{side}-receipt", proved.receipt.to_cbor())
        KEYS.mkdir(parents=True, exist_ok=True)
        (KEYS / f"{side}.key").write_bytes(verifying_key.data)
        (KEYS / f"{side}.receipt").write_bytes(proved.receipt.to_cbor())
        for which, key_of in enumerate(SIDES):
            seed("verify", f"{side}-under-{key_of}", bytes([which]) + proved.receipt.to_cbor())
        for name, data in variants.receipts(proved.receipt.to_cbor()):
            seed("verify", f"{side}-{name}", bytes([SIDES.index(side)]) + data)
        # The same without the bulk of the proof, so that changes hit what has a structure.
        short = replace(proved.receipt, evidence=(ZkEvidence(proved.receipt.proof[:32]),))
        for target in ("receipt", "cbor", "planted_cbor"):
            seed(target, f"{side}-short", short.to_cbor())
        for name, data in variants.receipts(short.to_cbor()):
            seed("receipt", f"{side}-{name}", data)
        seed("relation_python", side, model.relation.encode())
        for name, data in variants.annotated(model.relation):
            seed("relation_python", f"{side}-{name}", data)
    # The same under powers of tau, which keys and openings carry.
    tiny = zkseal.compile(models.mlp(), samples, max_error=1.0)
    proving_key, verifying_key = zkseal.setup(tiny, opening="kzg", srs=load_srs(POWERS), row_bits=8)
    proved = zkseal.prove(proving_key, samples[0], context=CONTEXT)
    for kind, thing in zip(files.KINDS[1:5], (proving_key, verifying_key, proved.receipt, proved.opening), strict=True):
        file(kind, f"kzg{kind.suffix}", thing)
    seed("receipt", "kzg-receipt", proved.receipt.to_cbor())
    in_segments(seed, file, zkseal.compile(models.mlp(), samples, max_error=1.0), samples[0])
    # A model with attributes, and a relation with everything that a relation can say.
    images = np.linspace(-1, 1, 64, dtype=np.float32).reshape(4, 1, 4, 4)
    network = zkseal.compile(models.convolution(), images)
    file(files.COMPILED, f"convolution{files.COMPILED.suffix}", network)
    file(files.PROVING_KEY, f"convolution{files.PROVING_KEY.suffix}", zkseal.setup(network)[0])
    tabulated = zkseal.compile(models.table(), samples, options=zkseal.QuantizationOptions(bits=8))
    file(files.PROVING_KEY, f"table{files.PROVING_KEY.suffix}", zkseal.setup(tabulated)[0])
    seed("relation_python", "convolution", network.relation.encode())
    for index, name in enumerate(FIXTURES):
        key, proof = ((FIXTURE / f"{name}.{suffix}").read_bytes() for suffix in ("key", "proof"))
        seed("relation_python", name, zkseal.VerifyingKey(key).core.relation)
        seed("key_python", name, key)
        seed("proof_python", name, bytes([index]) + proof)
        for change, other in variants.keys(key):
            seed("key_python", f"{name}-{change}", other)
        for change, other in variants.proofs(proof):
            seed("proof_python", f"{name}-{change}", bytes([index]) + other)
    seed("cbor", "kinds", cbor.dumps([None, True, -1, 1 << 40, b"bytes", "text", {"a": [], "b": {}}]))
    # Every model as it is, from memory and from a file, and a few in every other way of loading.
    every = [model.SerializeToString() for model in (*models.accepted(), *refused())]
    for index, data in enumerate(every):
        seed("onnx", f"model-{index:02}", b"\0" + data)
        seed("onnx", f"file-{index:02}", b"\x80" + data)
    for way in (2, 3, 4, 5, 6, 7, 16, 24, 32, 40, 48, 64, 127, 192, 255):
        for index in (0, 2, len(every) - 1):
            seed("onnx", f"way-{way:03}-{index}", bytes([way]) + every[index])
    attested(seed)


def in_segments(
    seed: Callable[[str, str, bytes], None],
    file: Callable[[files.FileKind, str, object], None],
    model: zkseal.CompiledModel,
    sample: np.ndarray,
) -> None:
    """Seeds of a model in two segments: keys, the key of a segment, a receipt without the bulk of its proofs."""
    proving_key, verifying_key = segments.setup_segments(segments.split(model, 2), row_bits=7)
    files.save_any_proving_key(KEYS / "segments.zkp", proving_key)
    file(files.SEGMENTED_PROVING_KEY, "segments.zkp", proving_key)
    file(files.SEGMENTED_VERIFYING_KEY, "segments.zkv", verifying_key)
    file(files.SEGMENT_KEY, "segment.zks", proving_key.segments[0])
    seed("segmented", "key", verifying_key.data)
    for name, data in variants.segmented(verifying_key.data):
        seed("segmented", name, data)
    shared = json.loads((ROOT / "vectors" / "segments" / "key.json").read_text())
    for vector in shared["vectors"]:
        seed("segmented", f"shared-{vector['id']:02}", bytes.fromhex(vector["arguments"]["key"]))
    receipt = zkseal.prove(proving_key, sample, context=CONTEXT).receipt
    proofs = tuple(proof[:32] for proof in receipt.segmented.proofs)
    short = replace(receipt, evidence=(replace(receipt.segmented, proofs=proofs),))
    seed("receipt", "segments", short.to_cbor())
    seed("verify", "segments", b"\0" + receipt.to_cbor())
    (KEYS / "segments.key").write_bytes(verifying_key.data)
    (KEYS / "segments.receipt").write_bytes(receipt.to_cbor())
    seed("in_segments", "receipt", receipt.to_cbor())
    for name, data in variants.receipts_in_segments(receipt.to_cbor()):
        seed("in_segments", name, data)


def attested(seed: Callable[[str, str, bytes], None]) -> None:
    """Seeds of what enclaves say: answers, receipts with them, bundles of a sandbox and of every vendor's evidence."""
    signing_key, issuer = _native.SigningKey.generate(), _native.SigningKey.generate()
    runtime = RuntimeData(
        Assurance.SANDBOX, bytes(32), signing_key.public_key, bytes(32), bytes(32), bytes(32), bytes(16), bytes(32)
    )
    sandbox = SandboxAttester(issuer.public_key, issuer.sign, measurement=bytes(32), isolation=("landlock",))
    bundle = AttestationBundle(runtime, sandbox.attest(runtime)).to_cbor()
    seed("attestation", "sandbox", bundle)
    for name, data in variants.bundles(bundle):
        seed("attestation", name, data)
    for index, text in enumerate(
        ('{"a": [1, "b"]}', '{"a": 1, "a": 2}', "[" * 101, '"\\ud800"', '"\\ud83d\\ude00"', "[1", "\x1b")
    ):
        seed("json", f"text-{index}", text.encode())
    statement = Statement(bytes(32), Side(), Side())
    claims = AnswerClaims(statement.digest, runtime.digest, bytes(32), bytes(16), 0, bytes(32), 1)
    for development in (False, True):
        answer = sign_answer(claims, signing_key.sign, development=development)
        seed("answer", f"answer-{development}", bytes([development]) + answer)
        kind = DevTeeEvidence if development else TeeEvidence
        receipt = Receipt(statement, (kind(answer, bundle),)).to_cbor()
        seed("receipt", f"attested-{development}", receipt)
        for name, data in variants.attested(receipt):
            seed("receipt", f"{name}-{development}", data)
    for name, data in variants.claims(claims.to_cbor()):
        signed = sign1(MEDIA_TYPE, data, b"zkseal/answer/v1", signing_key.sign)
        seed("answer", name, b"\0" + signed)
    for name, payload in (("payload", b""), ("long", bytes(2000))):
        seed("answer", name, b"\0" + sign1(MEDIA_TYPE, payload, b"zkseal/answer/v1", signing_key.sign))
    for index, row in enumerate(rows.ROWS):
        evidence = rows.evidence_of(row)
        seed("attestation", f"row-{index}", AttestationBundle(runtime, evidence).to_cbor())
        parts = [path.read_bytes() for path in rows.files_of(row)]
        seed("evidence", f"row-{index}", b"".join(len(part).to_bytes(4, "big") + part for part in parts))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
