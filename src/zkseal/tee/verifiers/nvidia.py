"""NVIDIA GPUs and NVSwitches: the SPDM report, its driver and VBIOS, and measurements against manifests.

Evidence is a report as bytes or hexadecimal with its certificates, or the JSON list of NVIDIA/attestation-sdk with one
entry for each device. Fields of the opaque data: NVIDIA/nvtrust, `spdm_msrt_resp_msg.py`.

A report does not say on which machine the GPU is: bind its nonce to the CPU's report data.
"""

from __future__ import annotations

import hashlib
from typing import Any

from zkseal.errors import InvalidEncoding, MeasurementMismatch, UntrustedRoot, ZksealError
from zkseal.tee.context import (
    CORE,
    Context,
    Found,
    check_chip,
    check_nonce,
    check_references,
    check_revocation,
    denied,
    hexadecimal,
)
from zkseal.tee.evidence import Evidence, as_json, base64_bytes
from zkseal.tee.native import native
from zkseal.tee.pem import certificates
from zkseal.tee.result import Assurance
from zkseal.tee.verifiers.rim import Rim, authenticate

__all__ = ["ANNOUNCED", "compare", "decode_report", "vbios_version", "verify"]

ANNOUNCED = (*CORE, "firmware-id", "debug", "driver", "gpu-count", "rim", "nonce", "reference-values", "chips")

DRIVER, VBIOS, FIRMWARE_ID = 3, 6, 20
# DiceTcbInfo and MultiTcbInfo (TCG DICE Attestation Architecture, 6.1): hold the digest of the firmware with the key.
DICE_TCB_INFO = ("2.23.133.5.4.1", "2.23.133.5.4.1.1")


def verify(context: Context, found: Found) -> None:
    """Verifies and appraises one report."""
    checks = found.checks
    lists = list(context.evidence.endorsements.revocation_lists)
    roots = list(context.roots.nvidia_device)

    def core() -> tuple[dict[str, Any], int]:
        report, chain, count = decode_report(context.evidence)
        return native().attest_spdm(report, chain, roots, lists, context.now), count

    report, count = checks.core(CORE, core)
    chain = report["chain"]
    check_revocation(checks, all(chain["revocation_checked"]), "no revocation list was given; NVIDIA revokes by OCSP")
    found.assurance = Assurance.HARDWARE
    opaque: dict[int, bytes] = dict(reversed(report["opaque"]))
    driver, vbios = (
        opaque.get(DRIVER, b"").rstrip(b"\0").decode("ascii", "replace"),
        vbios_version(opaque.get(VBIOS, b"")),
    )
    found.claims |= hexadecimal({"nonce": report["nonce"], "measurements": report["measurements"]})
    found.claims |= {"driver": driver, "vbios": vbios, "leaf": chain["subjects"][0]}
    found.claims["device_key_sha256"] = hashlib.sha256(chain["public_key"]).hexdigest()

    firmware = opaque.get(FIRMWARE_ID, b"")
    if not firmware:
        checks.skipped("firmware-id", "the report names no firmware")
    else:
        error = UntrustedRoot("The certificate is of another firmware than the report names.", reason="firmware")
        extensions = chain["extensions"]
        certified = any(firmware in extensions.get(oid, b"") for oid in DICE_TCB_INFO)
        checks.require("firmware-id", certified, error)
    checks.skipped("debug", "a report does not say whether its device is in development mode; ask the driver")
    least = context.policy.nvidia_min_driver
    if driver:
        recent = _version(driver) >= _version(least)
        checks.require("driver", recent, denied("driver", f"driver {driver} is below {least}"), driver)
    else:
        checks.skipped("driver", "the report names no driver")
    wanted = context.policy.nvidia_gpu_count
    checks.require(
        "gpu-count", wanted in (0, count), denied("gpu-count", f"{count} devices instead of {wanted}"), str(count)
    )
    _check_rims(context, found, driver, vbios, report["measurements"])
    check_nonce(checks, context, report["nonce"])
    check_references(
        checks, context, "nvidia", {"driver": driver, "vbios": vbios.lower(), **found.claims["measurements"]}
    )
    check_chip(checks, context, [chain["serial"].hex(), chain["subjects"][0]])


def decode_report(evidence: Evidence) -> tuple[bytes, list[bytes], int]:
    """Report, certificates leaf first, and how many devices the evidence has. Nothing is checked but the form.

    Raises:
        InvalidEncoding: it is no report, or has no device of this index.
    """
    payload, given = evidence.payload, list(evidence.endorsements.certificates)
    document = as_json(payload)
    if isinstance(document, list):
        index = evidence.index
        if index >= len(document) or not isinstance(document[index], dict):
            raise InvalidEncoding(
                f"The evidence has {len(document)} devices, not one of index {index}.", reason="index"
            )
        entry = document[index]
        chain = certificates(base64_bytes(entry.get("certificate"), "certificate chain"))
        return base64_bytes(entry.get("evidence"), "report"), chain, len(document)
    if payload[:2] == b"\x11\xe0":
        return payload, given, 1
    try:
        return bytes.fromhex(payload.decode("ascii").strip()), given, 1
    except ValueError as error:
        raise InvalidEncoding("The report is neither bytes nor hexadecimal.", reason="report") from error


def vbios_version(value: bytes) -> str:
    """As NVIDIA writes it, such as 96.00.A5.00.01: four bytes backwards, then the next. A switch sends it as text."""
    if len(value) > 8:
        return value.rstrip(b"\0").decode("ascii", "replace")
    return ".".join(f"{byte:02X}" for byte in (*reversed(value[:4]), *value[4:5]))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in text.split("."))


def _check_rims(context: Context, found: Found, driver: str, vbios: str, measurements: dict[int, bytes]) -> None:
    """`rim`: every active measurement of the manifests has one of its values, and both firmwares have a manifest."""
    rims = context.evidence.endorsements.rims
    if not rims:
        found.checks.skipped("rim", "no manifest (RIM) was given")
        return
    try:
        checked = [authenticate(context, document)[0] for document in rims]
        compare(checked, {driver, vbios}, measurements)
    except ZksealError as error:
        found.checks.failed("rim", error)
        return
    missing = [version for version in (driver, vbios) if version and version not in {rim.version for rim in checked}]
    if missing:
        found.checks.skipped("rim", f"no manifest of {', '.join(missing)} was given")
    else:
        found.checks.passed("rim", ", ".join(f"{rim.product} {rim.version}" for rim in checked))


def compare(rims: list[Rim], versions: set[str], measurements: dict[int, bytes]) -> None:
    """Compares measurements with manifests of the running firmware.

    Raises:
        MeasurementMismatch: a manifest of another version, or a measurement that is none of its values.
    """
    for rim in rims:
        if rim.version not in versions:
            raise MeasurementMismatch(
                f"The manifest is of {rim.version}, which does not run.", claim="version", got=rim.version
            )
        for index, accepted in rim.measurements.items():
            got = measurements.get(index, b"").hex()
            if got not in accepted:
                raise MeasurementMismatch(
                    f"Measurement {index} is none of the values of {rim.product} {rim.version}.",
                    claim=str(index),
                    got=got,
                )
