"""Encodings of requests and responses: one for each, and nothing else is read."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal.enclave.messages import AnswerMode, Envelope, Request, Response, encode_failure, request_info
from zkseal.errors import DecodeError, InvalidEncoding, RangeExceeded
from zkseal.proving import ColumnOpening, Opening
from zkseal.proving.plain_arrays import array_from_plain, arrays_to_plain
from zkseal.receipts import Side, Statement, ZkEvidence, cbor
from zkseal.tee import Assurance, RuntimeData

REQUEST = Request({"x": np.arange(6, dtype=np.float32).reshape(1, 6)}, bytes(32), b"c", AnswerMode.ZK_IN_TEE, b"key")
OPENING = Opening(bytes(32), ColumnOpening({3: np.arange(4, dtype=np.int8)}, bytes(32)), None, b"powers")
RESPONSE = Response(
    b"cose",
    Statement(bytes(32), Side({}, (bytes(32),)), Side.of({1: np.arange(3)}), b"c"),
    OPENING,
    {"y": np.asarray([[0.5, np.inf]])},
    bytes(32),
    ZkEvidence(b"proof"),
)


def runtime(**changes: object) -> RuntimeData:
    values = {
        "ceiling": Assurance.SANDBOX,
        "hpke_public_key": bytes(32),
        "signing_public_key": bytes(33),
        "model_digest": bytes(32),
        "zk_model_commitment": bytes(32),
        "policy_digest": bytes(32),
        "boot_epoch": bytes(16),
        "nonce": bytes(32),
    }
    return RuntimeData(**(values | changes))  # type: ignore[arg-type]


def test_a_request_comes_back() -> None:
    read = Request.from_cbor(REQUEST.to_cbor())
    assert (read.context, read.mode, read.nonce, read.client) == (b"c", AnswerMode.ZK_IN_TEE, bytes(32), b"key")
    assert np.array_equal(read.inputs["x"], REQUEST.inputs["x"])
    assert read.inputs["x"].dtype == np.float32


def test_a_response_comes_back() -> None:
    read = Response.from_cbor(RESPONSE.to_cbor())
    assert (read.answer, read.statement, read.proof) == (b"cose", RESPONSE.statement, ZkEvidence(b"proof"))
    assert np.array_equal(read.outputs["y"], RESPONSE.outputs["y"])
    assert read.to_cbor() == RESPONSE.to_cbor()


def test_a_failure_is_raised() -> None:
    with pytest.raises(RangeExceeded):
        Response.from_cbor(encode_failure(RangeExceeded("too large", tensor="x", value=3.5, lo=0.0, hi=1.0)))


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "zk"},
        {"nonce": bytes(31)},
        {"client": bytes(65)},
        {"context": bytes(65537)},
        {"more": 1},
        {"inputs": {"x": {"type": "object", "shape": [1], "data": bytes(8)}}},
        {"inputs": {"x": {"type": "int64", "shape": [2], "data": bytes(8)}}},
        {"inputs": {"x": {"type": "int64", "shape": [-1], "data": b""}}},
        {"inputs": {"x": {"type": "int8", "shape": [True], "data": b"\0"}}},
        {"inputs": {"x": {"type": "int8", "shape": [1] * 9, "data": b"\0"}}},
    ],
    ids=str,
)
def test_another_request_is_refused(change: dict[str, object]) -> None:
    plain = cbor.loads(REQUEST.to_cbor(), max_bytes=1 << 20)
    with pytest.raises(InvalidEncoding):
        Request.from_cbor(cbor.dumps(plain | change))


@pytest.mark.parametrize("data", [b"", b"\xa0", Envelope(bytes(31), b"").to_cbor(), cbor.dumps({"request": 2})])
def test_what_is_no_envelope_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        Envelope.from_cbor(data)


@pytest.mark.parametrize("size", range(0, len(RESPONSE.to_cbor()), 13))
def test_a_cut_response_is_refused(size: int) -> None:
    with pytest.raises(DecodeError):
        Response.from_cbor(RESPONSE.to_cbor()[:size])


@pytest.mark.parametrize(
    "change", [{"ceiling": Assurance.HARDWARE}, {"nonce": bytes([1]) * 32}, {"boot_epoch": bytes([1]) * 16}], ids=str
)
def test_a_request_is_bound_to_one_start_and_one_assurance(change: dict[str, object]) -> None:
    assert request_info(runtime(**change)) != request_info(runtime())


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int32", "int64", "float32", "float64", ">f4"])
def test_arrays_come_back(dtype: str) -> None:
    array = np.asarray([[0, 1, 1], [1, 0, 0]], np.dtype(dtype))
    read = array_from_plain(arrays_to_plain({"a": array})["a"])
    assert np.array_equal(read, array)
    assert read.flags.writeable


def test_secrets_are_not_shown() -> None:
    assert "key" not in repr(REQUEST)
    assert "powers" not in repr(RESPONSE)
