"""A software TPM for tests: swtpm from Debian's packages, with certificates of its own authority or without."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DEBIAN = ROOT / ".venv-debian"


def program(name: str) -> Path:
    """A program of `scripts/debian_packages`, or of the system. Missing, it fails in continuous integration."""
    ours = DEBIAN / "bin" / name
    if ours.exists():
        return ours
    if found := shutil.which(name):
        return Path(found)
    message = f"{name} is not there: run `make test-measured-boot`, or scripts/debian_packages tpm"
    if os.environ.get("CI") and not os.environ.get("ZKSEAL_WITHOUT_DEBIAN"):
        pytest.fail(message)
    pytest.skip(message)


def manufacture(folder: Path, *, certified: bool) -> Path:
    """State of a new TPM, with certificates of an swtpm-localca if `certified`."""
    state = folder / "state"
    state.mkdir(parents=True)
    # Without setup swtpm makes a TPM by itself, with every bank on.
    authority = folder / "authority"
    authority.mkdir()
    (folder / "setup.conf").write_text(
        f"create_certs_tool={program('swtpm_localca')}\n"
        f"create_certs_tool_config={folder}/ca.conf\ncreate_certs_tool_options={folder}/ca.options\n"
    )
    (folder / "ca.conf").write_text(
        f"statedir = {authority}\nsigningkey = {authority}/key.pem\n"
        f"issuercert = {authority}/certificate.pem\ncertserial = {authority}/serial\n"
    )
    (folder / "ca.options").write_text("--platform-manufacturer zkseal\n--platform-version 1\n--platform-model test\n")
    command = [program("swtpm_setup"), "--tpm2", "--tpmstate", state, "--pcr-banks", "sha256", "--config"]
    command += [folder / "setup.conf", "--tpm", f"{program('swtpm')} socket", "--log", folder / "setup.log"]
    command += ["--create-ek-cert", "--lock-nvram"] if certified else []
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return state


@contextmanager
def running(state: Path, sockets: Path) -> Iterator[str]:
    """swtpm over `state`; gives its TCTI. The socket's path has to be short."""
    path = sockets / "tpm"
    # Of a TPM before this one.
    path.unlink(missing_ok=True)
    command = [
        program("swtpm"),
        "socket",
        "--tpm2",
        "--tpmstate",
        f"dir={state}",
        "--server",
        f"type=unixio,path={path}",
    ]
    command += ["--ctrl", f"type=unixio,path={sockets / 'tpm.ctrl'}", "--flags", "not-need-init,startup-clear"]
    started = subprocess.Popen([str(part) for part in command], stderr=subprocess.PIPE)
    try:
        for _ in range(200):
            if path.exists():
                break
            assert started.poll() is None, started.stderr.read().decode() if started.stderr else ""
            time.sleep(0.05)
        yield f"swtpm:path={path}"
    finally:
        started.terminate()
        started.wait(10)
        if started.stderr:
            started.stderr.close()
