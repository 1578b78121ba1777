"""Keys of the core, against other libraries."""

from __future__ import annotations

import hashlib
import pickle

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from eth_keys.datatypes import PublicKey, Signature

from zkseal._native import (
    DataKey,
    FileKey,
    HpkeKey,
    PublisherKey,
    ResponseOpener,
    ResponseSealer,
    SigningKey,
    TreeKey,
    ed25519_verify,
    es256k_verify,
    hpke_seal,
    hpke_seal_request,
)
from zkseal.errors import DecryptionFailed, InvalidEncoding, SignatureRejected, WrongInput, WrongLength

pytestmark = pytest.mark.native

ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


def test_es256k_is_that_of_cryptography() -> None:
    key, other = SigningKey.generate(), ec.generate_private_key(ec.SECP256K1())
    signature = key.sign(b"message")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), key.public_key)
    public.verify(encode_dss_signature(r, s), b"message", ec.ECDSA(SHA256()))
    assert s <= ORDER // 2
    r, s = decode_dss_signature(other.sign(b"message", ec.ECDSA(SHA256())))
    low = r.to_bytes(32, "big") + min(s, ORDER - s).to_bytes(32, "big")
    high = r.to_bytes(32, "big") + max(s, ORDER - s).to_bytes(32, "big")
    numbers = other.public_key().public_numbers()
    encoded = bytes([2 + numbers.y % 2]) + numbers.x.to_bytes(32, "big")
    es256k_verify(encoded, b"message", low)
    with pytest.raises(SignatureRejected):
        es256k_verify(encoded, b"message", high)


def test_a_signature_is_the_same_every_time() -> None:
    key = SigningKey.generate()
    assert key.sign(b"message") == key.sign(b"message")


def test_a_contract_recovers_the_address() -> None:
    key, digest = SigningKey.generate(), hashlib.sha256(b"answer").digest()
    signature = key.sign_digest(digest)
    assert signature[64] in (27, 28)
    recovered = Signature(signature[:64] + bytes([signature[64] - 27])).recover_public_key_from_msg_hash(digest)
    assert recovered.to_canonical_address() == key.address
    assert PublicKey.from_compressed_bytes(key.public_key) == recovered


@pytest.mark.parametrize(
    ("public_key", "error"),
    [
        (b"", WrongLength),
        (bytes(33), InvalidEncoding),
        (b"\x05" + bytes(32), InvalidEncoding),
        (bytes(65), WrongLength),
    ],
)
def test_what_is_no_compressed_point_is_refused(public_key: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        es256k_verify(public_key, b"message", bytes(64))


def test_a_digest_has_32_bytes() -> None:
    with pytest.raises(WrongLength):
        SigningKey.generate().sign_digest(b"short")


def test_ed25519_is_that_of_cryptography() -> None:
    key = PublisherKey.generate()
    public = Ed25519PublicKey.from_public_bytes(key.public_key)
    public.verify(key.sign(b"message"), b"message")
    with pytest.raises(InvalidSignature):
        public.verify(key.sign(b"message"), b"massage")
    with pytest.raises(SignatureRejected):
        ed25519_verify(key.public_key, b"massage", key.sign(b"message"))
    assert PublisherKey.from_bytes(key.to_bytes()).public_key == key.public_key


@pytest.mark.parametrize(
    ("cls", "members"),
    [
        (SigningKey, {"generate", "public_key", "address", "sign", "sign_digest"}),
        (DataKey, {"generate", "seal_to", "commitment", "check", "tree", "file_key"}),
        (TreeKey, {"leaves", "root"}),
        (FileKey, {"seal", "open"}),
        (ResponseSealer, {"seal"}),
        (ResponseOpener, {"open"}),
    ],
)
def test_nothing_reads_out_a_key(cls: type, members: set[str]) -> None:
    """A new member has to be thought about: none of these gives the key, and none can be pickled."""
    assert {name for name in dir(cls) if not name.startswith("_")} == members
    if "generate" in members:
        with pytest.raises(TypeError):
            pickle.dumps(cls.generate())  # type: ignore[attr-defined]


def test_a_message_is_wrong_in_every_bit_or_right() -> None:
    key = HpkeKey.generate()
    sealed = hpke_seal(key.public_key, b"info", b"aad", b"message")
    for at in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[at // 8] ^= 1 << at % 8
        # The top bit of an X25519 coordinate is ignored when it is read (RFC 7748), and bound by the key schedule.
        with pytest.raises(DecryptionFailed):
            key.open(bytes(changed), b"info", b"aad")


def test_there_is_one_response_to_a_request() -> None:
    key = HpkeKey.generate()
    sealed, opener = hpke_seal_request(key.public_key, b"info", b"aad", b"request")
    request, sealer = key.open_request(sealed, b"info", b"aad")
    assert request == b"request"
    response = sealer.seal(b"response")
    with pytest.raises(WrongInput):
        sealer.seal(b"another")
    with pytest.raises(DecryptionFailed):
        opener.open(response[:-1])
    assert opener.open(response) == b"response"
    with pytest.raises(WrongInput):
        opener.open(response)
