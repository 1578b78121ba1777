"""Whatever a TPM answers, or something in its place: a typed error, or a value of the right form."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkseal.errors import DecodeError, DeviceRefused
from zkseal.tee.attesters.tpm import TpmClient
from zkseal.tee.attesters.tpm.client import ATTEMPTS, RH_OWNER


@dataclass
class Wire:
    """Another end of the wire, that gives prepared answers and then the last one again."""

    answers: list[bytes]
    name: str = "test"
    commands: list[bytes] = field(default_factory=list)

    def send(self, command: bytes) -> bytes:
        """The next answer."""
        self.commands.append(command)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def close(self) -> None:
        """Nothing."""


def answer(code: int, body: bytes = b"") -> bytes:
    """An answer without sessions."""
    return b"\x80\x01" + (10 + len(body)).to_bytes(4, "big") + code.to_bytes(4, "big") + body


ASKED: list[Callable[[TpmClient], Any]] = [
    lambda client: client.read_pcrs([0, 7]),
    lambda client: client.nv_public(0x01C00002),
    lambda client: client.nv_read(0x01C00002, 4),
    lambda client: client.attestation_key().__enter__(),
    lambda client: client.primary(RH_OWNER, b"").__enter__(),
]


@pytest.mark.parametrize("ask", ASKED)
@given(body=st.binary(max_size=80))
def test_rubbish_is_a_typed_error(ask: Callable[[TpmClient], Any], body: bytes) -> None:
    for sent in (body, answer(0, body)):
        with suppress(DecodeError, DeviceRefused):
            ask(TpmClient(Wire([sent])))


@pytest.mark.parametrize("busy", [0x908, 0x90A, 0x922])
def test_a_busy_tpm_is_asked_again_and_not_for_ever(busy: int) -> None:
    wire = Wire([answer(busy), answer(busy), answer(0x18B)])
    assert TpmClient(wire).nv_public(0x01C00002) is None
    assert len(wire.commands) == 3
    assert len(set(wire.commands)) == 1
    wire = Wire([answer(busy)])
    with pytest.raises(DeviceRefused):
        TpmClient(wire).nv_public(0x01C00002)
    assert len(wire.commands) == ATTEMPTS


def test_an_answer_with_fewer_pcrs_than_asked_for_is_refused() -> None:
    selected = bytes.fromhex("00000001000b03010000")
    with pytest.raises(DeviceRefused):
        TpmClient(Wire([answer(0, bytes(4) + selected + (0).to_bytes(4, "big"))])).read_pcrs([0])
