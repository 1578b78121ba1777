"""Azure confidential VMs: a vTPM whose key the hardware report vouches for (paravisor, "HCL").

The report of SNP or TDX was made at boot by the paravisor. Its report data is the hash of runtime claims, a JSON that
holds the vTPM's attestation key; this key signs a quote with the caller's nonce. So hardware vouches for the key, and
the key for PCRs and nonce. For TDX the paravisor's report becomes a quote on request, beside it.

Sources: learn.microsoft.com/azure/confidential-computing/guest-attestation-confidential-virtual-machines-design;
Azure/azure-cvm-tooling, az-cvm-vtpm/src/hcl/mod.rs (layout).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from zkseal.errors import InvalidEncoding, SignatureRejected, ZksealError
from zkseal.tee.context import Context, Found, check_chip, check_nonce, check_references
from zkseal.tee.evidence import Evidence, as_json, base64_bytes
from zkseal.tee.jws import rsa_of_jwk
from zkseal.tee.pem import certificates, is_pem
from zkseal.tee.result import Checks, Platform, Rejected
from zkseal.tee.tpm_structures import Signature, decode_attest
from zkseal.tee.verifiers import intel, snp
from zkseal.tee.verifiers.tpm import check_quote

__all__ = ["ANNOUNCED", "decode_bundle", "verify"]

CPU = "cpu."
OWN = ("nonce", "reference-values", "chips")
# Checks of the hardware report that the bundle repeats as its own.
OF_HARDWARE = ("chain", "validity", "revocation", "debug")
ANNOUNCED = (
    "format",
    "hcl-binding",
    "signature",
    "pcr-digest",
    *OF_HARDWARE,
    "nonce",
    "reference-values",
    "chips",
)
# What the hardware measured at the start of the guest: the paravisor, whose word the vTPM is.
MEASUREMENTS = {Platform.AZURE_SNP: "cpu.measurement", Platform.AZURE_TDX: "cpu.mr_td"}

HCL_MAGIC = b"HCLA"
HCL_HEADER_BYTES = 32
HARDWARE_REPORT_BYTES = 1184
SNP_REPORT_BYTES, TD_REPORT_BYTES = 1184, 1024
# Where report data stands: in an SNP report, and in REPORTMACSTRUCT of a TDX report.
REPORT_DATA = {2: slice(0x50, 0x90), 4: slice(128, 192)}
HASHES = {1: "sha256", 2: "sha384", 3: "sha512"}
TYPES = {Platform.AZURE_SNP: 2, Platform.AZURE_TDX: 4}
ATTESTATION_KEY = "HCLAkPub"


@dataclass(frozen=True)
class Bundle:
    """One bundle, taken apart."""

    message: bytes
    signature: bytes
    pcrs: list[bytes]
    hardware_report: bytes
    report_data: bytes
    claims_hash: bytes
    key: bytes
    vcek: list[bytes]
    td_quote: bytes


def verify(context: Context, found: Found) -> None:
    """Verifies and appraises a bundle."""
    checks = found.checks
    try:
        bundle = decode_bundle(context.evidence)
        attest = decode_attest(bundle.message)
    except ZksealError as error:
        checks.failed("format", error)
        raise Rejected from error
    checks.passed("format")
    padded = bundle.claims_hash.ljust(64, b"\0")
    if not hmac.compare_digest(padded, bundle.report_data):
        other_key = SignatureRejected("The hardware report vouches for another vTPM key.", reason="runtime claims")
        checks.failed("hcl-binding", other_key)
        raise Rejected from other_key
    checks.passed("hcl-binding")
    check_quote(found, bundle.key, bundle.message, Signature("RS256", bundle.signature), attest, bundle.pcrs)
    cpu = Found(Checks(_announced_of_cpu(context), CPU))
    try:
        chips = _verify_hardware(context, cpu, bundle)
    finally:
        checks.absorb(cpu.checks)
        found.claims["cpu"] = cpu.claims
    found.assurance = cpu.assurance
    # The hardware report closes the chain of the key.
    for name in OF_HARDWARE:
        if cpu.checks.outcome(name) == "pass":
            checks.passed(name, "as the hardware report")
        else:
            checks.skipped(name, "not passed for the hardware report")
    check_nonce(checks, context, attest.extra_data)
    values = {**found.claims["pcrs"], **{f"cpu.{name}": str(value) for name, value in cpu.claims.items()}}
    _check_references(context, found, values)
    check_chip(checks, context, chips)


def _check_references(context: Context, found: Found, values: dict[str, str]) -> None:
    """`reference-values`: PCRs count only under a known paravisor. Any guest can carry a vTPM of its owner's making."""
    checks, prefix = found.checks, str(context.evidence.platform)
    check_references(checks, context, prefix, values)
    needed = f"{prefix}.{MEASUREMENTS[context.evidence.platform]}"
    if checks.outcome("reference-values") == "pass" and needed not in context.policy.references:
        checks.skipped("reference-values", f"the policy has no {needed}, without which PCRs are anybody's")


