"""Four boots of one machine: two alike, one with another command line, one with another program."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.measured_boot.initrd import build_initrd
from tests.measured_boot.machine import Boot, boot, require_packages
from tests.measured_boot.world import Release
from tests.tee.attesters.machines import manufacture

from zkseal.tee import RuntimeData

COMMAND_LINE = "console=ttyS0 quiet"
OTHER_COMMAND_LINE = "console=ttyS0 quiet lockdown=none"


@dataclass(frozen=True)
class Boots:
    """What the machines said, and what each but the first was asked to bind.

    Attributes:
        first: the reference, by which the policy is made.
        again: booted as the first.
        release: the broker and the enclave that asks it.
        initrd: of all but `other_program`.
    """

    first: Boot
    again: Boot
    other_line: Boot
    other_program: Boot
    runtime: dict[str, RuntimeData]
    release: Release
    initrd: bytes


@pytest.fixture(scope="session")
def boots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boots]:
    """Boots them one after the other: they are one machine, with one TPM."""
    require_packages()
    folder = tmp_path_factory.mktemp("measured-boot")
    state: Path = manufacture(folder / "tpm", certified=True)
    initrd, changed = build_initrd(), build_initrd(b"# another program\n")
    first = boot("first", state, initrd, COMMAND_LINE, hashlib.sha256(b"reference").digest())
    release = Release(folder, first)
    runtime = {name: release.challenged() for name in ("again", "other-line", "other-program")}

    def booted(name: str, archive: bytes, command_line: str) -> Boot:
        return boot(name, state, archive, command_line, runtime[name].qualifying_data(), first.sealed)

    yield Boots(
        first=first,
        again=booted("again", initrd, COMMAND_LINE),
        other_line=booted("other-line", initrd, OTHER_COMMAND_LINE),
        other_program=booted("other-program", changed, COMMAND_LINE),
        runtime=runtime,
        release=release,
        initrd=initrd,
    )
    release.broker.close()
