"""Errors arrive in another process as what they were."""

from __future__ import annotations

import pytest

from zkseal.errors import InternalError, RangeExceeded, error_classes
from zkseal.plain_errors import decode_error, encode_error
from zkseal.receipts import cbor


@pytest.mark.parametrize("kind", list(error_classes()), ids=lambda kind: kind.code)
def test_errors_arrive_as_what_they_were(kind: type) -> None:
    error = decode_error(
        cbor.loads(cbor.dumps(encode_error(kind("said", place="there", at=[1, b"\1"]))), max_bytes=999)
    )
    assert type(error) is kind
    assert (error.message, error.fields) == ("said", {"place": "there", "at": [1, "01"]})


def test_numbers_of_an_error_travel() -> None:
    error = decode_error(encode_error(RangeExceeded("x", tensor="x", value=1.5, lo=-2, hi=1 << 80)))
    assert error.fields == {"tensor": "x", "value": "1.5", "lo": -2, "hi": str(1 << 80)}


def test_the_text_of_other_exceptions_stays_inside() -> None:
    error = decode_error(encode_error(ValueError("secret weights")))
    assert isinstance(error, InternalError)
    assert "secret" not in str(error.to_dict())


def test_an_unknown_code_is_an_internal_error() -> None:
    assert type(decode_error({"code": "Newer", "message": "m", "fields": {}})) is InternalError
