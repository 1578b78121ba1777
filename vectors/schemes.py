"""Layouts, keys and proofs of the helper argument and of the kzg opening.

The files `kzg.json` have all keys of that opening, the tree's included: a verifier that knows only this opening (the
contracts) runs just these. The files `helper.json` have the helper argument with the opening ipa.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reference.tests.cases import SCHEMES, Case, case
from reference.tests.points import OUTSIDE_G2
from reference.tests.relations import SKETCHES
from vectors.changes import changes, proof_arguments
from vectors.document import File, draw, word

from zkseal_reference.curve import Q
from zkseal_reference.generators import SETUP_DIGEST, generator
from zkseal_reference.keccak import keccak256
from zkseal_reference.key import VerifyingKey
from zkseal_reference.pairing import G2, G2_BYTES, encode_g2, multiply_twisted
from zkseal_reference.parameters import LookupArgument
from zkseal_reference.relation import (
    Access,
    Affine,
    Column,
    Lookup,
    Relation,
    Table,
    Tensor,
    Term,
    encode_relation,
)

ORIGIN = "tests/conformance/slow_prover.py with fixed seeds and a tau that is no secret, vectors/schemes.py"
PARAMETERS_AT, LANES_AT, DIGEST_AT, TAU_AT = 6, 9, 11, 43
KEYS = ("tiny", "merged", "embedding", "tables", "limbs")
PROOFS = (*KEYS, "batched_attention", "public_only", "rows", "straddle")
CHANGED = {
    "kzg": (
        ("tables", "helper2-kzg", 1),
        ("merged", "helper4-kzg", 7),
        ("tiny", "tree-kzg", 7),
        ("embedding", "helper1-kzg", 9),
    ),
    "helper": (("tables", "helper4-ipa", 5), ("merged", "helper1-ipa", 9)),
}
"""For each file the proofs that are changed; of their elements every first, seventh, ..

