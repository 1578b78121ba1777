"""What was cut, moved, mixed or changed is refused, by the error that fits, and nothing of it is given out."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.sealed import reference
from tests.sealed.examples import CHUNK, PARTS, REFERENCE_FIELDS, TERMS, Example

from zkseal._native import DataKey, HpkeKey, PublisherKey
from zkseal.errors import (
    AppraisalError,
    DecodeError,
    DecryptionFailed,
    InvalidEncoding,
    SignatureRejected,
    UnknownVersion,
    WrongFileKind,
    WrongKey,
    WrongLength,
)
from zkseal.sealed import SealedModel, seal
from zkseal.sealed.layout import PREFIX_BYTES, TAG_BYTES, Body

pytestmark = pytest.mark.native

WHOLE = CHUNK + TAG_BYTES
HEADER = PREFIX_BYTES
"""Where the header begins."""


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return Example.make(tmp_path_factory.mktemp("sealed") / "m.zks")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy.zks"


def spans(example: Example) -> Iterator[tuple[int, int]]:
    """First byte and length of every chunk in the file, the table's too."""
    layout = Body(example.header)
    for span in (*layout.sections, layout.table):
        for chunk in range(span.chunks):
            place = layout.place(span, chunk, 1)
            yield example.body_start + place.start, place.stop - place.start


def test_every_changed_byte_of_the_head_is_refused(example: Example, copy: Path) -> None:
    """Prefix, header, signature, stanzas. None of these changes leaves a model that can be read."""
    data = example.data
    for at in range(example.body_start):
        for bit in (0x01, 0x80):
            changed = bytearray(data)
            changed[at] ^= bit
            copy.write_bytes(changed)
            with pytest.raises((DecodeError, AppraisalError)):
                example.read_all(copy)


def test_every_changed_chunk_is_refused(example: Example, copy: Path) -> None:
    data, random = example.data, np.random.default_rng(1)
    for start, length in spans(example):
        for at in {0, length - TAG_BYTES, length - 1, *random.integers(0, length, 3).tolist()}:
            changed = bytearray(data)
            changed[start + at] ^= 1 << int(random.integers(8))
            copy.write_bytes(changed)
            with pytest.raises(DecryptionFailed):
                example.read_all(copy)


def test_a_file_that_is_cut_short_is_refused(example: Example, copy: Path) -> None:
    data, random = example.data, np.random.default_rng(2)
    ends = {start for start, _ in spans(example)} | {start + length - 1 for start, length in spans(example)}
    for end in {0, 1, HEADER - 1, HEADER, len(data) - 1, *ends, *random.integers(0, len(data), 40).tolist()}:
        copy.write_bytes(data[:end])
        with pytest.raises((WrongLength, WrongFileKind)):
            SealedModel.open(copy)


def test_a_file_with_a_tail_is_refused(example: Example, copy: Path) -> None:
    copy.write_bytes(example.data + b"\0")
    with pytest.raises(WrongLength):
        SealedModel.open(copy)


def test_chunks_that_change_places_are_refused(example: Example, copy: Path) -> None:
    """Two whole chunks of one section; the last one is shorter and cannot be swapped without a change of length."""
    data, start = example.data, example.body_start
    first, second = data[start : start + WHOLE], data[start + WHOLE : start + 2 * WHOLE]
    copy.write_bytes(data[:start] + second + first + data[start + 2 * WHOLE :])
    with pytest.raises(DecryptionFailed):
        example.read_all(copy)


def test_a_chunk_that_is_repeated_is_refused(example: Example, copy: Path) -> None:
    data, start = example.data, example.body_start
    copy.write_bytes(data[: start + WHOLE] + data[start : start + WHOLE] + data[start + 2 * WHOLE :])
    with pytest.raises(DecryptionFailed):
        example.read_all(copy)


def test_sections_that_change_places_are_refused(tmp_path: Path, copy: Path) -> None:
    """Equal lengths, so that only the cipher can tell."""
    example = Example.make(tmp_path / "m.zks", {"a": b"a" * 100, "b": b"b" * 100})
    data, start, length = example.data, example.body_start, 100 + TAG_BYTES
    copy.write_bytes(
        data[:start]
        + data[start + length : start + 2 * length]
        + data[start : start + length]
        + data[start + 2 * length :]
    )
    with pytest.raises(DecryptionFailed):
        example.read_all(copy)


