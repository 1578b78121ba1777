"""Answers never get out of step with questions: an enclave that could give one to the wrong question is killed."""

from __future__ import annotations

from typing import Any

import pytest
from tests.enclave.worlds import World

from zkseal.enclave import EnclaveHost, wire
from zkseal.enclave.wire import Wire
from zkseal.errors import DecodeError, DecryptionFailed, EnclaveStopped, InvalidEncoding, WrongLength

pytestmark = pytest.mark.native


@pytest.fixture
def started(world: World) -> Any:
    with EnclaveHost(world.sealed) as host:
        yield host


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (InvalidEncoding("no CBOR"), EnclaveStopped),
        (WrongLength("a frame too long"), EnclaveStopped),
        (MemoryError(), MemoryError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_a_question_without_an_answer_ends_the_enclave(
    started: EnclaveHost, monkeypatch: pytest.MonkeyPatch, failure: BaseException, told: type[BaseException]
) -> None:
    """The real answer is still on its way when the host gives up reading."""

    def fails(self: Wire) -> Any:
        raise failure

    with monkeypatch.context() as patched:
        patched.setattr(Wire, "receive", fails)
        with pytest.raises(told):
            started.attest(bytes(32))
    assert started.described["status"] == "stopped"
    with pytest.raises(EnclaveStopped):
        started.attest(b"\x01" * 32)
    started.start()
    assert started.attest(b"\x02" * 32).runtime_data.nonce == b"\x02" * 32


@pytest.mark.parametrize("answer", [{"ok": 1, "error": {}}, {"error": {"code": "X"}}, [], {"error": {"code": 1}}])
def test_an_answer_of_another_form_ends_the_enclave(
    started: EnclaveHost, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    monkeypatch.setattr(Wire, "receive", lambda self: answer)
    with pytest.raises(EnclaveStopped):
        started.attest(bytes(32))
    assert started.described["status"] == "stopped"


def test_errors_that_it_answers_with_do_not_end_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.enclave() as host:
        for request in (b"", b"\xa0"):
            with pytest.raises((DecodeError, DecryptionFailed)):
                host.infer(request)
        # Nor does a question that was never sent.
        monkeypatch.setattr(wire, "MAX_FRAME_BYTES", 1 << 16)
        with pytest.raises(WrongLength):
            host.infer(bytes(1 << 17))
        assert host.described["status"] == "ready"
        assert host.attest(b"\x03" * 32).runtime_data.nonce == b"\x03" * 32
