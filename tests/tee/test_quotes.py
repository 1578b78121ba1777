"""PCR values beside a quote: only those that the TPM signed, each in its own place."""

from __future__ import annotations

import hashlib

import pytest
from tests.tee.quotes import SHA256_BANK, SHA384_BANK, attest_message, quote_of

from zkseal.errors import InvalidEncoding, SignatureRejected
from zkseal.tee import appraise_evidence, load_policy
from zkseal.tee.tpm_structures import decode_attest

pytestmark = pytest.mark.native

NONCE = b"\xab" * 32
NOW = 1_800_000_000
POLICY = load_policy("evidence-only")
GOLDEN, EVIL = (hashlib.sha256(text).digest() for text in (b"golden", b"evil"))
# PCR 16 can be reset and then extended to anything.
TRUE = (bytes(32), EVIL, GOLDEN)
CHOSEN = [(SHA256_BANK, (13, 14, 16))]


def test_values_that_were_signed_are_claims() -> None:
    result = appraise_evidence(quote_of(NONCE, CHOSEN, TRUE, TRUE), POLICY, now=NOW, nonce=NONCE)
    assert result.claims["pcrs"]["sha256.pcr14"] == EVIL.hex()


@pytest.mark.parametrize(
    "shown",
    [
        (TRUE[0] + TRUE[1], GOLDEN, b""),
        (b"", TRUE[0] + TRUE[1], GOLDEN),
        (TRUE[0] + EVIL[:31], EVIL[31:], GOLDEN),
        TRUE[:2],
        (*TRUE, b""),
        (),
    ],
)
def test_bytes_of_one_value_do_not_move_to_another(shown: tuple[bytes, ...]) -> None:
    """The digest is over the values without lengths: an attacker would give PCR 14 the value of PCR 16."""
    with pytest.raises(SignatureRejected) as caught:
        appraise_evidence(quote_of(NONCE, CHOSEN, TRUE, shown), POLICY, now=NOW, nonce=NONCE)
    assert caught.value.fields["check"] == "pcr-digest"


def test_banks_have_values_of_their_own_size() -> None:
    long = hashlib.sha384(b"x").digest()
    chosen = [(SHA256_BANK, (4,)), (SHA384_BANK, (4,))]
    result = appraise_evidence(quote_of(NONCE, chosen, (EVIL, long), (EVIL, long)), POLICY, now=NOW, nonce=NONCE)
    assert result.claims["pcrs"] == {"sha256.pcr4": EVIL.hex(), "sha384.pcr4": long.hex()}
    joined = EVIL + long
    with pytest.raises(SignatureRejected):
        appraise_evidence(
            quote_of(NONCE, chosen, (EVIL, long), (joined[:48], joined[48:])), POLICY, now=NOW, nonce=NONCE
        )


def test_the_digest_is_of_the_hash_that_was_signed_with() -> None:
    """Not of one that its length suggests."""
    with pytest.raises(SignatureRejected):
        appraise_evidence(quote_of(NONCE, CHOSEN, TRUE, TRUE, pcr_hash="sha384"), POLICY, now=NOW, nonce=NONCE)


@pytest.mark.parametrize("selection", [[(SHA256_BANK, (14,))] * 2, [(0x7777, (14,))]])
def test_a_bank_twice_and_an_unknown_bank_are_refused(selection: list[tuple[int, tuple[int, ...]]]) -> None:
    with pytest.raises(InvalidEncoding):
        decode_attest(attest_message(NONCE, selection, bytes(32)))
