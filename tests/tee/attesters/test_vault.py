"""Secrets sealed to PCRs: they come back on the same TPM in the same state, and only there."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from tests.tee.attesters.machines import manufacture, program, running

from zkseal.errors import DecodeError, DeviceRefused, MeasurementMismatch, WrongLength
from zkseal.receipts import cbor
from zkseal.tee.attesters import TpmVault
from zkseal.tee.attesters.tpm import TpmClient

SECRET = bytes(range(32))


def test_it_comes_back_while_the_pcrs_stay(tpm: str) -> None:
    vault = TpmVault(tpm, pcrs=[7, 14])
    sealed = vault.seal(SECRET)
    assert SECRET not in sealed
    assert [vault.unseal(sealed) for _ in range(5)] == [SECRET] * 5
    # swtpm talks to one at a time.
    with TpmClient.connect(tpm) as client:
        client.extend_pcr(15, b"\1" * 32)
    assert vault.unseal(sealed) == SECRET
    with TpmClient.connect(tpm) as client:
        client.extend_pcr(14, b"\1" * 32)
    for _ in range(5):
        with pytest.raises(MeasurementMismatch):
            vault.unseal(sealed)


def test_other_pcrs_than_those_that_count_open_nothing(tpm: str) -> None:
    sealed = cbor.loads(TpmVault(tpm, pcrs=[7, 14]).seal(SECRET), max_bytes=4096)
    with pytest.raises(MeasurementMismatch):
        TpmVault(tpm).unseal(cbor.dumps(sealed | {"pcrs": [7]}))


def test_another_tpm_cannot_open_it(tpm: str, tmp_path: Path) -> None:
    sealed = TpmVault(tpm).seal(SECRET)
    state = manufacture(tmp_path / "other", certified=False)
    with tempfile.TemporaryDirectory() as sockets, running(state, Path(sockets)) as other:
        vault = TpmVault(other)
        with pytest.raises(DeviceRefused):
            vault.unseal(sealed)


def test_every_changed_byte_is_refused(tpm: str) -> None:
    sealed = TpmVault(tpm, pcrs=[7]).seal(SECRET)
    for at in range(0, len(sealed), 3):
        changed = bytes(byte ^ (at == place) for place, byte in enumerate(sealed))
        with pytest.raises((DecodeError, DeviceRefused, MeasurementMismatch)):
            TpmVault(tpm).unseal(changed)


def test_the_tools_of_the_tcg_open_it(tpm: str, tmp_path: Path) -> None:
    """Their policy digest is the same, and so is their parent key once it has our template."""
    sealed = cbor.loads(TpmVault(tpm, pcrs=[7, 14]).seal(SECRET), max_bytes=4096)
    for name in ("private", "public"):
        content = sealed[name]
        (tmp_path / name).write_bytes(len(content).to_bytes(2, "big") + content)

    def tool(*arguments: str) -> bytes:
        command = [str(program("tpm2")), *arguments]
        environment = {"TPM2TOOLS_TCTI": tpm, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt"
    tool("createprimary", "-Q", "-C", "o", "-G", "ecc256:null:aes128cfb", "-a", attributes, "-c", "parent")
    tool("load", "-Q", "-C", "parent", "-u", "public", "-r", "private", "-c", "sealed")
    tool("flushcontext", "-t")
    assert tool("unseal", "-c", "sealed", "-p", "pcr:sha256:7,14") == SECRET


@pytest.mark.parametrize("size", [0, 129])
def test_a_tpm_seals_small_secrets(size: int) -> None:
    with pytest.raises(WrongLength):
        TpmVault("swtpm:path=/nowhere").seal(bytes(size))


@pytest.mark.parametrize(
    "sealed", [b"", b"\xa0", cbor.dumps({"tpm_sealed": 1, "pcrs": [24], "private": b"", "public": b""})]
)
def test_anything_else_is_no_sealed_secret(sealed: bytes) -> None:
    with pytest.raises(DecodeError):
        TpmVault("swtpm:path=/nowhere").unseal(sealed)
