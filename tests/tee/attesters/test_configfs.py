"""configfs-tsm: the test is the kernel, the tree is of real files and pipes. No TDX or SEV-SNP guest was at hand."""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from tests.tee.rows import FIXTURES

from zkseal.errors import DeviceRefused, FileUnavailable, InvalidEncoding, WrongLength
from zkseal.tee import Platform, RuntimeData, appraise_evidence, load_policy
from zkseal.tee.attesters import Attester, ConfigfsTsmAttester
from zkseal.tee.attesters.configfs import snp_endorsements

VCEK = bytes.fromhex("63da758de6644564adc5f4b93be8accd")
VLEK = bytes.fromhex("a8074bc2a25a483eaae639c045a0b8a1")
CRL = bytes.fromhex("92f81bc358114d3d97ffd19f88dc67ea")
ASK = bytes.fromhex("4ab7b379bbac4fe4a02f05aef327c782")


class Kernel:
    """What the kernel does with a folder of reports: attributes appear in it, a written request is answered once.

    Pipes keep the order of the real interface: `outblob` can be read when the request was taken and counted.
    """

    def __init__(self, base: Path, provider: str, report: bytes, auxiliary: bytes = b"", writes: int = 1) -> None:
        self.base, self.provider, self.report, self.auxiliary, self.writes = base, provider, report, auxiliary, writes
        self.requests: list[bytes] = []
        self._threads: list[threading.Thread] = []

    def mkdir(self, entry: Path) -> None:
        """A new report."""
        entry.mkdir()
        (entry / "provider").write_text(self.provider + "\n")
        (entry / "generation").write_text("0\n")
        for name in ("inblob", "outblob", "auxblob"):
            os.mkfifo(entry / name)
        self._threads.append(threading.Thread(target=self._serve, args=(entry,), daemon=True))
        self._threads[-1].start()

    def _serve(self, entry: Path) -> None:
        # A report may be removed before anything was asked.
        with suppress(FileNotFoundError, BrokenPipeError):
            self.requests.append((entry / "inblob").read_bytes())
            (entry / "generation").write_text(f"{self.writes}\n")
            if self.provider == "sev_guest":
                (entry / "auxblob").write_bytes(self.auxiliary)
            (entry / "outblob").write_bytes(self.report)

    def rmdir(self, entry: Path) -> None:
        """The report and its attributes are gone."""
        shutil.rmtree(entry)

    def attester(self) -> ConfigfsTsmAttester:
        """An attester on this tree."""
        return ConfigfsTsmAttester(self.base, mkdir=self.mkdir, rmdir=self.rmdir)


def table(*entries: tuple[bytes, bytes]) -> bytes:
    """The host's table of certificates."""
    at = 24 * (len(entries) + 1)
    heads, bodies = b"", b""
    for kind, body in entries:
        heads += kind + (at + len(bodies)).to_bytes(4, "little") + len(body).to_bytes(4, "little")
        bodies += body
    return heads + bytes(24) + bodies


def test_a_tdx_quote_over_the_report_data(tmp_path: Path, runtime_data: RuntimeData) -> None:
    quote = (FIXTURES / "intel/quotes/tdx-v4-phala.bin").read_bytes()
    kernel = Kernel(tmp_path, "tdx_guest", quote)
    attester: Attester = kernel.attester()
    evidence = attester.attest(runtime_data)
    assert (evidence.platform, evidence.payload) == (Platform.TDX, quote)
    assert kernel.requests == [runtime_data.report_data()]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.native
def test_an_snp_report_comes_with_the_chip_s_certificate(tmp_path: Path, runtime_data: RuntimeData) -> None:
    folder = FIXTURES / "amd/genoa-live-v5"
    report, vcek = (folder / "report.bin").read_bytes(), (folder / "vcek.der").read_bytes()
    kernel = Kernel(tmp_path, "sev_guest", report, table((ASK, b"not trusted"), (VCEK, vcek)))
    evidence = kernel.attester().attest(runtime_data)
    assert evidence.endorsements.certificates == (vcek,)
    assert kernel.requests == [runtime_data.report_data()]
    # The recorded report speaks of another guest: everything but its nonce is as it should be.
    result = appraise_evidence(evidence, load_policy("evidence-only"), now=1782864000)
    assert result.platform is Platform.SNP


def test_the_platform_is_what_the_kernel_says(tmp_path: Path) -> None:
    assert Kernel(tmp_path, "sev_guest", b"").attester().platform is Platform.SNP
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("provider", "report", "writes"), [("cca_guest", b"r", 1), ("tdx_guest", b"", 1), ("tdx_guest", b"r", 2)]
)
def test_what_cannot_be_used_is_refused_and_removed(
    tmp_path: Path, runtime_data: RuntimeData, provider: str, report: bytes, writes: int
) -> None:
    kernel = Kernel(tmp_path, provider, report, writes=writes)
    with pytest.raises(DeviceRefused):
        kernel.attester().attest(runtime_data)
    assert list(tmp_path.iterdir()) == []


def test_a_machine_without_the_interface_says_so(tmp_path: Path, runtime_data: RuntimeData) -> None:
    with pytest.raises(FileUnavailable):
        ConfigfsTsmAttester(tmp_path / "tsm/report").attest(runtime_data)


def test_a_folder_without_attributes_is_refused(tmp_path: Path, runtime_data: RuntimeData) -> None:
    """On any other file system than the kernel's."""
    with pytest.raises(DeviceRefused):
        ConfigfsTsmAttester(tmp_path).attest(runtime_data)
    assert list(tmp_path.iterdir()) == []


def test_the_host_s_table_is_read_strictly() -> None:
    found = snp_endorsements(table((VLEK, b"leaf"), (CRL, b"list"), (b"\x11" * 16, b"other")))
    assert (found.certificates, found.revocation_lists) == ((b"leaf",), (b"list",))
    for wrong in (table((VCEK, b"leaf"))[:24], table((VCEK, b"leaf"))[:-1], VCEK + b"\xff" * 8 + bytes(24), b""):
        with pytest.raises(InvalidEncoding):
            snp_endorsements(wrong)


def test_a_nonce_alone_is_filled_with_zeros(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path, "tdx_guest", b"quote")
    kernel.attester().evidence_over(b"\1" * 32)
    assert kernel.requests == [b"\1" * 32 + bytes(32)]
    with pytest.raises(WrongLength):
        kernel.attester().evidence_over(b"\1" * 65)
