"""Writes the shared vectors: `python vectors/generate.py [area ..]` from the root of the repository.

Everything but the lies is made by the reference and the slow prover from fixed seeds, so that a second run writes the
same bytes (`tests/conformance/test_vectors.py` compares). The lies are proofs of the lying Rust prover, whose
randomness is the system's: they are written anew only when `lies` is named.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "src"), str(ROOT / "reference"), str(ROOT)]

from reference.tests.cases import CONTEXT, Case, case  # noqa: E402
from reference.tests.relations import SKETCHES  # noqa: E402
from reference.tests.test_relation import BASE, BROKEN  # noqa: E402

from zkseal_reference.curve import Q, encode_compressed, encode_uncompressed  # noqa: E402
from zkseal_reference.field import P, encode_scalar  # noqa: E402
from zkseal_reference.generators import generator  # noqa: E402
from zkseal_reference.relation import encode_relation  # noqa: E402
from zkseal_reference.transcript import LAMBDA  # noqa: E402
from zkseal_reference.vectors import AREAS, SCHEMA, attempt  # noqa: E402

Arguments = dict[str, Any]
REFERENCE = "zkseal_reference, vectors/generate.py"
SLOW_PROVER = "tests/conformance/slow_prover.py with fixed seeds, vectors/generate.py"
NOTES = {
    "Valid": "Must be accepted, with this value.",
    "Edge": "Valid, at the end of what is allowed.",
    "NonCanonical": "A second encoding of a value: accepting it makes proofs malleable.",
    "OffCurve": "Coordinates of no point: arithmetic on them proves nothing.",
    "Identity": "The identity where a commitment is needed: it commits to nothing.",
    "Length": "Truncated, or with a tail: lengths are dictated, never read.",
    "Version": "A version or magic of something else.",
    "Count": "A count beyond its limit, which must be refused before memory is taken for it.",
    "Rule": "Breaks one rule of chapter 2, Validation.",
    "Flip": "One bit of valid bytes: another valid relation, or an error by name.",
    "Parameters": "Row lengths and arguments that do not exist, or do not fit the relation.",
    "Binding": "Something that the transcript binds was changed after the proof was made.",
    "Message": "A message of the proof was changed.",
    "Swap": "Two messages change places.",
    "Statement": "Public values or commitments that do not fit the relation.",
    "ModelProof": "The proof of the model's bounds is missing, damaged or another model's.",
    "Opening": "Values or blindings are not those of the commitments.",
    "OperatorLie": "A prover broke one constraint of an operator, and was consistent otherwise.",
    "ProtocolLie": "A prover lied in one place of the protocol, and was consistent otherwise.",
    "ChallengeLie": "False things that cancel under one value of a challenge, which was drawn after them.",
}
"""What each flag hunts."""


@dataclass
class File:
    """One vector file in the making. Results are what the reference says; `expect` guards against surprises."""

    path: str
    area: str
    origin: str = REFERENCE
    keys: dict[str, str] = field(default_factory=dict)
    vectors: list[dict[str, Any]] = field(default_factory=list)

    def add(self, comment: str, flags: str, arguments: Arguments, expect: str = "accepted") -> None:
        """Adds a vector; `expect` is "accepted" or the name of an error."""
        full = dict(arguments)
        if full.get("key") in self.keys:
            full["key"] = self.keys[full["key"]]
        found = attempt(AREAS[self.area], full)
        verdict, rest = found.split(" ", 1)
        assert (verdict if verdict == "accepted" else rest) == expect or expect == "any", (self.path, comment, found)
        vector: dict[str, Any] = {"id": len(self.vectors) + 1, "comment": comment, "flags": flags.split()}
        vector |= {"arguments": arguments, "result": verdict}
        vector |= {"value": json.loads(rest)} if verdict == "accepted" else {"error": rest}
        self.vectors.append(vector)

    def text(self) -> str:
        """The bytes of the file: one vector a line."""
        used = {flag for vector in self.vectors for flag in vector["flags"]}
        notes = {flag: note for flag, note in NOTES.items() if flag in used}
        head = {"schema": SCHEMA, "area": self.area, "origin": self.origin, "notes": notes, "keys": self.keys}
        lines = ",\n".join(json.dumps(vector, separators=(",", ":")) for vector in self.vectors)
        return f'{json.dumps(head, indent=1)[:-2]},\n "vectors": [\n{lines}\n]}}\n'


def draw(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311


def word(value: int) -> str:
    return value.to_bytes(32, "big").hex()


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
        "helper argument": ("Parameters", patched(8, b"\1"), "InvalidParameters"),
        "two lanes": ("Parameters", patched(9, b"\2"), "InvalidParameters"),
        "no lane": ("Parameters", patched(9, b"\0"), "InvalidParameters"),
        "kzg opening": ("Parameters", patched(10, b"\1"), "InvalidParameters"),
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


def proof_arguments(name: str, found: Case) -> Arguments:
    return {
        "key": name,
        "context": CONTEXT.hex(),
        "public": {str(index): values for index, values in found.public.items()},
        "inputs": [point.hex() for point in found.proved.input_commitments],
        "outputs": [point.hex() for point in found.proved.output_commitments],
        "proof": found.proved.proof.hex(),
    }


PROVED = ("tiny", "merged", "batched_attention", "embedding", "tables", "limbs", "public_only", "rows", "straddle")


def proofs() -> File:
    file = File("proof/proof.json", "proof", SLOW_PROVER)
    for name in PROVED:
        file.keys[name] = case(name).key.encode().hex()
        file.add(name, "Valid", proof_arguments(name, case(name)))
    for name in ("embedding", "merged"):
        for comment, flags, change, expect in changes(name):
            file.add(f"{name}: {comment}", flags, {**proof_arguments(name, case(name)), **change}, expect)
    one, other = case("tiny"), case("limbs")
    mixed = {**proof_arguments("tiny", one), "key": "limbs"}
    file.add("proof under the key of another model", "Binding", mixed, "any")
    mixed = {**proof_arguments("tiny", one), "proof": other.proved.proof.hex()}
    file.add("proof of another model", "Length", mixed, "WrongLength")
    return file


def changes(name: str) -> Iterator[tuple[str, str, Arguments, str]]:
    """Changed arguments of one valid proof: comment, flags, the change, the error."""
    found = case(name)
    base, proof = proof_arguments(name, found), found.proved.proof
    words = [proof[at : at + 32] for at in range(0, len(proof), 32)]
    other = encode_compressed(generator(b"other"))
    point_words = 1 + found.key.layout.committed_row_count(4)  # witness commitments and that of mu

    def with_word(index: int, new: bytes) -> Arguments:
        return {"proof": b"".join([*words[:index], new, *words[index + 1 :]]).hex()}

    yield "other context", "Binding", {"context": b"another".hex()}, "LinearClaimRejected"
    yield "empty context", "Binding", {"context": ""}, "LinearClaimRejected"
    for part in ("inputs", "outputs"):
        if not base[part]:
            continue
        yield f"{part}: another point", "Binding", {part: [other.hex()]}, "LinearClaimRejected"
        yield f"{part}: identity", "Identity", {part: [encode_compressed(None).hex()]}, "IdentityPoint"
        yield f"{part}: dropped", "Statement", {part: []}, "StatementMismatch"
        yield f"{part}: repeated", "Statement", {part: base[part] * 2}, "StatementMismatch"
        yield f"{part}: 31 bytes", "Length", {part: [base[part][0][:-2]]}, "WrongLength"
        yield f"{part}: not on the curve", "OffCurve", {part: [word(4)]}, "NotOnCurve"
        yield f"{part}: x = q", "NonCanonical", {part: [word(Q)]}, "NonCanonicalPoint"
    for index, values in found.public.items():
        public = base["public"]
        for comment, changed, expect in (
            ("last value - 1", [*values[:-1], values[-1] - 1], "LinearClaimRejected"),
            ("value dropped", values[:-1], "StatementMismatch"),
            ("value repeated", [*values, values[-1]], "StatementMismatch"),
            ("above its bound", [1 << 20, *values[1:]], "StatementMismatch"),
            ("least 64-bit integer", [-(1 << 63), *values[1:]], "StatementMismatch"),
            ("greatest 64-bit integer", [(1 << 63) - 1, *values[1:]], "StatementMismatch"),
        ):
            flag = "Binding" if expect == "LinearClaimRejected" else "Statement"
            yield f"public {index}: {comment}", flag, {"public": {**public, str(index): changed}}, expect
        rest = {key: own for key, own in public.items() if key != str(index)}
        yield f"public {index}: missing", "Statement", {"public": rest}, "StatementMismatch"
    for length, cut in (("empty", b""), ("one byte short", proof[:-1]), ("one byte long", proof + b"\0")):
        yield f"proof: {length}", "Length", {"proof": cut.hex()}, "WrongLength"
    yield "proof: last word dropped", "Length", {"proof": proof[:-32].hex()}, "WrongLength"
    for index in range(0, len(words), 3 if name == "embedding" else 7):
        old = words[index]
        if index < point_words:
            yield f"word {index}: other parity", "Message", with_word(index, bytes([old[0] ^ 128]) + old[1:]), "any"
            continue
        changed = encode_scalar(int.from_bytes(old, "big") + 1)
        yield f"word {index}: + 1", "Message", with_word(index, changed), "any"
        too_large = P.to_bytes(32, "big")
        yield f"word {index}: p", "NonCanonical", with_word(index, too_large), "any"
    for index in range(point_words):
        for comment, new in (("identity", encode_compressed(None)), ("off the curve", bytes.fromhex(word(4)))):
            yield f"word {index}: {comment}", "Identity OffCurve", with_word(index, new), "any"
    for index in range(1, len(words) - 1, 5):
        swapped = [*words[:index], words[index + 1], words[index], *words[index + 2 :]]
        yield f"words {index}, {index + 1} swapped", "Swap", {"proof": b"".join(swapped).hex()}, "any"


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
    """Proofs of the Rust prover, honest and lying in every way that `tests/soundness` knows."""
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
    "lies": lies,
}
REPEATABLE = tuple(name for name in FILES if name != "lies")


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
