"""Every field of a proof, every transcript input, every public value: changed, dropped, repeated, swapped, truncated.

Both verifiers reject each change with the same named error, and nothing else comes out of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import cache

import pytest
from reference.tests.relations import embedding, tiny
from tests.conformance.slow_prover import Scheme

from zkseal_reference.curve import Q, encode_compressed
from zkseal_reference.field import P, encode_scalar
from zkseal_reference.generators import generator
from zkseal_reference.key import VerifyingKey
from zkseal_reference.kzg import setup_digest
from zkseal_reference.layout import Layout
from zkseal_reference.pairing import G2, encode_g2
from zkseal_reference.proof import HelperMessages, IpaMessages, KzgMessages, Proof, TreeLayer
from zkseal_reference.relation import encode_relation
from zkseal_reference.verifier import Statement
from zkseal_slow_prover.columns import TAU

from .manifest import FIELDS, LINEAR, POINT, SCALAR, STATEMENT, Element, elements
from .native import ROOT, Attempt, Setting, reference_key, rust_verdict, verdict
from .protocol_lies import CHANGES as REUSES
from .protocol_lies import model_proof_as_inference
from .protocol_provers import labelled

pytestmark = pytest.mark.native

OTHER = encode_compressed(generator(b"other"))
IDENTITY = encode_compressed(None)
OFF_CURVE = (4).to_bytes(32, "big")  # 4^3 + 3 = 67 is no square in F_q


SCHEMES = {"tree-ipa": Scheme(), "helper2-kzg": Scheme(2, kzg=True)}
"""Both lookup arguments and both openings: every element of a proof stands in one of two."""


@cache
def honest(name: str, scheme: str = "tree-ipa") -> Attempt:
    sketch = {"tiny": tiny, "embedding": embedding, "labelled": labelled}[name]()
    lanes, tau = SCHEMES[scheme].lanes or None, TAU if SCHEMES[scheme].kzg else None
    setting = Setting(encode_relation(sketch.relation()), sketch.c, sketch.values, lanes=lanes, tau=tau)
    return setting.prove(sketch.values)


ELEMENTS = {name: elements(Layout(tiny().relation(), own.parameters(tiny().c))) for name, own in SCHEMES.items()}
PLACES = [(scheme, index) for scheme, listed in ELEMENTS.items() for index in range(len(listed))]


def words(attempt: Attempt) -> list[bytes]:
    return [attempt.proof[at : at + 32] for at in range(0, len(attempt.proof), 32)]


def joined(attempt: Attempt, parts: list[bytes]) -> Attempt:
    return attempt.changed(proof=b"".join(parts))


# The manifest is complete


def test_every_field_of_the_rust_proof_is_listed() -> None:
    source = (ROOT / "crates/zkseal-verifier/src/proof.rs").read_text()
    body = re.search(r"pub struct Proof \{(.*?)\n\}", source, re.DOTALL)
    assert body is not None
    found = re.findall(r"^    pub (\w+):", body[1], re.MULTILINE)
    assert found == list(dict.fromkeys(field.rust for field in FIELDS))


def test_every_field_of_the_reference_types_is_listed() -> None:
    assert [field.name for field in fields(Proof)] == [field.python for field in FIELDS]
    assert [field.name for field in fields(TreeLayer)] == ["rounds", "values"]
    assert [field.name for field in fields(HelperMessages)] == ["commitments", "rounds", "values"]
    assert [field.name for field in fields(IpaMessages)] == ["rounds", "a"]
    assert [field.name for field in fields(KzgMessages)] == ["points", "values"]
    assert tuple(field.name for field in fields(Statement)) == STATEMENT


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["tiny", "embedding", "labelled"])
def test_the_elements_cover_the_proof(name: str, scheme: str) -> None:
    attempt = honest(name, scheme)
    assert verdict(attempt) == "accepted"
    assert len(elements(reference_key(attempt.key).layout)) * 32 == len(attempt.proof)


# Elements of the proof


def changed(word: bytes, element: Element) -> bytes:
    return encode_scalar(int.from_bytes(word, "big") + 1) if element.kind == SCALAR else OTHER


def other_parity(word: bytes) -> bytes:
    return bytes([word[0] ^ 0x80, *word[1:]])


@pytest.mark.parametrize(("scheme", "index"), PLACES)
def test_an_element_that_changes(scheme: str, index: int) -> None:
    attempt, element = honest("tiny", scheme), ELEMENTS[scheme][index]
    parts = words(attempt)
    word = parts[index]
    results = {}
    cases = {"changed": (changed(word, element), element.error)}
    if element.kind == SCALAR:
        cases |= {
            "zero": (bytes(32), element.error),
            "not reduced": ((int.from_bytes(word, "big") + P).to_bytes(32, "big"), "NonCanonicalScalar"),
            "the order": (P.to_bytes(32, "big"), "NonCanonicalScalar"),
            "all ones": (b"\xff" * 32, "NonCanonicalScalar"),
        }
    else:
        cases |= {
            "other parity": (other_parity(word), element.error),
            "x too large": (Q.to_bytes(32, "big"), "NonCanonicalPoint"),
            "identity with a flag": (bytes([IDENTITY[0] | 0x80, *IDENTITY[1:]]), "NonCanonicalPoint"),
            "identity flag on a point": (bytes([word[0] | 0x40, *word[1:]]), "NonCanonicalPoint"),
            "not on the curve": (OFF_CURVE, "NotOnCurve"),
            "identity": (IDENTITY, element.error if element.kind == POINT else "IdentityPoint"),
        }
    for case, (new, _) in cases.items():
        results[case] = verdict(joined(attempt, [*parts[:index], new, *parts[index + 1 :]]))
    assert results == {case: error for case, (_, error) in cases.items()}


@pytest.mark.parametrize(("scheme", "index"), [(s, i) for s, i in PLACES if i + 1 < len(ELEMENTS[s])])
def test_an_element_that_is_dropped_repeated_or_swapped(scheme: str, index: int) -> None:
    attempt, listed = honest("tiny", scheme), ELEMENTS[scheme]
    parts = words(attempt)
    assert verdict(joined(attempt, [*parts[:index], *parts[index + 1 :]])) == "WrongLength"
    assert verdict(joined(attempt, [*parts[: index + 1], *parts[index:]])) == "WrongLength"
    swapped = [*parts[:index], parts[index + 1], parts[index], *parts[index + 2 :]]
    error = verdict(joined(attempt, swapped))
    kinds = {SCALAR if listed[i].kind == SCALAR else POINT for i in (index, index + 1)}
    if len(kinds) == 1:  # still well-formed: the first of the two is the first to be missed
        assert error == listed[index].error
    else:  # a scalar for a point, or the reverse: no encoding, or a wrong message
        assert error != "accepted"


LENGTHS: Mapping[str, Callable[[bytes], bytes]] = {
    "empty": lambda proof: b"",
    "one byte short": lambda proof: proof[:-1],
    "one word short": lambda proof: proof[:-32],
    "first word missing": lambda proof: proof[32:],
    "trailing byte": lambda proof: proof + b"\0",
    "twice": lambda proof: proof * 2,
}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("length", LENGTHS)
def test_a_proof_of_another_length(length: str, scheme: str) -> None:
    attempt = honest("tiny", scheme)
    assert verdict(attempt.changed(proof=LENGTHS[length](attempt.proof))) == "WrongLength"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_flipped_byte_of_a_proof_is_rejected(scheme: str) -> None:
    """By the Rust verifier, one bit in each byte of the proof; the reference confirms every 97th."""
    attempt = honest("tiny", scheme)
    for at in range(len(attempt.proof)):
        proof = bytearray(attempt.proof)
        proof[at] ^= 1 << (at % 8)
        flipped = attempt.changed(proof=bytes(proof))
        error = verdict(flipped) if at % 97 == 0 else rust_verdict(flipped)
        assert error != "accepted", at


# The statement and the key


def with_key(attempt: Attempt, **changes: object) -> Attempt:
    """Another key, its model proof left as it is: the statement is what changes."""
    return attempt.changed(key=replace(VerifyingKey.decode(attempt.key), **changes).encode())  # type: ignore[arg-type]


def other_commitments(column: str) -> Callable[[], Attempt]:
    return lambda: with_key(honest("embedding"), **{column: (generator(b"other"),)})


CHANGES: Mapping[str, tuple[Callable[[], Attempt], str]] = {
    "kind": (model_proof_as_inference, LINEAR),
    "layout": (lambda: with_row_length(honest("tiny"), 7), "ModelProofRejected"),
    "tau_g2": (lambda: with_tau(honest("embedding", "helper2-kzg")), LINEAR),
    "tau_g2: of a key with a model": (lambda: with_tau(honest("tiny", "helper2-kzg")), "ModelProofRejected"),
    "tau_g2: without its digest": (lambda: with_tau(honest("tiny", "helper2-kzg"), digest=False), "InvalidParameters"),
    # Without lookups proofs of all arguments have one shape: the transcript tells.
    "layout: another lane": (lambda: with_byte(honest("embedding", "helper2-kzg"), 9, 3), LINEAR),
    "layout: the tree": (lambda: with_byte(with_byte(honest("embedding", "helper2-kzg"), 8, 0), 9, 1), LINEAR),
    "relation_digest": (lambda: REUSES["relation"](honest("labelled")), LINEAR),
    "model": (lambda: with_key(honest("tiny"), model_commitments=(generator(b"other"),)), "ModelProofRejected"),
    "table": (other_commitments("table_commitments"), LINEAR),
    "context": (lambda: honest("tiny").changed(context=b"another context"), LINEAR),
    "context: empty": (lambda: honest("tiny").changed(context=b""), LINEAR),
    "context: longer": (lambda: honest("tiny").changed(context=honest("tiny").context + b"\0"), LINEAR),
    "public": (lambda: honest("embedding").changed(public=bumped(honest("embedding").public, 2, 1)), LINEAR),
    "public: gathered": (lambda: honest("embedding").changed(public=bumped(honest("embedding").public, 0, 1)), LINEAR),
    "public: read by nothing": (lambda: REUSES["public"](honest("labelled")), LINEAR),
    "public: missing tensor": (
        lambda: honest("embedding").changed(public={2: honest("embedding").public[2]}),
        "StatementMismatch",
    ),
    "public: no tensor": (lambda: honest("embedding").changed(public={}), "StatementMismatch"),
    "public: foreign tensor": (
        lambda: honest("embedding").changed(public={**honest("embedding").public, 1: [0] * 12}),
        "StatementMismatch",
    ),
    "public: value dropped": (
        lambda: honest("embedding").changed(
            public={**honest("embedding").public, 0: honest("embedding").public[0][:-1]}
        ),
        "StatementMismatch",
    ),
    "public: value repeated": (
        lambda: honest("embedding").changed(
            public={**honest("embedding").public, 0: [*honest("embedding").public[0], 5]}
        ),
        "StatementMismatch",
    ),
    "public: values swapped": (
        lambda: honest("embedding").changed(
            public={
                **honest("embedding").public,
                0: honest("embedding").public[0][1:] + honest("embedding").public[0][:1],
            }
        ),
        LINEAR,
    ),
    "public: above its bound": (
        lambda: honest("embedding").changed(
            public={**honest("embedding").public, 2: [64, *honest("embedding").public[2][1:]]}
        ),
        "StatementMismatch",
    ),
    "public: negative index": (
        lambda: honest("embedding").changed(public={**honest("embedding").public, 0: [-1, 0, 5]}),
        "StatementMismatch",
    ),
    "inputs": (lambda: honest("tiny").changed(inputs=[OTHER]), LINEAR),
    "inputs: other parity": (lambda: honest("tiny").changed(inputs=[other_parity(honest("tiny").inputs[0])]), LINEAR),
    "inputs: dropped": (lambda: honest("tiny").changed(inputs=[]), "StatementMismatch"),
    "inputs: repeated": (lambda: honest("tiny").changed(inputs=honest("tiny").inputs * 2), "StatementMismatch"),
    "inputs: truncated": (lambda: honest("tiny").changed(inputs=[honest("tiny").inputs[0][:-1]]), "WrongLength"),
    "inputs: trailing byte": (lambda: honest("tiny").changed(inputs=[honest("tiny").inputs[0] + b"\0"]), "WrongLength"),
    "inputs: identity": (lambda: honest("tiny").changed(inputs=[IDENTITY]), "IdentityPoint"),
    "inputs: not on the curve": (lambda: honest("tiny").changed(inputs=[OFF_CURVE]), "NotOnCurve"),
    "inputs: x too large": (lambda: honest("tiny").changed(inputs=[Q.to_bytes(32, "big")]), "NonCanonicalPoint"),
    "inputs and outputs swapped": (
        lambda: honest("tiny").changed(inputs=honest("tiny").outputs, outputs=honest("tiny").inputs),
        LINEAR,
    ),
    "outputs": (lambda: honest("tiny").changed(outputs=[OTHER]), LINEAR),
    "outputs: other parity": (
        lambda: honest("tiny").changed(outputs=[other_parity(honest("tiny").outputs[0])]),
        LINEAR,
    ),
    "outputs: dropped": (lambda: honest("tiny").changed(outputs=[]), "StatementMismatch"),
    "outputs: repeated": (lambda: honest("tiny").changed(outputs=honest("tiny").outputs * 2), "StatementMismatch"),
    "outputs: truncated": (lambda: honest("tiny").changed(outputs=[honest("tiny").outputs[0][:-1]]), "WrongLength"),
    "outputs: identity": (lambda: honest("tiny").changed(outputs=[IDENTITY]), "IdentityPoint"),
    "outputs: not on the curve": (lambda: honest("tiny").changed(outputs=[OFF_CURVE]), "NotOnCurve"),
}


def bumped(public: Mapping[int, list[int]], tensor: int, position: int) -> dict[int, list[int]]:
    own = {index: list(values) for index, values in public.items()}
    own[tensor][position] += 1
    return own


def with_byte(attempt: Attempt, at: int, value: int) -> Attempt:
    data = bytearray(attempt.key)
    data[at] = value
    return attempt.changed(key=bytes(data))


def with_row_length(attempt: Attempt, c: int) -> Attempt:
    return with_byte(attempt, 7, c)


def with_tau(attempt: Attempt, *, digest: bool = True) -> Attempt:
    """The key with the setup of another tau, 1, and with its digest or the old one."""
    data, other = attempt.key, encode_g2(G2)
    own = setup_digest(G2) if digest else data[11:43]
    return attempt.changed(key=data[:11] + own + other + data[43 + len(other) :])


def test_every_field_of_the_statement_changes() -> None:
    assert {name.split(":")[0] for name in CHANGES} >= set(STATEMENT)


@pytest.mark.parametrize("name", CHANGES)
def test_a_statement_that_changes(name: str) -> None:
    attempt, error = CHANGES[name]
    assert verdict(attempt()) == error
