"""There is one encoding of each header, and no header that the format does not have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.sealed.examples import Example

from zkseal._native import DataKey, HpkeKey, PublisherKey
from zkseal.errors import (
    DecryptionFailed,
    InvalidEncoding,
    PolicyDenied,
    RolledBack,
    SignatureRejected,
    UnknownVersion,
    WrongLength,
)
from zkseal.receipts import cbor
from zkseal.sealed import SealedHeader, Section, require_not_revoked, require_version
from zkseal.sealed.stanzas import data_key_for, decode_stanzas, encode_stanzas, seal_to
from zkseal.tee import Assurance

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def header(tmp_path_factory: pytest.TempPathFactory) -> SealedHeader:
    return Example.make(tmp_path_factory.mktemp("sealed") / "m.zks").header


def changed(header: SealedHeader, **fields: Any) -> bytes:
    plain = cbor.loads(header.to_cbor(), max_bytes=1 << 14)
    return cbor.dumps({**plain, **{name.replace("_", " "): value for name, value in fields.items()}})


def test_a_header_is_restored(header: SealedHeader) -> None:
    assert SealedHeader.from_cbor(header.to_cbor()) == header


@pytest.mark.parametrize("field", ["format", "suite"])
def test_another_format_or_suite_is_unknown(field: str, header: SealedHeader) -> None:
    with pytest.raises(UnknownVersion):
        SealedHeader.from_cbor(changed(header, **{field: "zkseal/sealed/v2"}))


@pytest.mark.parametrize(
    "fields",
    [
        {"version": 0},
        {"version": -1},
        {"version": True},
        {"version": 1 << 63},
        {"chunk": 0},
        {"chunk": 1000},
        {"chunk": 1 << 25},
        {"salt": b""},
        {"root": b"r" * 31},
        {"key_commitment": b"k" * 33},
        {"policy": "text"},
        {"zk_model": None},
        {"publisher": b"p"},
        {"name": ""},
        {"name": " credit"},
        {"name": "two\nlines"},
        {"name": "n" * 257},
        {"licence": "two\nlines"},
        {"assurance": 5},
        {"assurance": -1},
        {"assurance": True},
        {"created": -1},
        {"sections": []},
        {"sections": [["a", 1], ["a", 2]]},
        {"sections": [["A", 1]]},
        {"sections": [["../a", 1]]},
        {"sections": [["a", -1]]},
        {"sections": [["a", True]]},
        {"sections": [["a", 1, 2]]},
        {"sections": [["a", (1 << 63) - 1]]},
        {"sections": [[f"s{number}", 1] for number in range(17)]},
        {"another_key": 1},
    ],
)
def test_a_field_out_of_bounds_is_refused(fields: dict[str, Any], header: SealedHeader) -> None:
    with pytest.raises(InvalidEncoding):
        SealedHeader.from_cbor(changed(header, **fields))


def test_a_missing_field_is_refused(header: SealedHeader) -> None:
    plain = cbor.loads(header.to_cbor(), max_bytes=1 << 14)
    for name in plain.keys() - {"format", "suite"}:
        with pytest.raises(InvalidEncoding):
            SealedHeader.from_cbor(cbor.dumps({key: value for key, value in plain.items() if key != name}))


def test_a_header_that_is_no_map_is_refused() -> None:
    with pytest.raises(InvalidEncoding):
        SealedHeader.from_cbor(cbor.dumps(["zkseal/sealed/v1"]))


def test_a_publisher_signs_its_own_headers_only(header: SealedHeader) -> None:
    with pytest.raises(SignatureRejected):
        header.sign(PublisherKey.generate())


def test_every_field_is_part_of_the_digest(header: SealedHeader) -> None:
    others = [
        replace(header, name="other"),
        replace(header, version=4),
        replace(header, minimum_assurance=Assurance.SANDBOX),
        replace(header, policy_digest=b"q" * 32),
        replace(header, zk_model_commitment=b"y" * 32),
        replace(header, licence=""),
        replace(header, sections=(*header.sections, Section("more", 0))),
    ]
    assert len({header.digest, *(other.digest for other in others)}) == len(others) + 1


def test_a_version_below_the_least_is_rolled_back(header: SealedHeader) -> None:
    require_version(header, 3)
    with pytest.raises(RolledBack) as caught:
        require_version(header, 4)
    assert (caught.value.check, caught.value.expected, caught.value.got) == ("model_version", 4, 3)


def test_a_revoked_header_is_refused(header: SealedHeader) -> None:
    require_not_revoked(header, {b"another"})
    with pytest.raises(PolicyDenied) as caught:
        require_not_revoked(header, {header.digest})
    assert caught.value.check == "model_revocation"


# Stanzas. -----------------------------------------------------------------------------------------------------------


def test_stanzas_are_restored_and_open_for_each_recipient(header: SealedHeader) -> None:
    key, recipients = DataKey.generate(), [HpkeKey.generate() for _ in range(3)]
    stanzas = seal_to(header, key, [recipient.public_key for recipient in recipients])
    assert decode_stanzas(encode_stanzas(stanzas)) == stanzas
    for recipient in recipients:
        opened = data_key_for(header, stanzas, recipient)
        assert opened.commitment(header.salt) == key.commitment(header.salt)


def test_a_stanza_is_bound_to_its_header(header: SealedHeader) -> None:
    key, recipient = DataKey.generate(), HpkeKey.generate()
    stanzas = seal_to(header, key, [recipient.public_key])
    with pytest.raises(DecryptionFailed):
        data_key_for(replace(header, minimum_assurance=Assurance.SANDBOX), stanzas, recipient)


@pytest.mark.parametrize("count", [0, 65])
def test_there_are_some_recipients_and_not_too_many(count: int, header: SealedHeader) -> None:
    with pytest.raises(InvalidEncoding):
        seal_to(header, DataKey.generate(), [HpkeKey.generate().public_key for _ in range(count)])


def test_two_stanzas_for_one_recipient_are_refused(header: SealedHeader) -> None:
    public = HpkeKey.generate().public_key
    with pytest.raises(InvalidEncoding):
        seal_to(header, DataKey.generate(), [public, public])
    (stanza,) = seal_to(header, DataKey.generate(), [public])
    with pytest.raises(InvalidEncoding):
        decode_stanzas(encode_stanzas([stanza, stanza]))


def test_a_recipient_is_a_point(header: SealedHeader) -> None:
    with pytest.raises(InvalidEncoding):
        seal_to(header, DataKey.generate(), [bytes(32)])
    with pytest.raises(WrongLength):
        seal_to(header, DataKey.generate(), [bytes(31)])


@pytest.mark.parametrize(
    ("stanza", "error"),
    [
        ({"type": "tpm-dev", "blob": b""}, UnknownVersion),
        ({"type": "hpke", "to": bytes(31), "key": bytes(80)}, InvalidEncoding),
        ({"type": "hpke", "to": bytes(32), "key": bytes(81)}, InvalidEncoding),
        ({"type": "hpke", "to": bytes(32), "key": bytes(80), "more": 1}, InvalidEncoding),
        ({"to": bytes(32), "key": bytes(80)}, InvalidEncoding),
        (7, InvalidEncoding),
    ],
)
def test_another_stanza_is_refused(stanza: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        decode_stanzas(cbor.dumps([stanza]))


@pytest.mark.parametrize("stanzas", [[], {}, 7])
def test_stanzas_are_a_list_with_something_in_it(stanzas: object) -> None:
    with pytest.raises(InvalidEncoding):
        decode_stanzas(cbor.dumps(stanzas))
