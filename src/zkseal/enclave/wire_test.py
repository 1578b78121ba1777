"""Frames over a real socket."""

from __future__ import annotations

import socket
import threading

import pytest

from zkseal.enclave.wire import MAX_FRAME_BYTES, Wire
from zkseal.errors import EnclaveStopped, InvalidEncoding, WrongLength
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
