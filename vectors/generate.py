"""Writes the shared vectors: `python vectors/generate.py [area ..]` from the root of the repository.

Nearly everything is made by the reference and the slow prover from fixed seeds, so that a second run writes the same
bytes (`tests/conformance/test_vectors.py` compares). The lies are proofs of the lying Rust prover, those in segments
the package's, with the system's randomness: they are written anew only when they are named (`FRESH`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "src"), str(ROOT / "reference"), str(ROOT)]

from reference.tests.cases import case  # noqa: E402
from reference.tests.relations import SKETCHES  # noqa: E402
from reference.tests.test_relation import BASE, BROKEN  # noqa: E402
from vectors.changes import changes, proof_arguments  # noqa: E402
from vectors.document import Arguments, File, draw, word  # noqa: E402
from vectors.schemes import scheme_keys, scheme_layouts, scheme_proofs  # noqa: E402
from vectors.segments import segmented_keys, segmented_receipts  # noqa: E402

from zkseal_reference.curve import Q, encode_compressed, encode_uncompressed  # noqa: E402
from zkseal_reference.field import P  # noqa: E402
from zkseal_reference.generators import generator  # noqa: E402
from zkseal_reference.relation import encode_relation  # noqa: E402
from zkseal_reference.transcript import LAMBDA  # noqa: E402

SLOW_PROVER = "tests/conformance/slow_prover.py with fixed seeds, vectors/generate.py"

# Field, points, transcript


def scalars() -> File:
    file, source = File("field/scalar.json", "scalar"), draw(1)
    edges = [0, 1, 2, P - 1, P - 2, 1 << 253, (P - 1) // 2, LAMBDA]
    for value in (*edges, *(source.randrange(P) for _ in range(8))):
        file.add(f"{value} is below p", "Edge" if value in edges else "Valid", {"data": word(value)})
    for k, value in enumerate((P, P + 1, 2 * P, 2 * P + 1, 5 * P, (1 << 255), (1 << 256) - 1, Q, P | 1 << 255)):
        file.add(f"not reduced, {k}", "NonCanonical", {"data": word(value)}, "NonCanonicalScalar")
    for length in (0, 1, 16, 31, 33, 64):
        file.add(f"{length} bytes", "Length", {"data": "00" * length}, "WrongLength")
    return file


def points() -> File:
    file = File("points/point.json", "point")
    for k, point in enumerate([generator(b"G", 0), generator(b"G", 1), generator(b"H"), generator(b"U")]):
        assert point is not None
        x, y = point
        file.add(f"compressed, {k}", "Valid", {"data": encode_compressed(point).hex()})
        file.add(f"uncompressed, {k}", "Valid", {"data": encode_uncompressed(point).hex()})
        file.add(f"compressed, other root, {k}", "Valid", {"data": encode_compressed((x, Q - y)).hex()})
        file.add(f"y is not reduced, {k}", "NonCanonical", {"data": word(x) + word(y + Q)}, "NonCanonicalPoint")
        file.add(f"x is not reduced, {k}", "NonCanonical", {"data": word(x + Q) + word(y)}, "NonCanonicalPoint")
        flagged = bytes([encode_compressed(point)[0] | 0x40, *encode_compressed(point)[1:]])
        file.add(f"identity flag on a point, {k}", "NonCanonical", {"data": flagged.hex()}, "NonCanonicalPoint")
        file.add(f"x and y swapped, {k}", "OffCurve", {"data": word(y) + word(x)}, "NotOnCurve")
        file.add(f"y + 1, {k}", "OffCurve", {"data": word(x) + word(y + 1)}, "NotOnCurve")
    file.add("the generator of the curve", "Edge", {"data": word(1)}, "accepted")
    file.add("identity, compressed", "Edge", {"data": encode_compressed(None).hex()})
    file.add("identity, uncompressed", "Edge", {"data": "00" * 64})
    odd = {"data": "c0" + "00" * 31}
    file.add("identity with the parity flag", "NonCanonical", odd, "NonCanonicalPoint")
    file.add("identity with an x", "NonCanonical", {"data": "40" + "00" * 30 + "01"}, "NonCanonicalPoint")
    for name, x in (("q", Q), ("q + 1", Q + 1), ("2^254 - 1", (1 << 254) - 1)):
        file.add(f"compressed, x = {name}", "NonCanonical", {"data": word(x)}, "NonCanonicalPoint")
    for x in (0, 4, 5):
        file.add(f"compressed, x = {x}", "OffCurve", {"data": word(x)}, "any")
    for length in (0, 1, 31, 33, 63, 65, 96):
        file.add(f"{length} bytes", "Length", {"data": "01" * length}, "WrongLength")
    return file


def generators() -> File:
    file = File("points/generator.json", "generator")
    for label, index in [*(("G", i) for i in (*range(12), 63, 255, 1023)), ("H", 0), ("U", 0)]:
        file.add(f"{label}_{index}", "Valid", {"label": label, "index": index})
    return file


def keccaks() -> File:
    file, source = File("transcript/keccak.json", "keccak"), draw(2)
    for length in (0, 1, 31, 32, 64, 135, 136, 137, 200, 271, 272, 300):
        comment = f"{length} bytes; blocks have 136"
        file.add(comment, "Edge" if length in (0, 135, 136, 137) else "Valid", {"data": source.randbytes(length).hex()})
    return file


def transcripts() -> File:
    file = File("transcript/transcript.json", "transcript")
    draws = [["challenge", "x"], ["challenge128", "ipa x"], ["challenge", "x"]]
    starts: dict[str, list[list[str]]] = {
        "nothing absorbed": [],
        "one message": [["absorb", "a", "6263"]],
        "label and data change places": [["absorb", "ab", "63"]],
        "two messages": [["absorb", "a", "62"], ["absorb", "a", "63"]],
        "order": [["absorb", "a", "63"], ["absorb", "a", "62"]],
        "empty data": [["absorb", "a", ""]],
        "a zero byte": [["absorb", "a", "00"]],
        "two zero bytes": [["absorb", "a", "0000"]],
        "empty label": [["absorb", "", "61"]],
        "a challenge between": [["absorb", "a", "62"], ["challenge", "y"], ["absorb", "a", "63"]],
        "a challenge of another label": [["challenge", "y"]],
        "a message as long as a block": [["absorb", "a", "07" * 136]],
    }
    for comment, steps in starts.items():
        file.add(comment, "Valid", {"steps": [*steps, *draws]})
    return file


# Relations and layouts


def relations() -> File:
    file, source = File("relation/relation.json", "relation"), draw(3)
    for name, sketch in SKETCHES.items():
        made = sketch()
        file.add(f"{name}", "Valid", {"relation": encode_relation(made.relation()).hex(), "c": made.c})
    file.add("base of the broken ones", "Valid", {"relation": encode_relation(BASE).hex(), "c": 6})
    for name, change in BROKEN.items():
        if name in ("missing tensor", "lookup of the wrong arity"):  # such a relation has no bytes
            continue
        arguments = {"relation": encode_relation(change(BASE)).hex(), "c": 6}
        file.add(name, "Rule", arguments, "InvalidRelation")
    data = encode_relation(SKETCHES["tiny"]().relation())
    for length in (0, 3, 4, 5, 6, 9, 20, 21, 60, len(data) // 2, len(data) - 1):
        file.add(f"first {length} bytes", "Length", {"relation": data[:length].hex(), "c": 6}, "InvalidRelation")
    file.add("trailing byte", "Length", {"relation": (data + b"\0").hex(), "c": 6}, "InvalidRelation")
    file.add("twice", "Length", {"relation": (data * 2).hex(), "c": 6}, "InvalidRelation")
    file.add("magic", "Version", {"relation": (b"ZKVK" + data[4:]).hex(), "c": 6}, "InvalidRelation")
    for version in (b"\0\0", b"\0\2", b"\1\1"):
        other = {"relation": (data[:4] + version + data[6:]).hex(), "c": 6}
        file.add(f"version {version.hex()}", "Version", other, "UnknownVersion")
    head = b"ZKSR\0\1" + bytes(4)
    counts = {
        "tensors": head + b"\0\1\0\1",
        "annotation bytes": b"ZKSR\0\1\0\x10\0\1",
        "loops": head + bytes(4) + b"\xff" * 4,
        "list entries": head + bytes(8) + b"\0\0\0\1\x01\0\0\1",
        "tables": head + bytes(12) + b"\0\1\0\1",
    }
    for name, counted in counts.items():
        file.add(f"too many {name}", "Count", {"relation": counted.hex(), "c": 6}, "InvalidRelation")
    for at in sorted(source.sample(range(len(data)), 24)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << source.randrange(8)
        file.add(f"a bit of byte {at} flipped", "Flip", {"relation": flipped.hex(), "c": 6}, "any")
    return file


def layouts() -> File:
    file = File("layout/layout.json", "relation")
    for name in ("tiny", "rows", "straddle", "tables", "mlp"):
        data = encode_relation(SKETCHES[name]().relation()).hex()
        for c in (4, 5, 6, 7, 8, 11, 16):
            file.add(f"{name} in rows of 2^{c}", "Parameters", {"relation": data, "c": c}, "any")
    tiny = encode_relation(SKETCHES["tiny"]().relation()).hex()
    for c in (0, 3):
        file.add(f"no rows of 2^{c}", "Parameters", {"relation": tiny, "c": c}, "InvalidParameters")
    return file


# Keys, proofs, openings


def keys() -> File:
    file = File("key/key.json", "key", SLOW_PROVER)
    for name in ("tiny", "merged", "embedding", "tables", "limbs"):
        file.keys[name] = case(name).key.encode().hex()
        file.add(name, "Valid", {"key": name})
    key = case("tiny").key
    data, at = key.encode(), 4 + 2 + 37
    model_at = at + 4 + len(key.relation_bytes)

    def patched(start: int, new: bytes) -> str:
        return (data[:start] + new + data[start + len(new) :]).hex()

    damaged = {
        "magic": ("Version", patched(0, b"ZKSR"), "any"),
        "version 2": ("Version", patched(4, b"\0\2"), "UnknownVersion"),
        "version of the parameters": ("Version", patched(6, b"\2"), "UnknownVersion"),
        "c = 3": ("Parameters", patched(7, b"\3"), "InvalidParameters"),
        "c = 17": ("Parameters", patched(7, b"\x11"), "InvalidParameters"),
        "mask longer than a row": ("Parameters", patched(7, b"\5"), "InvalidParameters"),
        "helper argument": ("Parameters", patched(8, b"\1"), "ModelProofRejected"),
        "lookup argument 2": ("Parameters", patched(8, b"\2"), "InvalidParameters"),
        "two lanes": ("Parameters", patched(9, b"\2"), "InvalidParameters"),
        "no lane": ("Parameters", patched(9, b"\0"), "InvalidParameters"),
        "kzg opening, without tau*G2": ("Parameters", patched(10, b"\1"), "InvalidEncoding"),
        "opening 2": ("Parameters", patched(10, b"\2"), "InvalidParameters"),
        "other setup digest": ("Parameters", patched(11, bytes(32)), "InvalidParameters"),
        "relation longer than the key": ("Count", patched(at, b"\xff\xff\xff\xff"), "any"),
        "relation without its magic": ("Version", patched(at + 4, b"ZKVK"), "InvalidRelation"),
        "relation of version 2": ("Version", patched(at + 8, b"\0\2"), "UnknownVersion"),
        "two model commitments": ("Count", patched(model_at, b"\0\0\0\2"), "any"),
        "no model commitment": ("Count", patched(model_at, b"\0\0\0\0"), "any"),
        "2^32 - 1 model commitments": ("Count", patched(model_at, b"\xff\xff\xff\xff"), "any"),
        "model commitment: identity": ("Identity", patched(model_at + 4, bytes(64)), "IdentityPoint"),
        "model commitment: x = q": ("NonCanonical", patched(model_at + 4, Q.to_bytes(32, "big")), "NonCanonicalPoint"),
        "model commitment: (1, 1)": ("OffCurve", patched(model_at + 4, bytes.fromhex(word(1) * 2)), "NotOnCurve"),
        "one table commitment": ("Count", patched(model_at + 68, b"\0\0\0\1"), "any"),
        "last byte missing": ("Length", data[:-1].hex(), "any"),
        "trailing byte": ("Length", (data + b"\0").hex(), "any"),
        "empty": ("Length", "", "any"),
        "head only": ("Length", data[:6].hex(), "any"),
        "parameters only": ("Length", data[:at].hex(), "any"),
    }
    for comment, (flag, bad, expect) in damaged.items():
        file.add(comment, flag, {"key": bad}, expect)
    other = replace(key, model_commitments=(generator(b"other"),))
    proof = key.model_proof
    for comment, wrong in {
        "other model commitment": other,
        "no model proof": replace(key, model_proof=b""),
        "model proof one byte short": replace(key, model_proof=proof[:-1]),
        "model proof with a tail": replace(key, model_proof=proof + b"\0"),
        "inference proof for a model proof": replace(key, model_proof=case("tiny").proved.proof),
        "model proof with a changed scalar": replace(key, model_proof=proof[:-32] + bytes(32)),
        "model proof that is not canonical": replace(key, model_proof=proof[:-32] + P.to_bytes(32, "big")),
    }.items():
        file.add(comment, "ModelProof", {"key": wrong.encode().hex()}, "ModelProofRejected")
    unproved = replace(case("embedding").key, model_proof=b"\0").encode().hex()
    file.add("model proof without model", "ModelProof", {"key": unproved}, "any")
    return file


PROVED = ("tiny", "merged", "batched_attention", "embedding", "tables", "limbs", "public_only", "rows", "straddle")


def proofs() -> File:
    file = File("proof/proof.json", "proof", SLOW_PROVER)
    for name in PROVED:
        file.keys[name] = case(name).key.encode().hex()
        file.add(name, "Valid", proof_arguments(name, case(name)))
    for name in ("embedding", "merged"):
        step = 3 if name == "embedding" else 7
        for comment, flags, change, expect in changes(name, case(name), step):
            file.add(f"{name}: {comment}", flags, {**proof_arguments(name, case(name)), **change}, expect)
    one, other = case("tiny"), case("limbs")
    mixed = {**proof_arguments("tiny", one), "key": "limbs"}
    file.add("proof under the key of another model", "Binding", mixed, "any")
    mixed = {**proof_arguments("tiny", one), "proof": other.proved.proof.hex()}
    file.add("proof of another model", "Length", mixed, "WrongLength")
    return file


def openings() -> File:
    file = File("opening/opening.json", "opening", SLOW_PROVER)
    for name, column, tensor in (("embedding", "input", "x"), ("tiny", "input", "x"), ("tiny", "output", "z")):
        found = case(name)
        file.keys[name] = found.key.encode().hex()
        index = found.sketch.index(tensor)
        own = found.proved
        inputs = column == "input"
        base: Arguments = {
            "key": name,
            "column": column,
            "tensors": {str(index): found.sketch.values[index]},
            "blindings": (own.input_blindings if inputs else own.output_blindings).hex(),
            "commitments": [p.hex() for p in (own.input_commitments if inputs else own.output_commitments)],
        }
        comment = f"{name} {column}"
        file.add(comment, "Valid", base)
        values = found.sketch.values[index]
        changed = [*values[:-1], values[-1] + 1]
        file.add(f"{comment}: other value", "Opening", {**base, "tensors": {str(index): changed}}, "OpeningRejected")
        file.add(f"{comment}: other blinding", "Opening", {**base, "blindings": word(5)}, "OpeningRejected")
        other = [encode_compressed(generator(b"other")).hex()]
        file.add(f"{comment}: other commitment", "Opening", {**base, "commitments": other}, "OpeningRejected")
        blindings, commitments = str(base["blindings"]), list(base["commitments"])
        for what, flag, change in (
            ("last value missing", "Length", {"tensors": {str(index): values[:-1]}}),
            ("a zero behind the values", "Length", {"tensors": {str(index): [*values, 0]}}),
            ("no tensor", "Statement", {"tensors": {}}),
            ("a tensor of another column", "Statement", {"tensors": {str(index): values, "1000": [0]}}),
            ("no blinding", "Length", {"blindings": ""}),
            ("blinding of 31 bytes", "Length", {"blindings": blindings[:-2]}),
            ("two blindings", "Length", {"blindings": blindings * 2}),
            ("blinding + p", "NonCanonical", {"blindings": word(int(blindings, 16) + P)}),
            ("no commitment", "Statement", {"commitments": []}),
            ("two commitments", "Statement", {"commitments": commitments * 2}),
            ("commitment of 31 bytes", "Length", {"commitments": [commitments[0][:-2]]}),
            ("commitment is the identity", "Identity", {"commitments": [encode_compressed(None).hex()]}),
            ("commitment off the curve", "OffCurve", {"commitments": [word(4)]}),
            ("the other side", "Statement", {"column": "output" if inputs else "input"}),
        ):
            file.add(f"{comment}: {what}", flag, {**base, **change}, "any")
    return file


# Lies of the Rust prover


def lies() -> File:
    """Proofs of the Rust prover and the slow one, honest and lying in every way that `tests/soundness` knows."""
    from tests.soundness.challenge_lies import LIES as CHALLENGES
    from tests.soundness.native import Attempt
    from tests.soundness.operator_lies import LIES as OPERATORS
    from tests.soundness.programs import PROGRAMS, by_index, program
    from tests.soundness.protocol_lies import LIES as PROTOCOL
    from tests.soundness.test_operator_lies import setting

    file = File("proof/lies.json", "proof", "tests/soundness (lying Rust prover and slow prover), vectors/generate.py")

    def arguments(attempt: Attempt, name: str | None = None) -> Arguments:
        names = {key: own for own, key in file.keys.items()}
        name = names.get(attempt.key.hex()) or name or f"key {len(names) + 1}"
        file.keys[name] = attempt.key.hex()
        return {
            "key": name,
            "context": attempt.context.hex(),
            "public": {str(index): values for index, values in attempt.public.items()},
            "inputs": [point.hex() for point in attempt.inputs],
            "outputs": [point.hex() for point in attempt.outputs],
            "proof": attempt.proof.hex(),
        }

    for name in PROGRAMS:
        found = program(name)
        honest = setting(name).prove(by_index(found.relation, found.honest))
        file.add(f"{name}: honest", "Valid", arguments(honest, name))
    for operator in OPERATORS:
        made = setting(operator.program).prove(by_index(program(operator.program).relation, operator.values()))
        file.add(lie_comment(operator, operator.program), "OperatorLie", arguments(made), "LinearClaimRejected")
    for flag, table in (("ProtocolLie", PROTOCOL), ("ChallengeLie", CHALLENGES)):
        for lie in table:
            file.add(lie_comment(lie), flag, arguments(lie.attempt()), lie.error)
    return file


def lie_comment(lie: Any, where: str = "protocol") -> str:
    """How the vector of a lie is called; `tests/conformance` finds it by this comment."""
    return f"{where}: {lie.what}; defence: {lie.defence}"


FILES: dict[str, Callable[[], File]] = {
    "scalars": scalars,
    "points": points,
    "generators": generators,
    "keccaks": keccaks,
    "transcripts": transcripts,
    "relations": relations,
    "layouts": layouts,
    "keys": keys,
    "proofs": proofs,
    "openings": openings,
    "lanes": scheme_layouts,
    "kzg keys": partial(scheme_keys, "kzg"),
    "kzg proofs": partial(scheme_proofs, "kzg"),
    "helper keys": partial(scheme_keys, "helper"),
    "helper proofs": partial(scheme_proofs, "helper"),
    "lies": lies,
    "segmented keys": segmented_keys,
    "segmented receipts": segmented_receipts,
}
FRESH = ("lies", "segmented keys", "segmented receipts")
"""Files of proofs with the system's randomness."""
REPEATABLE = tuple(name for name in FILES if name not in FRESH)


def main() -> int:
    """Writes the named files, or all that are the same in every run."""
    for name in sys.argv[1:] or REPEATABLE:
        file = FILES[name]()
        path = ROOT / "vectors" / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text())
        print(f"{file.path}: {len(file.vectors)} vectors, {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