def test_chunks_of_another_file_are_refused(tmp_path: Path, copy: Path) -> None:
    """The same model, publisher and recipient, sealed twice: nothing of one fits the other."""
    publisher, recipient = PublisherKey.generate(), HpkeKey.generate()
    paths = (tmp_path / "1.zks", tmp_path / "2.zks")
    headers = [seal(p, PARTS, TERMS, publisher, [recipient.public_key], chunk_bytes=CHUNK) for p in paths]
    first, second = (Example(p, publisher, recipient, h) for p, h in zip(paths, headers, strict=True))
    assert first.header.digest != second.header.digest
    start = first.body_start
    # The body, one chunk, the stanzas, the signature: each taken from the other file.
    stanzas = start - struct.unpack_from(">I", first.data, HEADER - 4)[0]
    for begin, end, error in (
        (start, len(first.data), DecryptionFailed),
        (start + WHOLE, start + 2 * WHOLE, DecryptionFailed),
        (stanzas, start, DecryptionFailed),
        (stanzas - 64, stanzas, SignatureRejected),
    ):
        copy.write_bytes(first.data[:begin] + second.data[begin:end] + first.data[end:])
        with pytest.raises(error):
            first.read_all(copy)


def test_another_data_key_is_refused_before_anything_is_decrypted(example: Example, copy: Path) -> None:
    """The commitment decides: even where no chunk is left to decrypt, the error is that of the key."""
    copy.write_bytes(example.data[: example.body_start] + bytes(len(example.data) - example.body_start))
    model = SealedModel.open(copy)
    with pytest.raises(WrongKey):
        model.unlock(DataKey.generate())
    with pytest.raises(DecryptionFailed):
        model.unlock(model.data_key(example.recipient))


def test_somebody_elses_key_is_refused(example: Example) -> None:
    with pytest.raises(WrongKey):
        SealedModel.open(example.path).data_key(HpkeKey.generate())


def test_a_stanza_for_another_recipient_does_not_open(example: Example, copy: Path) -> None:
    """The name of the recipient in a stanza is changed to one's own: the key in it is still for the other."""
    thief = HpkeKey.generate()
    copy.write_bytes(example.data.replace(example.recipient.public_key, thief.public_key))
    with pytest.raises(DecryptionFailed):
        SealedModel.open(copy).data_key(thief)


def test_another_publisher_is_refused(example: Example) -> None:
    with pytest.raises(SignatureRejected):
        SealedModel.open(example.path, publisher=PublisherKey.generate().public_key)


def test_a_header_signed_by_somebody_else_is_refused(example: Example, copy: Path) -> None:
    data = example.data
    at = data.index(example.header.to_cbor()) + len(example.header.to_cbor())
    forged = PublisherKey.generate().sign(b"zkseal/sealed-header/v1\0" + example.header.to_cbor())
    copy.write_bytes(data[:at] + forged + data[at + 64 :])
    with pytest.raises(SignatureRejected):
        SealedModel.open(copy)


@pytest.mark.parametrize(
    ("at", "form", "value", "error"),
    [
        (8, ">4s", b"PKEY", WrongFileKind),
        (12, ">H", 2, UnknownVersion),
        (14, ">I", 0xFFFF_FFFF, WrongLength),
        (18, ">I", 0xFFFF_FFFF, WrongLength),
        (14, ">I", 1 << 14, WrongLength),
        (18, ">I", 1 << 14, WrongLength),
        (14, ">I", 0, WrongLength),
        (18, ">I", 0, WrongLength),
    ],
)
def test_what_the_prefix_announces_is_bounded(
    at: int, form: str, value: object, error: type[Exception], example: Example, copy: Path
) -> None:
    data = bytearray(example.data)
    struct.pack_into(form, data, at, value)
    copy.write_bytes(data)
    with pytest.raises(error):
        SealedModel.open(copy)


@pytest.mark.parametrize(
    ("length", "error"), [(1 << 40, WrongLength), (1 << 41, WrongLength), (1 << 62, InvalidEncoding)]
)
def test_what_a_signed_header_announces_is_not_believed(length: int, error: type[Exception], copy: Path) -> None:
    """A publisher that lies about lengths: nothing is reserved for them before the file is known to be as long."""
    fields = {**REFERENCE_FIELDS, "sections": [["proving-key", length]]}
    publisher, recipient = PublisherKey.generate(), HpkeKey.generate()
    parts = {"proving-key": b"short"}
    copy.write_bytes(reference.write(parts, fields, publisher.to_bytes(), recipient.public_key, b"k" * 32, CHUNK))
    with pytest.raises(error):
        SealedModel.open(copy)