def _announced_of_cpu(context: Context) -> tuple[str, ...]:
    module = snp if context.evidence.platform is Platform.AZURE_SNP else intel
    return tuple(name for name in module.ANNOUNCED if name not in OWN)


def _verify_hardware(context: Context, cpu: Found, bundle: Bundle) -> list[str]:
    """Authenticates the hardware report and returns identifiers of its chip."""
    if context.evidence.platform is Platform.AZURE_SNP:
        others = list(context.evidence.endorsements.certificates)
        report = snp.authenticate(context, cpu, bundle.hardware_report, [*bundle.vcek, *others])
        return [report["chip_id"].hex()]
    quote = intel.authenticate(context, cpu, bundle.td_quote, context.evidence.endorsements.collateral)
    if not hmac.compare_digest(quote["fields"]["report_data"], bundle.report_data):
        cpu.checks.failed("signature", SignatureRejected("The quote is of another report.", reason="report data"))
        raise Rejected
    return [quote["ppid"].hex(), quote["fmspc"].hex()]


def _octets(value: Any, what: str) -> bytes:
    """Bytes of a list of numbers, of hexadecimal, or of base64 in either alphabet, as bundles have them."""
    if isinstance(value, list) and all(type(item) is int and 0 <= item < 256 for item in value):
        return bytes(value)
    if isinstance(value, str):
        try:
            return bytes.fromhex(value)
        except ValueError:
            return base64_bytes(value.rstrip("=").replace("+", "-").replace("/", "_"), what, url=True)
    raise InvalidEncoding(f"The bundle's {what} is missing or has another form.", reason=what)


def decode_bundle(evidence: Evidence) -> Bundle:
    """The parts of a bundle. Nothing is checked but its form.

    Raises:
        InvalidEncoding: it is none.
    """
    document = as_json(evidence.payload)
    inner = document.get("evidence", document) if isinstance(document, dict) else None
    quote = inner.get("tpm_quote", inner.get("quote")) if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or not isinstance(quote, dict) or not isinstance(quote.get("pcrs"), list):
        raise InvalidEncoding("This is no bundle of an Azure VM.", reason="bundle")
    hcl = _octets(inner.get("hcl_report", inner.get("report")), "HCL report")
    report, report_data, claims_hash, claims = _decode_hcl(hcl, TYPES[evidence.platform])
    vcek = inner.get("vcek")
    leaf = vcek.encode() if isinstance(vcek, str) and is_pem(vcek.encode()) else _octets(vcek, "VCEK") if vcek else b""
    return Bundle(
        message=_octets(quote.get("message"), "quote"),
        signature=_octets(quote.get("signature"), "signature"),
        pcrs=[_octets(value, "PCR") for value in quote["pcrs"]],
        hardware_report=report,
        report_data=report_data,
        claims_hash=claims_hash,
        key=_attestation_key(claims),
        vcek=certificates(leaf) if leaf else [],
        td_quote=_octets(inner["td_quote"], "TD quote") if "td_quote" in inner else b"",
    )


def _decode_hcl(hcl: bytes, expected: int) -> tuple[bytes, bytes, bytes, bytes]:
    """Hardware report, its report data, and hash and bytes of the runtime claims."""
    header = hcl[:HCL_HEADER_BYTES]
    hardware = hcl[HCL_HEADER_BYTES : HCL_HEADER_BYTES + HARDWARE_REPORT_BYTES]
    if header[:4] != HCL_MAGIC or len(hardware) != HARDWARE_REPORT_BYTES:
        raise InvalidEncoding("The HCL report does not begin as one.", reason="HCL report")
    tail = hcl[HCL_HEADER_BYTES + HARDWARE_REPORT_BYTES :]
    _, _, kind, hash_type, size = (int.from_bytes(tail[4 * i : 4 * i + 4], "little") for i in range(5))
    claims = tail[20 : 20 + size]
    if kind != expected or hash_type not in HASHES or len(claims) != size or any(tail[20 + size :]):
        raise InvalidEncoding("The HCL report is of another kind, or not complete.", reason="HCL report")
    report = hardware[: SNP_REPORT_BYTES if kind == 2 else TD_REPORT_BYTES]
    return report, report[REPORT_DATA[kind]], hashlib.new(HASHES[hash_type], claims).digest(), claims


def _attestation_key(claims: bytes) -> bytes:
    document = as_json(claims)
    keys = document.get("keys") if isinstance(document, dict) else None
    named = (
        [k for k in keys if isinstance(k, dict) and k.get("kid") == ATTESTATION_KEY] if isinstance(keys, list) else []
    )
    if len(named) != 1 or named[0].get("kty") != "RSA":
        raise InvalidEncoding("The runtime claims hold no attestation key.", reason=ATTESTATION_KEY)
    return rsa_of_jwk(named[0])
