"""What is fetched is checked before it is written: each lie of a service is refused, and leaves nothing behind."""

from __future__ import annotations

import json
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
from tests.broker.vendors import CHIP, TCB, SnpVendor
from tests.collateral.published import answers_of_intel, bare_evidence, rim_answer, services_at
from tests.collateral.vendor_server import Answer, VendorServer
from tests.tee.rows import FIXTURES, ROWS, time_of

from zkseal.collateral import Cache, Downloader, completed, fetch_collateral
from zkseal.collateral import nvidia as nvidia_collateral
from zkseal.collateral.intel import quoted_of
from zkseal.collateral.item import Situation
from zkseal.errors import CertificateRevoked, CollateralRejected
from zkseal.tee import Evidence, Platform, Roots, appraise_evidence, load_policy, pinned_roots

pytestmark = pytest.mark.native

ROW = next(row for row in ROWS if row["evidence"] == "intel/quotes/tdx-v4-phala.bin")
COLLATERAL: dict[str, str] = json.loads((FIXTURES / ROW["collateral"]).read_text())
QUOTED = quoted_of((FIXTURES / ROW["evidence"]).read_bytes())
AT = time_of(ROW)


def honest() -> dict[str, Answer]:
    return answers_of_intel(COLLATERAL, QUOTED.tee, QUOTED.fmspc, QUOTED.authority)


PATHS = list(honest())
TCB_PATH = PATHS[3]


def fetched(
    server: VendorServer, cache: Cache, downloader: Downloader, evidence: Evidence | None = None, **options: Any
) -> dict[str, Any]:
    """Error codes by item; None for what was fetched."""
    given: dict[str, Any] = {"roots": pinned_roots(), "now": AT, "services": services_at(server.url), **options}
    outcomes = fetch_collateral(evidence or bare_evidence(ROW), cache, downloader, **given)
    return {outcome.name: outcome.error.code if outcome.error else None for outcome in outcomes}


def test_an_honest_service_is_believed(server: VendorServer, cache: Cache, downloader: Downloader) -> None:
    server.answers |= honest()
    assert set(fetched(server, cache, downloader).values()) == {None}