`tables` has lookups, a model and public values; `merged` has lookups and no model, so that its key is valid with other
lanes or another setup; `embedding` has no lookups.
"""


def schemes(file: str) -> list[str]:
    """The schemes that a file is about."""
    ending = "kzg" if file == "kzg" else "ipa"
    return [name for name in SCHEMES if name.endswith(ending) and name != "tree-ipa"]


# Layouts


def crowded(seed: int) -> Relation:
    """Many lookups over one or two loops of drawn sizes, in tables of drawn lengths: they fill lanes unevenly."""
    source = draw(seed)
    loops = tuple(source.choice((1, 2, 3, 5, 8, 9, 16, 31, 64)) for _ in range(6))
    lengths = [source.choice((1, 2, 5, 16, 33, 100)) for _ in range(source.randrange(1, 4))]
    x = Access(0, (Affine((), 0),))
    lookups = [
        Lookup(
            0,
            source.randrange(len(lengths)),
            tuple(source.sample(range(6), source.randrange(3))),
            ((Term(1, 0, (), (x,)),),),
        )
        for _ in range(source.randrange(3, 24))
    ]
    progressions = tuple(Tensor(Column.PROGRESSION, (length,), 0, length - 1) for length in lengths)
    tables = tuple(Table(k, (k + 1,)) for k in range(len(lengths)))
    return Relation(b"", (Tensor(Column.INPUT, (3,), 0, 0), *progressions), loops, (), tables, tuple(lookups), ())


def scheme_layouts() -> File:
    """Layouts of every number of lanes, under both openings."""
    made = File("layout/lanes.json", "relation", "zkseal_reference, vectors/schemes.py")
    relations = {name: SKETCHES[name]().relation() for name in ("tiny", "tables", "mlp", "limbs", "rows")}
    relations |= {f"crowded {seed}": crowded(seed) for seed in range(12)}
    for k, (name, relation) in enumerate(relations.items()):
        data = encode_relation(relation).hex()
        for lanes in range(1, 9):
            opening = ("ipa", "kzg")[(k + lanes) % 2]
            choice = {"argument": "helper", "lanes": lanes, "opening": opening}
            made.add(f"{name}, {lanes} lanes, {opening}", "Lanes", {"relation": data, "c": 8, **choice}, "any")
        made.add(f"{name}, tree, kzg", "Lanes", {"relation": data, "c": 9, "opening": "kzg"}, "any")
    tiny = encode_relation(relations["tiny"]).hex()
    for argument, lanes in (("tree", 0), ("tree", 2), ("helper", 0), ("helper", 9), ("helper", 255)):
        arguments = {"relation": tiny, "c": 8, "argument": argument, "lanes": lanes}
        made.add(f"{argument} with {lanes} lanes", "Parameters", arguments, "InvalidParameters")
    for size, expect in ((1 << 15, "accepted"), (1 << 16, "InvalidParameters")):
        lookup = Lookup(0, 0, (0, 1), ((Term(1, 0, (), ()),),))
        table = Tensor(Column.PROGRESSION, (1,), 0, 0)
        long = Relation(b"", (table,), (1 << 16, size), (), (Table(0, (0,)),), (lookup,), ())
        arguments = {"relation": encode_relation(long).hex(), "c": 16, "argument": "helper", "lanes": 1}
        made.add(f"a lane of 2^16 * {size} + 1 entries", "Edge", arguments, expect)
    return made


# Keys


def label(name: str, scheme: str) -> str:
    return f"{name}, {scheme}"


def scheme_keys(file: str) -> File:
    """Valid keys, and one that is damaged in all that these schemes add to a key."""
    made = File(f"key/{file}.json", "key", ORIGIN)
    for scheme in schemes(file):
        for name in KEYS:
            made.keys[label(name, scheme)] = case(name, scheme).key.encode().hex()
            made.add(label(name, scheme), "Valid", {"key": label(name, scheme)})
    key = case("tiny", f"helper2-{'kzg' if file == 'kzg' else 'ipa'}").key
    for comment, flag, data, expect in (*damaged_parameters(key), *(damaged_setups(key) if file == "kzg" else ())):
        made.add(comment, flag, {"key": data.hex()}, expect)
    proof = key.model_proof
    for comment, wrong in {
        "other model commitment": replace(key, model_commitments=(generator(b"other"),)),
        "no model proof": replace(key, model_proof=b""),
        "model proof one word short": replace(key, model_proof=proof[:-32]),
        "model proof of the tree": replace(key, model_proof=case("tiny").key.model_proof),
        "model proof with a changed scalar": replace(key, model_proof=proof[:-32] + bytes(32)),
    }.items():
        made.add(comment, "ModelProof", {"key": wrong.encode().hex()}, "ModelProofRejected")
    return made


Damaged = Iterator[tuple[str, str, bytes, str]]


def damaged_parameters(key: VerifyingKey) -> Damaged:
    data = key.encode()

    def patched(start: int, new: bytes) -> bytes:
        return data[:start] + new + data[start + len(new) :]

    yield "version 2 of the parameters", "Version", patched(PARAMETERS_AT, b"\2"), "UnknownVersion"
    yield "mask longer than a row", "Parameters", patched(PARAMETERS_AT + 1, b"\5"), "InvalidParameters"
    yield "the tree with two lanes", "Parameters", patched(LANES_AT - 1, b"\0"), "InvalidParameters"
    yield "the tree", "Parameters", patched(LANES_AT - 1, b"\0\1"), "ModelProofRejected"
    yield "lookup argument 2", "Parameters", patched(LANES_AT - 1, b"\2"), "InvalidParameters"
    yield "no lane", "Parameters", patched(LANES_AT, b"\0"), "InvalidParameters"
    yield "one lane", "Parameters", patched(LANES_AT, b"\1"), "ModelProofRejected"
    yield "three lanes", "Parameters", patched(LANES_AT, b"\3"), "ModelProofRejected"
    yield "nine lanes", "Parameters", patched(LANES_AT, b"\x09"), "InvalidParameters"
    yield "255 lanes", "Parameters", patched(LANES_AT, b"\xff"), "InvalidParameters"
    yield "opening 2", "Parameters", patched(LANES_AT + 1, b"\2"), "InvalidParameters"
    yield "digest of zeros", "Parameters", patched(DIGEST_AT, bytes(32)), "InvalidParameters"
    yield "one bit of the digest", "Parameters", patched(DIGEST_AT + 31, bytes([data[DIGEST_AT + 31] ^ 1])), "any"
    other = "the ipa opening" if key.tau_g2 is not None else "the kzg opening"
    yield other, "Parameters", patched(LANES_AT + 1, bytes([data[LANES_AT + 1] ^ 1])), "any"
    point_at = len(data) - len(key.model_proof) - 4 - 4 - 64  # the only model commitment; there is no table's
    yield "model commitment: identity", "Identity", patched(point_at, bytes(64)), "IdentityPoint"
    yield "model commitment: x = q", "NonCanonical", patched(point_at, bytes.fromhex(word(Q))), "NonCanonicalPoint"
    yield "model commitment: (1, 1)", "OffCurve", patched(point_at, bytes.fromhex(word(1) * 2)), "NotOnCurve"
    yield "no model commitment", "Count", patched(point_at - 4, bytes(4)), "InvalidEncoding"
    yield "one table commitment", "Count", patched(point_at + 64, b"\0\0\0\1"), "InvalidEncoding"
    for length in (DIGEST_AT, TAU_AT, TAU_AT + G2_BYTES - 1, len(data) - 1):
        yield f"first {length} bytes", "Length", data[:length], "WrongLength"
    yield "trailing byte", "Length", data + b"\0", "WrongLength"


def with_setup(key: VerifyingKey, tau_g2: bytes, digest: bytes | None = None) -> bytes:
    """The key with these bytes for tau G2, and the digest that these have, or another."""
    data = key.encode()
    own = keccak256(b"zkseal kzg setup v1" + tau_g2) if digest is None else digest
    return data[:DIGEST_AT] + own + tau_g2 + data[TAU_AT + G2_BYTES :]


def other_tau() -> bytes:
    """A setup that is none of these keys'."""
    point = multiply_twisted(5, G2)
    assert point is not None
    return encode_g2(point)


