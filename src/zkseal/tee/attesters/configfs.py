"""TDX quotes and SEV-SNP reports by Linux's configfs-tsm: one interface for both, from kernel 6.7 on.

A report is a folder that the caller makes: it writes 64 bytes to `inblob` and reads `outblob`. Others may write to the
same folder, so `generation`, which counts writes, has to have moved by our one write only.

Sources: Linux, Documentation/ABI/testing/configfs-tsm-report and drivers/virt/coco/tsm.c; for `auxblob` of SEV-SNP the
GHCB specification 56421, 4.1.8.1 (table of certificates).
"""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from zkseal.errors import DeviceRefused, FileUnavailable, InvalidEncoding, WrongLength
from zkseal.tee.evidence import Endorsements, Evidence
from zkseal.tee.result import Assurance, Platform
from zkseal.tee.runtime_data import RuntimeData

__all__ = ["ConfigfsTsmAttester", "snp_endorsements"]

BASE = Path("/sys/kernel/config/tsm/report")
REPORT_DATA_BYTES = 64
PROVIDERS = {"tdx_guest": Platform.TDX, "sev_guest": Platform.SNP}

# Kinds of entries in the host's table of certificates.
_VCEK = uuid.UUID("63da758d-e664-4564-adc5-f4b93be8accd").bytes
_VLEK = uuid.UUID("a8074bc2-a25a-483e-aae6-39c045a0b8a1").bytes
_CRL = uuid.UUID("92f81bc3-5811-4d3d-97ff-d19f88dc67ea").bytes
_ENTRY = 24


class ConfigfsTsmAttester:
    """TDX and SEV-SNP. Which of them this machine is, the kernel says (`provider`).

    Args:
        base: the folder of reports.
        mkdir: makes a report; the kernel puts its attributes into the new folder.
        rmdir: removes it, with its attributes.
    """

    assurance_ceiling: ClassVar[Assurance] = Assurance.HARDWARE
    status: ClassVar[str] = "not run on hardware"

    def __init__(
        self,
        base: Path = BASE,
        *,
        mkdir: Callable[[Path], None] = os.mkdir,
        rmdir: Callable[[Path], None] = os.rmdir,
    ) -> None:
        self._base, self._mkdir, self._rmdir = base, mkdir, rmdir

    @property
    def platform(self) -> Platform:
        """TDX or SNP; asks the kernel. Raises as `attest`."""
        with self._entry() as entry:
            return self._provider(entry)

    def attest(self, runtime_data: RuntimeData) -> Evidence:
        """A quote or report over `report_data`, with the certificates that the host offers."""
        return self.evidence_over(runtime_data.report_data())

    def evidence_over(self, bound: bytes) -> Evidence:
        """A quote or report over other bytes, filled with zeros to 64.

        Raises:
            FileUnavailable: no such interface here, or no right to use it.
            DeviceRefused: another provider, or somebody else wrote to our report.
            InvalidEncoding: the host's table of certificates is malformed.
            WrongLength: more than 64 bytes.
        """
        if len(bound) > REPORT_DATA_BYTES:
            text = f"Reports carry {REPORT_DATA_BYTES} bytes, not {len(bound)}."
            raise WrongLength(text, expected=REPORT_DATA_BYTES, got=len(bound))
        with self._entry() as entry:
            platform = self._provider(entry)
            before = self._generation(entry)
            self._write(entry / "inblob", bound.ljust(REPORT_DATA_BYTES, b"\0"))
            # Certificates first: the kernel makes both with one request, and the report is what has to be checked last.
            auxiliary = self._read(entry / "auxblob") if platform is Platform.SNP else b""
            payload = self._read(entry / "outblob")
            if self._generation(entry) != before + 1:
                raise self._refused("somebody else wrote to the report; nothing of it is used")
        if not payload:
            raise self._refused("it made an empty report")
        return Evidence(platform, payload, snp_endorsements(auxiliary) if auxiliary else Endorsements())

    @contextmanager
    def _entry(self) -> Iterator[Path]:
        """A report of our own, removed afterwards."""
        entry = self._base / f"zkseal-{secrets.token_hex(8)}"
        try:
            self._mkdir(entry)
        except OSError as error:
            text = f"{self._base} offers no reports: {error.strerror}. Is this a TDX or SEV-SNP guest with Linux 6.7?"
            raise FileUnavailable(text, path=str(self._base), reason=str(error.strerror)) from error
        try:
            yield entry
        finally:
            self._rmdir(entry)

    def _provider(self, entry: Path) -> Platform:
        name = self._read(entry / "provider").decode("ascii", "replace").strip()
        if name not in PROVIDERS:
            raise self._refused(f"reports come from {name!r}, which zkseal does not know")
        return PROVIDERS[name]

    def _generation(self, entry: Path) -> int:
        text = self._read(entry / "generation").strip()
        if not text.isdigit():
            raise self._refused("its generation is no number")
        return int(text)

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise self._refused(f"{path.name} cannot be read: {error.strerror}") from error

    def _write(self, path: Path, data: bytes) -> None:
        try:
            # One write of all bytes: the kernel takes each for a new request.
            descriptor = os.open(path, os.O_WRONLY)
            try:
                written = os.write(descriptor, data)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._refused(f"{path.name} cannot be written: {error.strerror}") from error
        if written != len(data):
            raise self._refused(f"{path.name} took {written} of {len(data)} bytes")

    def _refused(self, reason: str) -> DeviceRefused:
        return DeviceRefused(f"{self._base}: {reason}.", device=str(self._base), reason=reason)


def snp_endorsements(table: bytes) -> Endorsements:
    """The chip's certificate and revocation lists, from the host's table. Authorities are pinned, not taken from it.

    Raises:
        InvalidEncoding: an entry lies outside the table, or the table has no end.
    """
    leaves: list[bytes] = []
    lists: list[bytes] = []
    for at in range(0, len(table), _ENTRY):
        head = table[at : at + _ENTRY]
        if len(head) < _ENTRY:
            break
        if not any(head):
            return Endorsements(certificates=tuple(leaves), revocation_lists=tuple(lists))
        kind, offset, size = head[:16], int.from_bytes(head[16:20], "little"), int.from_bytes(head[20:], "little")
        if offset + size > len(table):
            raise InvalidEncoding("The host's table of certificates points outside itself.", reason="auxblob")
        if kind in (_VCEK, _VLEK):
            leaves.append(table[offset : offset + size])
        elif kind == _CRL:
            lists.append(table[offset : offset + size])
    raise InvalidEncoding("The host's table of certificates has no end.", reason="auxblob")
