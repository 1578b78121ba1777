"""The counter of a TPM goes up, its proof holds for one nonce, and no writable index passes for it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from tests.tee.attesters.machines import manufacture, running

from zkseal.errors import DeviceRefused, MeasurementMismatch, NonceMismatch, SignatureRejected
from zkseal.tee.attesters import TpmCounter
from zkseal.tee.attesters.tpm import TpmClient
from zkseal.tee.attesters.tpm.counter import INDEX, SIZE, verify_counter

pytestmark = pytest.mark.native

# Owner and everybody with the (empty) password may write and read: an index that holds whatever it is told.
WRITABLE = 0x2 | 0x20000 | 0x02000000


def test_it_counts_and_stays_over_restarts(tmp_path: Path) -> None:
    state = manufacture(tmp_path / "tpm", certified=False)
    values = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as sockets, running(state, Path(sockets)) as tcti:
            counter = TpmCounter(tcti)
            values += [counter.value(), counter.increment()]
    assert values[0] is None
    assert values[1] == values[2]
    assert values[3] == values[1] + 1  # type: ignore[operator]


def test_made_again_it_does_not_go_back(tpm: str) -> None:
    counter = TpmCounter(tpm)
    first = [counter.increment() for _ in range(3)]
    with TpmClient.connect(tpm) as client:
        client.nv_undefine(INDEX)
    assert counter.value() is None
    assert counter.increment() > first[-1]


def test_its_proof_holds_for_its_nonce_and_key(tpm: str) -> None:
    counter = TpmCounter(tpm)
    count = counter.increment()
    proof = counter.prove(b"n")
    key = proof.public_key
    assert verify_counter(proof, public_key=key, nonce=b"n") == count
    with pytest.raises(NonceMismatch):
        verify_counter(proof, public_key=key, nonce=b"m")
    with pytest.raises(MeasurementMismatch):
        verify_counter(proof, public_key=key, nonce=b"n", index=INDEX + 1)
    for at in range(len(proof.message)):
        changed = bytes(byte ^ (at == place) for place, byte in enumerate(proof.message))
        with pytest.raises(SignatureRejected):
            verify_counter(replace(proof, message=changed), public_key=key, nonce=b"n")


def test_a_writable_index_is_no_counter(tpm: str) -> None:
    with TpmClient.connect(tpm) as client:
        client.nv_define(INDEX, WRITABLE, SIZE)
        client.nv_write(INDEX, (9).to_bytes(SIZE, "big"))
    with pytest.raises(DeviceRefused):
        TpmCounter(tpm).value()
    proof = TpmCounter(tpm).prove(b"n")
    with pytest.raises(MeasurementMismatch):
        verify_counter(proof, public_key=proof.public_key, nonce=b"n")
