"""Four boots of one machine: two alike, one with another command line, one with another program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.measured_boot.initrd import build_initrd
from tests.measured_boot.machine import Boot, boot, require_packages
from tests.tee.attesters.machines import manufacture

from zkseal.tee import Assurance, RuntimeData

COMMAND_LINE = "console=ttyS0 quiet"
OTHER_COMMAND_LINE = "console=ttyS0 quiet lockdown=none"


@dataclass(frozen=True)
class Boots:
    """What the machines said, by what was changed; `runtime` is what each was asked to bind."""

    first: Boot
    again: Boot
    other_line: Boot
    other_program: Boot
    runtime: dict[str, RuntimeData]
    initrd: bytes


def runtime_data(nonce: bytes) -> RuntimeData:
    """As an enclave in the machine would make it."""
    return RuntimeData(
        ceiling=Assurance.VTPM_DEV,
        hpke_public_key=b"\1" * 32,
        signing_public_key=b"\2" * 33,
        model_digest=b"\3" * 32,
        zk_model_commitment=b"\4" * 32,
        policy_digest=b"\5" * 32,
        boot_epoch=b"\6" * 16,
        nonce=nonce * 32,
    )


@pytest.fixture(scope="session")
def boots(tmp_path_factory: pytest.TempPathFactory) -> Boots:
    """Boots them one after the other: they are one machine, with one TPM."""
    require_packages()
    state: Path = manufacture(tmp_path_factory.mktemp("machine") / "tpm", certified=True)
    initrd = build_initrd()
    runtime = {name: runtime_data(name[:1].encode()) for name in ("first", "again", "line", "program")}
    bound = {name: data.qualifying_data() for name, data in runtime.items()}
    first = boot("first", state, initrd, COMMAND_LINE, bound["first"])
    again = boot("again", state, initrd, COMMAND_LINE, bound["again"], first.sealed)
    line = boot("other-line", state, initrd, OTHER_COMMAND_LINE, bound["line"], first.sealed)
    changed = build_initrd(b"# another program\n")
    program = boot("other-program", state, changed, COMMAND_LINE, bound["program"], first.sealed)
    return Boots(first, again, line, program, runtime, initrd)
