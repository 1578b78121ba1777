"""The Rust core and the plain reference read what the other wrote."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhpke.exceptions import OpenError
from tests.sealed import reference
from tests.sealed.examples import CHUNK, PARTS, REFERENCE_FIELDS, Example

from zkseal._native import HpkeKey, PublisherKey, hpke_seal, hpke_seal_request
from zkseal.errors import DecryptionFailed
from zkseal.sealed import SealedModel

pytestmark = pytest.mark.native


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (0, "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26"),
        (1, "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b"),
        (1024, "75c46f6f3d9eb4f55ecaaee480db732e6c2105546f1e675003687c31719c7ba4"),
        (1025, "357dc55de0c7e382c900fd6e320acc04146be01db6a8ce7210b7189bd664ea69"),
    ],
)
def test_blake3_of_the_reference_is_that_of_the_published_vectors(length: int, expected: str) -> None:
    """test_vectors.json of the BLAKE3 team: bytes 0 .. 250 repeated, under this key."""
    data = bytes(index % 251 for index in range(length))
    assert reference.blake3_keyed(b"whats the Elvish word for friend", data).hex() == expected


def test_the_reference_reads_what_the_core_wrote(tmp_path: Path) -> None:
    example = Example.make(tmp_path / "m.zks")
    assert reference.read(example.data, example.recipient.to_bytes()) == PARTS


def test_the_core_reads_what_the_reference_wrote(tmp_path: Path) -> None:
    publisher, recipient = PublisherKey.generate(), HpkeKey.generate()
    path, key = tmp_path / "m.zks", b"k" * 32
    path.write_bytes(reference.write(PARTS, REFERENCE_FIELDS, publisher.to_bytes(), recipient.public_key, key, CHUNK))
    model = SealedModel.open(path, publisher=publisher.public_key)
    unlocked = model.unlock(model.data_key(recipient))
    assert {name: unlocked.read(name) for name in unlocked.sections} == PARTS


def test_a_file_of_format_1_is_read_for_ever() -> None:
    """Written once by the reference, with fixed keys. A change that makes this fail needs a new format version."""
    model = SealedModel.open(
        Path(__file__).parent / "format-1.zks", publisher=PublisherKey.from_bytes(b"P" * 32).public_key
    )
    assert model.header.digest.hex() == "329f0fe0c76bf4d184e098e53ddfe5f6ecdb3bcfe03df0f83a65e3189e4837c1"
    unlocked = model.unlock(model.data_key(HpkeKey.from_bytes(b"R" * 32)))
    assert {name: unlocked.read(name) for name in unlocked.sections} == PARTS


# Lengths around the ends of chunks, and of the table of leaves (32 leaves fill a chunk of 1 KiB).
LENGTHS = st.one_of(
    st.integers(0, 3 * CHUNK),
    st.builds(lambda chunks, off: chunks * CHUNK + off, st.integers(1, 4), st.integers(-1, 1)),
    st.builds(lambda chunks, off: chunks * CHUNK + off, st.just(32), st.integers(-1, 1)),
)


@settings(max_examples=12, deadline=None)
@given(lengths=st.lists(LENGTHS, min_size=1, max_size=2), seed=st.integers(0, 255))
def test_both_agree_at_every_length(lengths: list[int], seed: int) -> None:
    parts = {f"part-{at}": bytes((seed + at + n * 7) % 256 for n in range(length)) for at, length in enumerate(lengths)}
    with TemporaryDirectory() as folder:
        example = Example.make(Path(folder) / "m.zks", parts)
        assert reference.read(example.data, example.recipient.to_bytes()) == parts
        assert example.read_all() == parts


def test_the_reference_refuses_a_chunk_elsewhere(tmp_path: Path) -> None:
    example = Example.make(tmp_path / "m.zks")
    data, start, whole = example.data, example.body_start, CHUNK + 16
    swapped = data[:start] + data[start + whole : start + 2 * whole] + data[start : start + whole]
    with pytest.raises(InvalidTag):
        reference.read(swapped + data[start + 2 * whole :], example.recipient.to_bytes())


# HPKE, against pyhpke. ----------------------------------------------------------------------------------------------


def test_pyhpke_opens_what_the_core_sealed() -> None:
    private = X25519PrivateKey.generate()
    sealed = hpke_seal(private.public_key().public_bytes_raw(), b"info", b"aad", b"message")
    key = reference.SUITE.kem.deserialize_private_key(private.private_bytes_raw())
    assert (
        reference.SUITE.create_recipient_context(sealed[:32], key, info=b"info").open(sealed[32:], b"aad") == b"message"
    )
    with pytest.raises(OpenError):
        reference.SUITE.create_recipient_context(sealed[:32], key, info=b"other").open(sealed[32:], b"aad")


def test_the_core_opens_what_pyhpke_sealed() -> None:
    key = HpkeKey.generate()
    public = reference.SUITE.kem.deserialize_public_key(key.public_key)
    encapsulated, sender = reference.SUITE.create_sender_context(public, info=b"info")
    sealed = encapsulated + sender.seal(b"message", b"aad")
    assert key.open(sealed, b"info", b"aad") == b"message"
    with pytest.raises(DecryptionFailed):
        key.open(sealed, b"info", b"other")


def test_a_response_is_that_of_rfc_9458() -> None:
    """Section 4.4 with our label: the key for the response comes from the exported secret and both nonces."""
    key = HpkeKey.generate()
    request, _ = hpke_seal_request(key.public_key, b"info", b"aad", b"request")
    response = key.open_request(request, b"info", b"aad")[1].seal(b"response")
    private = reference.SUITE.kem.deserialize_private_key(key.to_bytes())
    context = reference.SUITE.create_recipient_context(request[:32], private, info=b"info")
    secret, salt = context.export(b"zkseal/response/v1", 32), request[:32] + response[:32]
    derive = {
        label: reference.HKDF(reference.SHA256(), length, salt, label).derive(secret)
        for label, length in ((b"key", 32), (b"nonce", 12))
    }
    assert reference.AESGCM(derive[b"key"]).decrypt(derive[b"nonce"], response[32:], None) == b"response"
