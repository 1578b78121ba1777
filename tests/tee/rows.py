"""The rows of fixtures/tee/expected.json as evidence, and what zkseal makes of them.

A row is appraised at its own time under `evidence-only`, which asks what such a row asks: is this what the vendor
signed, at that time, and not debuggable? Rows that say no time get one at which their certificates are valid. A verdict
is one of expected.json's words; beside it stands what the default policy, `production`, says.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zkseal.errors import ZksealError
from zkseal.tee import (
    AttestationResult,
    DevAttestationResult,
    Evidence,
    Platform,
    appraise_evidence,
    load_policy,
    read_evidence,
)

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "tee"
ROWS: list[dict[str, Any]] = json.loads((FIXTURES / "expected.json").read_text())

# For rows without a time: their certificates or tokens are valid then.
MID_2026 = 1782864000
TIMES = {
    "nvidia/rim/neg-driver-bad-signature.xml": 1780272000,
    "nvidia/rim/neg-driver-measurement-mismatch.xml": 1780272000,
    "nvidia/nras-hopper-detached-eat.json": 1749601858,
    "nvidia/nras-switch-detached-eat.json": 1751155060,
    "azure-vtpm/tdx-live.json": 1774396800,
    "azure-vtpm/tdx-v1.json": 1761350400,
}
COLLATERAL = {
    "azure-vtpm/tdx-live.json": "intel/collateral/composed-90C06F000000.2026-03.json",
    "azure-vtpm/tdx-v1.json": "intel/collateral/composed-00806F050000.2025-10.json",
}
# Files that belong to evidence and that a row does not name.
OTHERS = {
    "nvidia/blackwell.report.hex": ["nvidia/blackwell.certs.pem"],
    "nvidia/hopper-535.report.hex": ["nvidia/hopper-535.certs.pem"],
    "nvidia/hopper-550.90.07.report.hex": ["nvidia/hopper-550.90.07.certs.pem"],
    "nvidia/neg-hopper-bad-signature.report.hex": ["nvidia/hopper-535.certs.pem"],
    "tpm/swtpm-dev/q.msg": [
        f"tpm/swtpm-dev/{name}" for name in ("q.sig", "q.pcrs", "ak.pem", "ek-cert.der", "ca-issuer.pem", "ca-root.pem")
    ],
}
NONCES = {
    "tpm/swtpm-dev/q.msg": (FIXTURES / "tpm/swtpm-dev/nonce").read_text(),
    "tpm/gce-cos85-nonce9009.attestation.pb": "9009",
}
PLATFORMS = {"azure-vtpm/snp-genoa.json": Platform.AZURE_SNP}


@dataclass(frozen=True)
class Verdict:
    """What came out: a word of expected.json, the error if any, the result as an EAR, and the default policy's word."""

    word: str
    error: ZksealError | None
    ear: dict[str, Any]
    production: str

    def check(self, name: str) -> str:
        """Outcome of a check."""
        return next(check["outcome"] for check in self.ear["checks"] if check["name"] == name)


def time_of(row: dict[str, Any]) -> int:
    """When the row is appraised, Unix seconds."""
    if "at_unix" in row:
        return int(row["at_unix"])
    if "at" in row:
        from datetime import datetime

        return int(datetime.fromisoformat(row["at"]).timestamp())
    return TIMES.get(row["evidence"], MID_2026)


def files_of(row: dict[str, Any]) -> list[Path]:
    """The file of the evidence, then those that come with it."""
    name = row["evidence"].partition("#")[0]
    others = list(OTHERS.get(name, []))
    if row.get("note", "").startswith("neg-hopper-broken-chain"):
        others = ["nvidia/neg-hopper-broken-chain.certs.pem"]
    if row["vendor"] == "amd":
        product = row["product"]
        authority = "milan-asvk.der" if "vlek" in row["leaf"] else f"{product}-ask.pem"
        others = [row["leaf"], f"amd/ca/{authority}"]
    if collateral := row.get("collateral", COLLATERAL.get(name)):
        others.append(collateral)
    return [FIXTURES / file for file in (name, *others)]


def evidence_of(row: dict[str, Any]) -> Evidence:
    """The row's files as evidence."""
    name, _, index = row["evidence"].partition("#")
    payload, *others = (path.read_bytes() for path in files_of(row))
    return read_evidence(payload, others, platform=PLATFORMS.get(name), index=int(index or 0))


def verdict_of(row: dict[str, Any]) -> Verdict:
    """Appraises a row."""
    evidence, now = evidence_of(row), time_of(row)
    nonce_text = NONCES.get(row["evidence"])
    nonce = bytes.fromhex(nonce_text) if nonce_text else None

    def under(policy: str) -> tuple[AttestationResult | DevAttestationResult | None, ZksealError | None]:
        try:
            return appraise_evidence(evidence, load_policy(policy), now=now, nonce=nonce), None
        except ZksealError as error:
            return None, error

    result, error = under("evidence-only")
    _, refused = under("production")
    production = f"{refused.code}: {refused.fields['check']}" if refused is not None else "valid"
    if result is not None:
        return Verdict("valid", None, result.to_json(), production)
    assert error is not None
    ear = error.fields["result"]
    outcomes = {check["name"]: check["outcome"] for check in ear["checks"]}
    if outcomes.get("digest-binding") == "pass" and outcomes["signature"] == "not_checked":
        return Verdict("digest-binding-only", error, ear, production)
    developed, _ = under("development")
    if isinstance(developed, DevAttestationResult) and error.fields["check"] == "development-root":
        return Verdict("valid-dev-only", error, developed.to_json(), production)
    return Verdict("reject", error, ear, production)
