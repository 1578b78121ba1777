"""A data key that is released opens for one enclave, at one assurance, under one policy, for one challenge."""

from __future__ import annotations

from typing import Any

import pytest

from zkseal._native import DataKey, HpkeKey
from zkseal.errors import DecryptionFailed, WrongLength
from zkseal.receipts import cbor
from zkseal.sealed import open_release, release_info, wrap_for_release
from zkseal.tee import Assurance

pytestmark = pytest.mark.native

CONTEXT: dict[str, Any] = {
    "assurance": Assurance.HARDWARE,
    "policy_digest": b"p" * 32,
    "nonce": b"n" * 32,
    "evidence_digest": b"e" * 32,
}
SALT = b"s" * 32


def test_a_released_key_is_the_key() -> None:
    key, enclave = DataKey.generate(), HpkeKey.generate()
    opened = open_release(enclave, wrap_for_release(key, enclave.public_key, **CONTEXT), **CONTEXT)
    assert opened.commitment(SALT) == key.commitment(SALT)


@pytest.mark.parametrize(
    "other",
    [
        *({"assurance": level} for level in Assurance if level != Assurance.HARDWARE),
        {"policy_digest": b"q" * 32},
        {"nonce": b"m" * 32},
        {"evidence_digest": b"f" * 32},
    ],
    ids=str,
)
def test_a_released_key_opens_in_its_context_only(other: dict[str, Any]) -> None:
    enclave = HpkeKey.generate()
    wrapped = wrap_for_release(DataKey.generate(), enclave.public_key, **CONTEXT)
    with pytest.raises(DecryptionFailed):
        open_release(enclave, wrapped, **{**CONTEXT, **other})


def test_a_released_key_opens_for_its_enclave_only() -> None:
    wrapped = wrap_for_release(DataKey.generate(), HpkeKey.generate().public_key, **CONTEXT)
    with pytest.raises(DecryptionFailed):
        open_release(HpkeKey.generate(), wrapped, **CONTEXT)


def test_the_context_is_written_once() -> None:
    expected = b"zkseal/key-release/v1" + cbor.dumps({"assurance": 4, "policy": b"p" * 32, "nonce": b"n" * 32})
    assert release_info(Assurance.HARDWARE, b"p" * 32, b"n" * 32) == expected


@pytest.mark.parametrize(("policy", "nonce"), [(b"", b"n" * 32), (b"p" * 32, b"n" * 16)])
def test_digests_and_nonces_have_32_bytes(policy: bytes, nonce: bytes) -> None:
    with pytest.raises(WrongLength):
        release_info(Assurance.HARDWARE, policy, nonce)