@pytest.mark.parametrize("path", PATHS)
def test_a_changed_byte_of_any_answer_is_found(
    path: str, server: VendorServer, cache: Cache, downloader: Downloader
) -> None:
    """Each twentieth byte, so that every part of the document is met."""
    body, headers = honest()[path].body, honest()[path].headers
    for at in range(0, len(body), max(1, len(body) // 20)):
        changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        if changed.lower() == body.lower():
            continue  # hexadecimal and JSON's signature may be written in capitals
        server.answers |= honest() | {path: Answer(changed, headers)}
        codes = fetched(server, cache, downloader, max_age_s=0)
        assert list(codes.values()).count("CollateralRejected") == 1, at
        rejected = next(name for name, code in codes.items() if code)
        assert cache.entry(rejected) is None


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "no chain"),
        ({"TCB-Info-Issuer-Chain": urllib.parse.quote(COLLATERAL["pck_crl_issuer_chain"])}, "another signer"),
        ({"TCB-Info-Issuer-Chain": "%FF%FE"}, "no PEM"),
        ({"TCB-Info-Issuer-Chain": "-----BEGIN%20CERTIFICATE-----"}, "half a PEM"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_tcb_info_needs_the_chain_of_intels_signer(
    headers: dict[str, str], why: str, server: VendorServer, cache: Cache, downloader: Downloader
) -> None:
    server.answers |= honest() | {TCB_PATH: Answer(honest()[TCB_PATH].body, headers)}
    assert fetched(server, cache, downloader)[QUOTED.tcb] == "CollateralRejected"
    assert cache.entry(QUOTED.tcb) is None


def test_another_document_of_intels_is_refused(server: VendorServer, cache: Cache, downloader: Downloader) -> None:
    """Genuine and signed, but of another quoting enclave, and where TCB info is asked for."""
    answers = honest()
    identity = PATHS[2]
    server.answers |= answers | {TCB_PATH: answers[identity], identity: answers[TCB_PATH]}
    codes = fetched(server, cache, downloader)
    assert (codes[QUOTED.tcb], codes[QUOTED.identity]) == ("CollateralRejected", "CollateralRejected")


def test_a_name_that_stands_twice_is_refused(server: VendorServer, cache: Cache, downloader: Downloader) -> None:
    answer = honest()[TCB_PATH]
    twice = answer.body.replace(b'{"tcbInfo":{', b'{"tcbInfo":{"fmspc":"%s",' % QUOTED.fmspc.encode(), 1)
    server.answers |= honest() | {TCB_PATH: Answer(twice, answer.headers)}
    assert fetched(server, cache, downloader)[QUOTED.tcb] == "CollateralRejected"


def test_the_next_evaluation_of_intels_is_asked_for_by_name(
    server: VendorServer, cache: Cache, downloader: Downloader
) -> None:
    root, pck, identity, tcb = honest().items()
    early = {f"{identity[0]}?update=early": identity[1], f"{tcb[0]}&update=early": tcb[1]}
    server.answers |= {root[0]: root[1], pck[0]: pck[1]} | early
    assert set(fetched(server, cache, downloader, early=True).values()) == {None}
    assert server.asked[2:] == list(early)
    server.answers |= honest()
    fetched(server, cache, downloader)  # what is kept is fresh, and not what is asked for now
    assert server.asked[4:] == [identity[0], tcb[0]]


def test_intels_own_services_send_the_roots_list_as_der(
    server: VendorServer, cache: Cache, downloader: Downloader
) -> None:
    server.answers |= honest() | {PATHS[0]: Answer(bytes.fromhex(COLLATERAL["root_ca_crl"]))}
    assert set(fetched(server, cache, downloader).values()) == {None}


def rim(file: str, version: str, server: VendorServer, downloader: Downloader, named: str = "") -> bytes:
    """What is kept of a manifest that NVIDIA's service sends."""
    identifier = f"NV_GPU_DRIVER_GH100_{version}"
    item = nvidia_collateral.rim(identifier, services_at(server.url))
    server.answers[f"/v1/rim/{identifier}"] = rim_answer(named or identifier, f"nvidia/rim/{file}")
    response = downloader.get(item.url, item.max_bytes)
    return item.checked(response, Situation(1780272000, pinned_roots())).data


def test_a_manifest_of_nvidias_is_kept(server: VendorServer, downloader: Downloader) -> None:
    document = (FIXTURES / "nvidia/rim/driver-gh100-550.144.03.xml").read_bytes()
    assert rim("driver-gh100-550.144.03.xml", "550.144.03", server, downloader) == document


@pytest.mark.parametrize(
    ("file", "version", "named"),
    [
        ("neg-driver-bad-signature.xml", "550.144.03", ""),
        ("neg-driver-measurement-mismatch.xml", "550.144.03", ""),
        ("neg-driver-570-expired.xml", "570.86.10", ""),
        ("driver-gh100-550.144.03.xml", "590.12", ""),
        ("driver-gh100-550.144.03.xml", "550.144.03", "NV_GPU_DRIVER_GH100_590.12"),
    ],
)
def test_another_manifest_is_refused(
    file: str, version: str, named: str, server: VendorServer, downloader: Downloader
) -> None:
    with pytest.raises(CollateralRejected):
        rim(file, version, server, downloader, named)


VENDOR_NOW = 1_800_000_000


@pytest.fixture(scope="module")
def amd() -> SnpVendor:
    """An AMD of our own: nobody published a revocation list of the real one."""
    return SnpVendor(VENDOR_NOW)


def kds(vendor: SnpVendor, *, revoked: bytes | None = None, leaf: bytes | None = None) -> dict[str, Answer]:
    from cryptography.hazmat.primitives.serialization import Encoding

    chain = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in (vendor.ask, vendor.ark))
    levels = f"blSPL={TCB[0]:02}&teeSPL={TCB[1]:02}&snpSPL={TCB[6]:02}&ucodeSPL={TCB[7]:02}"
    return {
        "/vcek/v1/Milan/cert_chain": Answer(chain),
        "/vcek/v1/Milan/crl": Answer(vendor.clean_list if revoked is None else revoked),
        f"/vcek/v1/Milan/{CHIP.hex()}?{levels}": Answer(leaf or vendor.vcek),
    }


def of_amd(vendor: SnpVendor, server: VendorServer, cache: Cache, downloader: Downloader) -> tuple[Evidence, Any]:
    evidence = Evidence(Platform.SNP, vendor.report(bytes(64)))
    options = {"roots": Roots(amd=vendor.roots.amd), "now": VENDOR_NOW, "product": "Milan"}
    return evidence, fetched(server, cache, downloader, evidence, **options)


def appraised(vendor: SnpVendor, evidence: Evidence, cache: Cache) -> str:
    roots = Roots(amd=vendor.roots.amd)
    whole, missing = completed(evidence, cache, roots=roots, now=VENDOR_NOW)
    assert missing == []
    result = appraise_evidence(whole, load_policy("evidence-only"), now=VENDOR_NOW, roots=roots)
    return next(check["outcome"] for check in result.to_json()["checks"] if check["name"] == "revocation")


def test_a_chip_of_which_nothing_is_at_hand_is_accepted_with_its_list(
    amd: SnpVendor, server: VendorServer, cache: Cache, downloader: Downloader
) -> None:
    server.answers |= kds(amd)
    evidence, codes = of_amd(amd, server, cache, downloader)
    assert set(codes.values()) == {None}
    assert appraised(amd, evidence, cache) == "pass"


def test_a_list_that_names_the_authority_is_kept_and_refuses_the_chip(
    amd: SnpVendor, server: VendorServer, cache: Cache, downloader: Downloader
) -> None:
    server.answers |= kds(amd, revoked=amd.revocation_list(amd.ask.serial_number))
    evidence, codes = of_amd(amd, server, cache, downloader)
    assert set(codes.values()) == {None}
    with pytest.raises(CertificateRevoked):
        appraised(amd, evidence, cache)


def test_lists_and_certificates_of_another_vendor_are_refused(
    amd: SnpVendor, server: VendorServer, cache: Cache, downloader: Downloader, tmp_path: Path
) -> None:
    """Of the same names, under another root."""
    other = SnpVendor(VENDOR_NOW)
    server.answers |= kds(amd, revoked=other.clean_list, leaf=other.vcek)
    _, codes = of_amd(amd, server, cache, downloader)
    assert list(codes.values()) == [None, "CollateralRejected", "CollateralRejected"]
    server.answers |= kds(other)
    _, codes = of_amd(amd, server, Cache(tmp_path / "another"), downloader)
    assert set(codes.values()) == {"CollateralRejected"}


@pytest.mark.parametrize("part", ["chip", "level"])
def test_a_certificate_of_another_chip_or_level_is_refused(
    part: str, amd: SnpVendor, server: VendorServer, cache: Cache, downloader: Downloader
) -> None:
    """It leads to the root, and is not what was asked for."""
    report = bytearray(amd.report(bytes(64)))
    at = 0x1A0 if part == "chip" else 0x187
    report[at] ^= 1
    server.answers |= {path: answer for path, answer in kds(amd).items() if CHIP.hex() not in path}
    evidence = Evidence(Platform.SNP, bytes(report))
    options: dict[str, Any] = {"roots": Roots(amd=amd.roots.amd), "now": VENDOR_NOW, "product": "Milan"}
    fetched(server, cache, downloader, evidence, **options)
    server.answers[server.asked[-1]] = Answer(amd.vcek)
    codes = fetched(server, cache, downloader, evidence, **options)
    assert list(codes.values())[2] == "CollateralRejected"
