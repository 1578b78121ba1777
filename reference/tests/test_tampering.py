"""Every element of a proof, statement and key: changed, dropped, swapped, truncated: rejected with a named error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.conformance.slow_prover import Proved

from zkseal_reference import ProtocolError, VerifyingKey
from zkseal_reference.curve import Q, encode_compressed, encode_uncompressed
from zkseal_reference.errors import (
    IdentityPoint,
    InvalidEncoding,
    InvalidParameters,
    InvalidRelation,
    LinearClaimRejected,
    ModelProofRejected,
    NonCanonicalPoint,
    NonCanonicalScalar,
    NotOnCurve,
    OpeningRejected,
    StatementMismatch,
    UnknownVersion,
    WrongLength,
)
from zkseal_reference.field import P, encode_scalar
from zkseal_reference.generators import SETUP_DIGEST, generator
from zkseal_reference.keccak import keccak256
from zkseal_reference.pairing import G2, encode_g2

from .cases import case, check, element_kinds
from .points import OUTSIDE_G2

OTHER_POINT = encode_compressed(generator(b"other"))
IDENTITY = encode_compressed(None)
OFF_CURVE = (4).to_bytes(32, "big")  # 4^3 + 3 = 67 is no square in F_q


def elements(proof: bytes) -> list[bytes]:
    return [proof[at : at + 32] for at in range(0, len(proof), 32)]


def with_element(proved: Proved, index: int, element: bytes) -> Proved:
    parts = elements(proved.proof)
    parts[index] = element
    return replace(proved, proof=b"".join(parts))


KINDS = {scheme: element_kinds(case("tiny", scheme).key.layout) for scheme in ("tree-ipa", "helper2-kzg")}
ELEMENTS = [(scheme, index) for scheme, kinds in KINDS.items() for index in range(len(kinds))]


def test_the_kinds_cover_the_proof() -> None:
    for scheme, count in (("tree-ipa", 98), ("helper2-kzg", 79)):
        assert len(KINDS[scheme]) == len(elements(case("tiny", scheme).proved.proof)) == count


@pytest.mark.parametrize(("scheme", "index"), ELEMENTS)
def test_a_changed_element_is_rejected(scheme: str, index: int) -> None:
    found, kinds = case("tiny", scheme), KINDS[scheme]
    old = elements(found.proved.proof)[index]
    new = encode_scalar(int.from_bytes(old, "big") + 1) if kinds[index] == "scalar" else OTHER_POINT
    opening = index >= kinds.index("point") - 1  # from the blinding s on
    with pytest.raises(OpeningRejected if opening else LinearClaimRejected):
        check(found, with_element(found.proved, index, new))


@pytest.mark.parametrize(("scheme", "index"), ELEMENTS[::3])
def test_a_non_canonical_element_is_refused(scheme: str, index: int) -> None:
    found = case("tiny", scheme)
    old = int.from_bytes(elements(found.proved.proof)[index], "big")
    if KINDS[scheme][index] == "scalar":
        with pytest.raises(NonCanonicalScalar):
            check(found, with_element(found.proved, index, P.to_bytes(32, "big")))
        return
    with pytest.raises(NonCanonicalPoint):
        check(found, with_element(found.proved, index, Q.to_bytes(32, "big")))
    with pytest.raises(NonCanonicalPoint):
        check(found, with_element(found.proved, index, (old | 1 << 254).to_bytes(32, "big")))
    with pytest.raises(NotOnCurve):
        check(found, with_element(found.proved, index, OFF_CURVE))


@pytest.mark.parametrize(("scheme", "index"), [(s, i) for s, i in ELEMENTS if KINDS[s][i] != "scalar"])
def test_the_identity_is_refused_but_in_the_opening(scheme: str, index: int) -> None:
    found = case("tiny", scheme)
    with pytest.raises(OpeningRejected if KINDS[scheme][index] == "point" else IdentityPoint):
        check(found, with_element(found.proved, index, IDENTITY))


@pytest.mark.parametrize("scheme", KINDS)
@pytest.mark.parametrize("change", [lambda p: p[:-1], lambda p: p + b"\0", lambda p: b"", lambda p: p[32:]])
def test_a_proof_of_another_length_is_refused(change: Callable[[bytes], bytes], scheme: str) -> None:
    proved = case("tiny", scheme).proved
    with pytest.raises(WrongLength):
        check(case("tiny", scheme), replace(proved, proof=change(proved.proof)))


@pytest.mark.parametrize(("a", "b"), [(0, 1), (2, 3), (10, 11), (30, 31), (60, 61), (84, 85), (95, 96)])
def test_swapped_elements_are_rejected(a: int, b: int) -> None:
    parts = elements(case("tiny").proved.proof)
    parts[a], parts[b] = parts[b], parts[a]
    with pytest.raises(ProtocolError):
        check(case("tiny"), replace(case("tiny").proved, proof=b"".join(parts)))


# Statement


def test_another_context_is_rejected() -> None:
    with pytest.raises(LinearClaimRejected):
        check(case("tiny"), case("tiny").proved, context=b"a context\0")


@pytest.mark.parametrize("field", ["input_commitments", "output_commitments"])
@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda points: [OTHER_POINT], LinearClaimRejected),
        (lambda points: [IDENTITY], IdentityPoint),
        (lambda points: [], StatementMismatch),
        (lambda points: points * 2, StatementMismatch),
        (lambda points: [points[0][:31]], WrongLength),
        (lambda points: [OFF_CURVE], NotOnCurve),
        (lambda points: [b"\xff" * 32], NonCanonicalPoint),
    ],
)
def test_changed_commitments_are_rejected(
    field: str, change: Callable[[list[bytes]], list[bytes]], error: type[Exception]
) -> None:
    proved = case("tiny").proved
    fields: dict[str, Any] = {field: change(getattr(proved, field))}
    with pytest.raises(error):
        check(case("tiny"), replace(proved, **fields))


def test_input_and_output_commitments_are_not_interchangeable() -> None:
    proved = case("tiny").proved
    swapped = replace(proved, input_commitments=proved.output_commitments, output_commitments=proved.input_commitments)
    with pytest.raises(LinearClaimRejected):
        check(case("tiny"), swapped)


@pytest.mark.parametrize("tensor", [0, 2])
def test_a_changed_public_value_is_rejected(tensor: int) -> None:
    found = case("embedding")
    public = found.public
    public[tensor][1] += 1
    with pytest.raises(LinearClaimRejected):
        check(found, found.proved, public=public)


@pytest.mark.parametrize(
    "public",
    [
        {},
        {0: [5, 0, 5]},
        {0: [5, 0], 2: [0] * 6},
        {0: [5, 0, 6], 2: [0] * 6},
        {0: [5, 0, -1], 2: [0] * 6},
        {0: [5, 0, 5], 2: [64] * 6},
        {0: [5, 0, 5], 2: [0] * 6, 1: [0] * 12},
        {0: [5, 0, 5.0], 2: [0] * 6},
        {0: [5, 0, True], 2: [0] * 6},
    ],
)
def test_public_values_that_do_not_fit_are_refused(public: dict[int, list[int]]) -> None:
    with pytest.raises(StatementMismatch):
        check(case("embedding"), case("embedding").proved, public=public)


# Keys


def key_with(**fields: Any) -> bytes:
    return replace(case("tiny").key, **fields).encode()


def test_a_proof_of_another_model_is_rejected() -> None:
    key = replace(case("tiny").key, model_commitments=(generator(b"other"),))
    with pytest.raises(LinearClaimRejected):
        check(replace(case("tiny"), key=key), case("tiny").proved)


def test_a_model_proof_is_bound_to_its_model() -> None:
    with pytest.raises(ModelProofRejected):
        VerifyingKey.decode(key_with(model_commitments=(generator(b"other"),)))
    proof = case("tiny").key.model_proof
    with pytest.raises(ModelProofRejected):
        VerifyingKey.decode(key_with(model_proof=proof[:-1]))
    with pytest.raises(ModelProofRejected):
        VerifyingKey.decode(key_with(model_proof=b""))
    with pytest.raises(ModelProofRejected):
        VerifyingKey.decode(key_with(model_proof=case("tiny").proved.proof))


def test_a_key_can_be_read_without_its_model_proof() -> None:
    key = VerifyingKey.decode(key_with(model_proof=b""), check_model_proof=False)
    assert key.model_id == case("tiny").key.model_id


DATA = case("tiny").key.encode()
RELATION_AT = 4 + 2 + 37
MODEL_AT = RELATION_AT + 4 + len(case("tiny").key.relation_bytes)


def patched(at: int, new: bytes) -> bytes:
    return DATA[:at] + new + DATA[at + len(new) :]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", WrongLength),
        (patched(0, b"ZKSR"), InvalidEncoding),
        (patched(4, b"\0\2"), UnknownVersion),
        (patched(6, b"\2"), UnknownVersion),
        (patched(7, b"\3"), InvalidParameters),
        (patched(7, b"\5"), InvalidParameters),
        (patched(7, b"\x11"), InvalidParameters),
        (patched(8, b"\2"), InvalidParameters),
        (patched(9, b"\2"), InvalidParameters),
        (patched(9, b"\0"), InvalidParameters),
        (patched(8, b"\1\0"), InvalidParameters),
        (patched(8, b"\1\x09"), InvalidParameters),
        (patched(10, b"\1"), InvalidEncoding),  # no tau*G2 follows
        (patched(10, b"\2"), InvalidParameters),
        (patched(11, bytes(32)), InvalidParameters),
        (patched(RELATION_AT, b"\xff\xff\xff\xff"), WrongLength),
        (patched(RELATION_AT + 4, b"ZKVK"), InvalidRelation),
        (patched(RELATION_AT + 8, b"\0\2"), UnknownVersion),
        (patched(MODEL_AT, b"\0\0\0\2"), InvalidEncoding),
        (patched(MODEL_AT, b"\0\0\0\0"), InvalidEncoding),
        (patched(MODEL_AT + 4, bytes(64)), IdentityPoint),
        (patched(MODEL_AT + 4, Q.to_bytes(32, "big")), NonCanonicalPoint),
        (patched(MODEL_AT + 4, (1).to_bytes(32, "big") * 2), NotOnCurve),
        (patched(MODEL_AT + 68, b"\0\0\0\1"), InvalidEncoding),
        (DATA[:-1], WrongLength),
        (DATA + b"\0", WrongLength),
    ],
)
def test_a_damaged_key_is_refused(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        VerifyingKey.decode(data, check_model_proof=False)


def test_the_argument_of_a_key_is_bound_by_its_model_proof() -> None:
    """Both arguments have a layout, and the same commitments."""
    other = patched(8, b"\1")
    VerifyingKey.decode(other, check_model_proof=False)
    with pytest.raises(ModelProofRejected):
        VerifyingKey.decode(other)


SHORT = case("tiny", "helper2-kzg").key
SHORT_DATA = SHORT.encode()
TAU_AT = 4 + 2 + 37


def with_tau(tau_g2: bytes, digest: bytes | None = None) -> bytes:
    """Another tau*G2, with the digest that it has or another."""
    own = keccak256(b"zkseal kzg setup v1" + tau_g2) if digest is None else digest
    return SHORT_DATA[:11] + own + tau_g2 + SHORT_DATA[TAU_AT + 128 :]


def coordinates(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(32, "big") for number in numbers)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (with_tau(encode_g2(G2)), ModelProofRejected),
        (with_tau(encode_g2(G2), SHORT.parameters.setup_digest), InvalidParameters),
        (with_tau(SHORT_DATA[TAU_AT : TAU_AT + 128], SETUP_DIGEST), InvalidParameters),
        (with_tau(bytes(128)), InvalidEncoding),
        (with_tau(coordinates(Q, 1, 1, 1)), InvalidEncoding),
        (with_tau(coordinates(1, 1, 1, Q)), InvalidEncoding),
        (with_tau(coordinates(1, 1, 1, 1)), InvalidEncoding),
        (with_tau(OUTSIDE_G2), InvalidEncoding),
        (SHORT_DATA[: TAU_AT + 127], WrongLength),
        (SHORT_DATA[:TAU_AT] + SHORT_DATA[TAU_AT + 128 :], InvalidEncoding),
        (DATA[:TAU_AT] + encode_g2(G2) + DATA[TAU_AT:], WrongLength),
    ],
)
def test_a_damaged_setup_is_refused(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        VerifyingKey.decode(data)


def test_a_kzg_key_survives_its_bytes() -> None:
    decoded = VerifyingKey.decode(SHORT_DATA)
    assert decoded.encode() == SHORT_DATA
    assert decoded.tau_g2 == SHORT.tau_g2
    check(replace(case("tiny", "helper2-kzg"), key=decoded), case("tiny", "helper2-kzg").proved)


def test_a_table_commitment_may_be_the_identity() -> None:
    key = replace(case("tables").key, table_commitments=(None,))
    assert VerifyingKey.decode(key.encode(), check_model_proof=False).table_commitments == (None,)
    assert encode_uncompressed(None) == bytes(64)


def test_a_model_proof_without_model_is_refused() -> None:
    with pytest.raises(InvalidEncoding):
        VerifyingKey.decode(replace(case("rows").key, model_proof=b"\0").encode())


def test_every_truncation_of_a_key_is_a_named_error() -> None:
    for length in range(0, len(DATA), 37):
        with pytest.raises(ProtocolError):
            VerifyingKey.decode(DATA[:length])
