"""A virtual machine with a TPM, booted by firmware that measures: QEMU (emulating), OVMF, swtpm, Debian's kernel."""

from __future__ import annotations

import base64
import binascii
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.tee.attesters.machines import DEBIAN, ROOT, program

from zkseal.tee import Endorsements, Evidence, Platform, read_evidence

__all__ = ["PCRS", "Boot", "boot", "require_packages"]

# Firmware, its configuration, boot loader, secure boot; 9 is kernel command line and initrd. tpm2-tools take eight.
PCRS = (0, 1, 2, 3, 4, 5, 7, 9)
LOGS = ROOT / "out" / "measured-boot"
FIRMWARE = DEBIAN / "root" / "usr" / "share" / "OVMF"
BOOT_TIMEOUT_S = 240
MEMORY_MIB = 512

_REQUIRED = ("ak.der", "quote", "signature", "pcrs", "ek.der", "sealed.public", "sealed.private", "event_log", "log")


def require_packages() -> None:
    """Fails in continuous integration, and elsewhere says how to get what is missing."""
    if (DEBIAN / ".boot").exists():
        return
    message = "QEMU, OVMF, swtpm and a kernel are not there: run `make test-measured-boot`, which fetches them"
    if os.environ.get("CI") and not os.environ.get("ZKSEAL_WITHOUT_DEBIAN"):
        pytest.fail(message)
    pytest.skip(message)


@dataclass(frozen=True)
class Boot:
    """What a machine said of itself.

    Attributes:
        evidence: its quote, with PCRs, event log, key, and the certificate of its TPM.
        sealed: a key sealed to PCRs, in two parts.
        key_id: tells whether two keys are the same; None if the TPM did not hand out the key.
        log: of the commands inside.
        seconds: from start to end.
    """

    evidence: Evidence
    sealed: tuple[bytes, bytes]
    key_id: str | None
    log: str
    seconds: float


def boot(
    name: str,
    tpm_state: Path,
    initrd: bytes,
    command_line: str,
    extra_data: bytes,
    sealed: tuple[bytes, bytes] | None = None,
) -> Boot:
    """Boots a machine, gives it a job, and reads its answer. Its console is kept in out/measured-boot/."""
    LOGS.mkdir(parents=True, exist_ok=True)
    console = LOGS / f"{name}.console.log"
    console.unlink(missing_ok=True)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="zkseal-") as folder, _software_tpm(tpm_state, Path(folder)) as control:
        work = Path(folder)
        (work / "initrd").write_bytes(initrd)
        command = _qemu(work, control, console, command_line)
        with (LOGS / f"{name}.qemu.log").open("wb") as messages:
            machine = subprocess.Popen(command, stdout=messages, stderr=messages)
            try:
                answer = _converse(machine, work / "job", _job(extra_data, sealed), console)
                # The TPM writes its state when the machine is gone.
                machine.wait(60)
            finally:
                machine.kill()
                machine.wait()
    (LOGS / f"{name}.guest.log").write_bytes(answer["log"])
    key_id = answer.get("key_id")
    return Boot(
        evidence=_evidence(answer),
        sealed=(answer["sealed.public"], answer["sealed.private"]),
        key_id=key_id.decode().strip() if key_id else None,
        log=answer["log"].decode(),
        seconds=time.monotonic() - start,
    )


def _qemu(work: Path, control: Path, console: Path, command_line: str) -> list[str]:
    variables = work / "variables"
    shutil.copyfile(FIRMWARE / "OVMF_VARS_4M.fd", variables)
    command: list[str | Path] = [program("qemu-system-x86_64"), "-machine", "q35,accel=tcg", "-cpu", "max"]
    command += ["-m", str(MEMORY_MIB), "-display", "none", "-nodefaults", "-nic", "none", "-no-reboot"]
    command += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={FIRMWARE / 'OVMF_CODE_4M.fd'}"]
    command += ["-drive", f"if=pflash,format=raw,unit=1,file={variables}"]
    command += ["-chardev", f"socket,id=tpm,path={control}", "-tpmdev", "emulator,id=tpm0,chardev=tpm"]
    command += ["-device", "tpm-crb,tpmdev=tpm0"]
    command += ["-serial", f"file:{console}", "-serial", f"unix:{work / 'job'},server=on,wait=off"]
    command += ["-kernel", DEBIAN / "vmlinuz", "-initrd", work / "initrd", "-append", command_line]
    return [str(part) for part in command]


@contextmanager
def _software_tpm(state: Path, work: Path) -> Iterator[Path]:
    """swtpm for one machine; it ends when the machine does. Gives its control socket."""
    control = work / "tpm"
    command = [program("swtpm"), "socket", "--tpm2", "--tpmstate", f"dir={state}", "--terminate"]
    command += ["--ctrl", f"type=unixio,path={control}"]
    tpm = subprocess.Popen([str(part) for part in command])
    try:
        _await(tpm, control, "swtpm")
        yield control
        tpm.wait(30)
    finally:
        tpm.kill()
        tpm.wait()


def _await(process: subprocess.Popen[bytes], path: Path, name: str) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None, f"{name} ended with {process.returncode}; see {LOGS}"
        assert time.monotonic() < deadline, f"{name} does not listen after 30 s; see {LOGS}"
        time.sleep(0.05)


def _job(extra_data: bytes, sealed: tuple[bytes, bytes] | None) -> bytes:
    parts = [base64.b64encode(part).decode() for part in sealed] if sealed else ["-", "-"]
    return " ".join([extra_data.hex(), "sha256:" + ",".join(map(str, PCRS)), *parts]).encode() + b"\n"


def _converse(machine: subprocess.Popen[bytes], port: Path, job: bytes, console: Path) -> dict[str, bytes]:
    """Sends the job when the machine is ready, and collects the lines of its answer."""
    _await(machine, port, "QEMU")
    answer: dict[str, bytes] = {}
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(BOOT_TIMEOUT_S)
        line.connect(str(port))
        with line.makefile("rwb") as stream:
            try:
                # The firmware uses the port as a terminal first.
                while not (text := stream.readline()).endswith(b"ready\n"):
                    assert text, f"the machine ended before it was ready:\n{_tail(console)}"
                stream.write(job)
                stream.flush()
                for text in iter(stream.readline, b"end\n"):
                    assert text, f"the machine ended in the middle of its answer:\n{_tail(console)}"
                    name, _, content = text.decode("ascii", "replace").rstrip("\n").partition(" ")
                    answer[name] = base64.b64decode(content, validate=True)
            except (TimeoutError, binascii.Error) as error:
                raise AssertionError(f"the machine did not answer ({error}):\n{_tail(console)}") from error
    missing = [name for name in _REQUIRED if name not in answer]
    assert not missing, (
        f"the machine sent no {', '.join(missing)}:\n{answer.get('log', b'').decode()}\n{_tail(console)}"
    )
    return answer


def _tail(console: Path) -> str:
    text = console.read_text(errors="replace") if console.exists() else "it said nothing"
    return "\n".join(text.splitlines()[-30:])


def _evidence(answer: dict[str, bytes]) -> Evidence:
    others = [answer[name] for name in ("signature", "pcrs", "ek.der", "event_log")]
    found = read_evidence(answer["quote"], others, platform=Platform.TPM).endorsements
    endorsements = Endorsements(
        certificates=found.certificates,
        public_key=answer["ak.der"],
        signature=found.signature,
        pcrs=found.pcrs,
        event_log=found.event_log,
    )
    return Evidence(Platform.TPM, answer["quote"], endorsements)
