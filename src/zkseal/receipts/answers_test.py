"""Signed answers: one encoding, two kinds that cannot be taken for each other, and the form of COSE."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from typing import Any

import cbor2
import pytest

from zkseal.errors import DecodeError, SignatureRejected, WrongLength
from zkseal.receipts import AnswerClaims, cbor, read_answer, sign_answer
from zkseal.receipts.answers import DEV_MEDIA_TYPE, FIRST, MEDIA_TYPE

CLAIMS = AnswerClaims(
    statement_digest=b"\x01" * 32,
    runtime_digest=b"\x02" * 32,
    request_digest=b"\x03" * 32,
    boot_epoch=b"\x04" * 16,
    sequence=7,
    previous=FIRST,
    issued_at=1_800_000_000,
    proof_digest=None,
)


def fake(message: bytes) -> bytes:
    """No signature: 64 bytes that depend on the message."""
    return hashlib.sha512(message).digest()


@pytest.mark.parametrize("development", [False, True])
@pytest.mark.parametrize("claims", [CLAIMS, replace(CLAIMS, proof_digest=b"\x05" * 32, sequence=2**40)])
def test_answers_survive_their_encoding(claims: AnswerClaims, development: bool) -> None:
    data = sign_answer(claims, fake, development=development)
    found = read_answer(data, development=development)
    assert (found.claims, found.development) == (claims, development)
    assert found.signature == fake(found.signed_part)


@pytest.mark.parametrize(("development", "media_type"), [(False, MEDIA_TYPE), (True, DEV_MEDIA_TYPE)])
def test_the_form_is_that_of_cose(development: bool, media_type: str) -> None:
    """cbor2 reads it as RFC 9052 says: tag 18, ES256K, and the Sig_structure is what was signed."""
    seen: list[bytes] = []

    def sign(message: bytes) -> bytes:
        seen.append(message)
        return bytes(64)

    message = cbor2.loads(sign_answer(CLAIMS, sign, development=development))
    assert message.tag == 18
    protected, unprotected, payload, signature = message.value
    assert cbor2.loads(protected) == {1: -47, 3: media_type}
    assert (unprotected, signature) == ({}, bytes(64))
    assert cbor2.loads(payload)["statement_digest"] == CLAIMS.statement_digest
    kind, covered, external, signed = cbor2.loads(seen[0])
    assert (kind, covered, signed) == ("Signature1", protected, payload)
    assert external == (b"zkseal/answer-dev/v1" if development else b"zkseal/answer/v1")


def test_kinds_are_not_taken_for_each_other() -> None:
    for development in (False, True):
        data = sign_answer(CLAIMS, fake, development=development)
        with pytest.raises(DecodeError):
            read_answer(data, development=not development)


def test_every_changed_byte_is_refused_or_changes_what_is_signed() -> None:
    data = sign_answer(CLAIMS, fake, development=False)
    for offset in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[offset] ^= 1 << bit
            try:
                found = read_answer(bytes(changed), development=False)
            except DecodeError:
                continue
            assert found.signature != fake(found.signed_part)


@pytest.mark.parametrize("cut", [0, 1, 5, 100])
def test_cut_and_extended_messages_are_refused(cut: int) -> None:
    data = sign_answer(CLAIMS, fake, development=False)
    with pytest.raises(DecodeError):
        read_answer(data[:cut], development=False)
    with pytest.raises(DecodeError):
        read_answer(data + b"\0", development=False)
    with pytest.raises(WrongLength):
        read_answer(data + bytes(2000), development=False)


CHANGES: dict[str, Any] = {
    "version": {"answer": 2},
    "version of another type": {"answer": True},
    "negative sequence": {"sequence": -1},
    "sequence as text": {"sequence": "7"},
    "time as a boolean": {"issued_at": True},
    "short digest": {"statement_digest": b"\x01" * 31},
    "digest as text": {"request_digest": "3" * 32},
    "short proof digest": {"proof_digest": b""},
    "proof digest as text": {"proof_digest": "5" * 32},
    "unknown entry": {"more": 1},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_other_claims_are_refused(change: dict[str, Any]) -> None:
    plain = {"answer": 1} | {f.name: getattr(CLAIMS, f.name) for f in fields(CLAIMS)}
    with pytest.raises(DecodeError):
        AnswerClaims.from_cbor(cbor.dumps(plain | change))


def test_a_signer_of_another_kind_is_refused() -> None:
    with pytest.raises(WrongLength):
        sign_answer(CLAIMS, lambda message: b"short", development=False)


@pytest.mark.native
def test_es256k_signs_and_every_other_message_is_refused() -> None:
    from zkseal import _native

    key = _native.SigningKey.generate()
    found = read_answer(sign_answer(CLAIMS, key.sign, development=True), development=True)
    _native.es256k_verify(key.public_key, found.signed_part, found.signature)
    with pytest.raises(SignatureRejected):
        _native.es256k_verify(key.public_key, found.signed_part + b"\0", found.signature)
