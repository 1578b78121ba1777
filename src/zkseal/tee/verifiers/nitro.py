"""AWS Nitro enclaves. Source: aws-nitro-enclaves-nsm-api, docs/attestation_process.md; PCRs: AWS Nitro user guide."""

from __future__ import annotations

from zkseal.tee.context import (
    CORE,
    Context,
    Found,
    check_age,
    check_nonce,
    check_references,
    check_revocation,
    denied,
    hexadecimal,
    no_chip,
)
from zkseal.tee.native import native
from zkseal.tee.result import Assurance

__all__ = ["ANNOUNCED", "verify"]

ANNOUNCED = (*CORE, "debug", "age", "nonce", "reference-values", "chips")

# Image, kernel and boot, application: all zero in debug mode.
MEASURED_PCRS = (0, 1, 2)


def verify(context: Context, found: Found) -> None:
    """Verifies and appraises an attestation document."""
    checks = found.checks
    given = context.evidence
    lists = list(given.endorsements.revocation_lists)
    document = checks.core(
        CORE, lambda: native().attest_nitro(given.payload, list(context.roots.nitro), lists, context.now)
    )
    chain = document["chain"]
    check_revocation(checks, all(chain["revocation_checked"]))
    found.assurance = Assurance.HARDWARE
    found.claims |= hexadecimal({name: value for name, value in document.items() if name != "chain"})
    found.claims["certificate_window"] = [chain["not_before"], chain["not_after"]]

    pcrs = document["pcrs"]
    measured = any(any(pcrs.get(number, b"")) for number in MEASURED_PCRS)
    checks.require("debug", measured, denied("debug", "PCR0 to PCR2 are zero: the enclave runs in debug mode"))
    check_age(checks, context, document["timestamp_ms"] / 1000)
    check_nonce(checks, context, document["nonce"])
    check_references(checks, context, "nitro", {f"pcr{number}": value.hex() for number, value in pcrs.items()})
    no_chip(checks, context, "a document names no chip")