def damaged_setups(key: VerifyingKey) -> Damaged:
    """Each tau G2 stands beside the digest of its bytes, so that only its own fault is there."""
    assert key.tau_g2 is not None
    own = encode_g2(key.tau_g2)
    x_1, x_0, y_1, y_0 = (own[at : at + 32] for at in range(0, G2_BYTES, 32))
    q = bytes.fromhex(word(Q))
    minus_y = b"".join(bytes.fromhex(word(Q - int.from_bytes(c, "big"))) for c in (y_1, y_0))
    yield "other tau*G2", "Binding", with_setup(key, other_tau()), "ModelProofRejected"
    yield (
        "other tau*G2 under the old digest",
        "Binding",
        with_setup(key, other_tau(), key.parameters.setup_digest),
        "any",
    )
    yield "tau*G2 negated", "Binding", with_setup(key, x_1 + x_0 + minus_y), "ModelProofRejected"
    yield "generator of G2: tau = 1", "Binding", with_setup(key, encode_g2(G2)), "ModelProofRejected"
    yield "digest of the ipa generators", "Parameters", with_setup(key, own, SETUP_DIGEST), "InvalidParameters"
    yield "tau*G2: identity", "Identity", with_setup(key, bytes(G2_BYTES)), "InvalidEncoding"
    for k, name in enumerate(("imaginary part of x", "real part of x", "imaginary part of y", "real part of y")):
        bad = own[: 32 * k] + q + own[32 * (k + 1) :]
        yield f"tau*G2: {name} is q", "NonCanonical", with_setup(key, bad), "InvalidEncoding"
    reduced = [int.from_bytes(c, "big") for c in (x_1, x_0, y_1, y_0)]
    for k, number in enumerate(reduced):
        bad = own[: 32 * k] + bytes.fromhex(word(number + Q)) + own[32 * (k + 1) :]
        yield f"tau*G2: coordinate {k} + q", "NonCanonical", with_setup(key, bad), "InvalidEncoding"
    yield "tau*G2: real parts first", "OffCurve", with_setup(key, x_0 + x_1 + y_0 + y_1), "InvalidEncoding"
    yield "tau*G2: (1 + i, 1 + i)", "OffCurve", with_setup(key, bytes.fromhex(word(1) * 4)), "InvalidEncoding"
    yield "tau*G2: outside the subgroup", "OffCurve", with_setup(key, OUTSIDE_G2), "InvalidEncoding"
    yield "tau*G2 is missing", "Length", key.encode()[:TAU_AT] + key.encode()[TAU_AT + G2_BYTES :], "any"
    yield "tau*G2 twice", "Length", key.encode()[: TAU_AT + G2_BYTES] + own + key.encode()[TAU_AT + G2_BYTES :], "any"


# Proofs


def scheme_proofs(file: str) -> File:
    """Valid proofs, what is changed in some, and proofs under keys of other schemes."""
    made = File(f"proof/{file}.json", "proof", ORIGIN)
    for scheme in schemes(file):
        for name in PROOFS:
            own = label(name, scheme)
            made.keys[own] = case(name, scheme).key.encode().hex()
            made.add(own, "Valid", proof_arguments(own, case(name, scheme)))
    for name, scheme, step in CHANGED[file]:
        own, found = label(name, scheme), case(name, scheme)
        base = proof_arguments(own, found)
        for comment, flags, change, expect in changes(own, found, step):
            made.add(f"{own}: {comment}", flags, {**base, **change}, expect)
        for comment, data, expect in other_keys(found):
            made.add(f"{own}: {comment}", "Binding", {**base, "key": data.hex()}, expect)
        for other in SCHEMES:
            if other != scheme:
                foreign = case(name, other).proved.proof.hex()
                made.add(f"{own}: proof of {other}", "Length", {**base, "proof": foreign}, "any")
    return made


def other_keys(found: Case) -> Iterator[tuple[str, bytes, str]]:
    """The key with another setup; without a model the key itself is valid, so that the proof must tell."""
    key = found.key
    if key.tau_g2 is not None:
        expect = "ModelProofRejected" if key.model_proof else "LinearClaimRejected"
        yield "key with other tau*G2", with_setup(key, other_tau()), expect
        yield "key with other tau*G2, old digest", with_setup(key, other_tau(), key.parameters.setup_digest), "any"
        yield "key with another digest", with_setup(key, encode_g2(key.tau_g2), bytes(32)), "InvalidParameters"
    if not key.model_proof and key.parameters.argument == LookupArgument.HELPER:
        data = bytearray(key.encode())
        data[LANES_AT] += 1
        yield "key with another lane", bytes(data), "any"
        data[LANES_AT - 1 : LANES_AT + 1] = b"\0\1"
        yield "key of the tree", bytes(data), "any"
