"""A proof as arguments of a vector, and what is changed in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reference.tests.cases import CONTEXT, Case, element_kinds
from vectors.document import Arguments, word

from zkseal_reference.curve import Q, encode_compressed
from zkseal_reference.field import P, encode_scalar
from zkseal_reference.generators import generator

Change = tuple[str, str, Arguments, str]
"""Comment, flags, the arguments that change, the error ("any": as the reference says)."""

OTHER = encode_compressed(generator(b"other"))
IDENTITY = encode_compressed(None)
OFF_CURVE = bytes.fromhex(word(4))  # 4^3 + 3 = 67 is no square in F_q


def proof_arguments(name: str, found: Case) -> Arguments:
    return {
        "key": name,
        "context": CONTEXT.hex(),
        "public": {str(index): values for index, values in found.public.items()},
        "inputs": [point.hex() for point in found.proved.input_commitments],
        "outputs": [point.hex() for point in found.proved.output_commitments],
        "proof": found.proved.proof.hex(),
    }


def changes(name: str, found: Case, step: int) -> Iterator[Change]:
    """Everything that is changed in one valid proof. Of its elements, every `step`-th."""
    yield from statement_changes(proof_arguments(name, found), found)
    yield from proof_changes(found.proved.proof, element_kinds(found.key.layout), step)


def statement_changes(base: Arguments, found: Case) -> Iterator[Change]:
    yield "other context", "Binding", {"context": b"another".hex()}, "LinearClaimRejected"
    yield "empty context", "Binding", {"context": ""}, "LinearClaimRejected"
    for part in ("inputs", "outputs"):
        if not base[part]:
            continue
        yield f"{part}: another point", "Binding", {part: [OTHER.hex()]}, "LinearClaimRejected"
        yield f"{part}: identity", "Identity", {part: [IDENTITY.hex()]}, "IdentityPoint"
        yield f"{part}: dropped", "Statement", {part: []}, "StatementMismatch"
        yield f"{part}: repeated", "Statement", {part: base[part] * 2}, "StatementMismatch"
        yield f"{part}: 31 bytes", "Length", {part: [base[part][0][:-2]]}, "WrongLength"
        yield f"{part}: not on the curve", "OffCurve", {part: [OFF_CURVE.hex()]}, "NotOnCurve"
        yield f"{part}: x = q", "NonCanonical", {part: [word(Q)]}, "NonCanonicalPoint"
    for index, values in found.public.items():
        public = base["public"]
        step = -1 if values[-1] > found.key.relation.tensors[index].lo else 1
        for comment, changed, expect in (
            (f"last value {step:+}", [*values[:-1], values[-1] + step], "LinearClaimRejected"),
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


def proof_changes(proof: bytes, kinds: Sequence[str], step: int) -> Iterator[Change]:
    """Lengths, all commitments, of the other elements every `step`-th, and elements that change places."""
    for length, cut in (("empty", b""), ("one byte short", proof[:-1]), ("one byte long", proof + b"\0")):
        yield f"proof: {length}", "Length", {"proof": cut.hex()}, "WrongLength"
    yield "proof: last word dropped", "Length", {"proof": proof[:-32].hex()}, "WrongLength"
    yield "proof: a word of zeros more", "Length", {"proof": (proof + bytes(32)).hex()}, "WrongLength"
    words = [proof[at : at + 32] for at in range(0, len(proof), 32)]

    def changed(index: int, *new: bytes) -> Arguments:
        return {"proof": b"".join([*words[:index], *new, *words[index + len(new) :]]).hex()}

    for index, (kind, own) in enumerate(zip(kinds, words, strict=True)):
        if index % step == 0 or kind == "commitment":
            for comment, flags, new, expect in element_changes(index, kind, own):
                yield f"word {index}, {kind}: {comment}", flags, changed(index, new), expect
    for index in range(1, len(words) - 1, 4 + step):
        swapped = changed(index, words[index + 1], words[index])
        yield f"words {index}, {index + 1} swapped", "Swap", swapped, "any"


def element_changes(index: int, kind: str, own: bytes) -> Iterator[tuple[str, str, bytes, str]]:
    """What may stand for 32 bytes of a proof, and the error if it is known without the rest."""
    number = int.from_bytes(own, "big")
    if kind == "scalar":
        yield "+ 1", "Message", encode_scalar(number + 1), "any"
        name, large = ("p", P) if index % 2 else ("its own value + p", number + P)
        yield name, "NonCanonical", large.to_bytes(32, "big"), "NonCanonicalScalar"
        return
    yield "another point", "Message", OTHER, "any"
    yield "other parity", "Message", bytes([own[0] ^ 0x80, *own[1:]]), "any"
    yield "identity", "Identity", IDENTITY, "any" if kind == "point" else "IdentityPoint"
    yield "off the curve", "OffCurve", OFF_CURVE, "NotOnCurve"
    yield "x = q", "NonCanonical", Q.to_bytes(32, "big"), "NonCanonicalPoint"
    yield "identity flag on a point", "NonCanonical", bytes([own[0] | 0x40, *own[1:]]), "NonCanonicalPoint"
