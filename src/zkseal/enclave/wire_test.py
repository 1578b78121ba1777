"""Frames over a real socket, and errors that arrive as what they were."""

from __future__ import annotations

import socket
import threading

import pytest

from zkseal.enclave.wire import MAX_FRAME_BYTES, Wire, decode_error, encode_error
from zkseal.errors import (
    EnclaveStopped,
    InternalError,
    InvalidEncoding,
    RangeExceeded,
    WrongLength,
    error_classes,
)
from zkseal.receipts import cbor


def pair() -> tuple[Wire, socket.socket]:
    ours, theirs = socket.socketpair()
    return Wire(ours), theirs


def test_values_arrive() -> None:
    wire, theirs = pair()
    value = {"do": "infer", "request": bytes(1 << 20)}
    thread = threading.Thread(target=wire.send, args=(value,))
    thread.start()
    assert Wire(theirs).receive() == value
    thread.join()


def test_a_closed_end_is_said() -> None:
    wire, theirs = pair()
    theirs.close()
    with pytest.raises(EnclaveStopped):
        wire.receive()
    with pytest.raises(EnclaveStopped):
        wire.send({})


def test_a_frame_that_is_cut_is_an_end() -> None:
    wire, theirs = pair()
    theirs.sendall(b"\0\0\0\x0aabc")
    theirs.close()
    with pytest.raises(EnclaveStopped):
        wire.receive()


def test_an_end_that_does_not_answer_is_given_up() -> None:
    ours, _theirs = socket.socketpair()
    ours.settimeout(0.05)
    with pytest.raises(EnclaveStopped) as caught:
        Wire(ours).receive()
    assert "in time" in caught.value.reason


@pytest.mark.parametrize("data", [(MAX_FRAME_BYTES + 1).to_bytes(4, "big"), b"\0\0\0\1\xff", b"\0\0\0\2\0\0"])
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    wire, theirs = pair()
    theirs.sendall(data)
    with pytest.raises((WrongLength, InvalidEncoding)):
        wire.receive()


@pytest.mark.parametrize("answer", [{}, {"ok": 1, "error": {}}, [], {"error": {"code": "X"}}])
def test_an_answer_of_another_form_is_refused(answer: object) -> None:
    wire, theirs = pair()
    data = cbor.dumps(answer)
    theirs.sendall(len(data).to_bytes(4, "big") + data)
    with pytest.raises(InvalidEncoding):
        wire.ask({})


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
