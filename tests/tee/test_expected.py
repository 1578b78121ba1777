"""fixtures/tee/expected.json, row by row: the verdict, the reason, and what the evidence says."""

from __future__ import annotations

from typing import Any

import pytest
from tests.tee.rows import FIXTURES, ROWS, evidence_of, time_of, verdict_of

from zkseal.errors import PolicyDenied
from zkseal.tee import appraise_evidence, load_policy

pytestmark = pytest.mark.native

NAMES = [f"{index}-{row['evidence']}" for index, row in enumerate(ROWS)]
REJECTED = [row for row in ROWS if row["result"] == "reject"]

# A phrase of a row's reason -> the check that has to fail for it.
REASONS = {
    "TCBInfo expired": "validity",
    "Fmspc mismatch": "tcb",
    "Failed to verify certificate chain": "validity",
    "Debug mode": "debug",
    "No matching TCB": "tcb",
    "Invalid MR service TD": "service-td",
    "SEPT_VE_DISABLE": "attributes",
    "outside certificate window": "validity",
    "certificate or signature invalid": "chain",
    "guest policy allows debug": "debug",
    "debug enclave": "debug",
    "InvalidSignature": "signature",
    "Issuer certificate subject": "chain",
    "InvalidDigest": "digest",
    "signer 2025": "validity",
    "empty extraData": "freshness",
}
# Its bytes go on with text after the quote ("extra bytes"), which is refused before anything else.
OTHER_CHECK = {"intel/quotes/tdx-v4-google-spr-e4.bin": "format"}


def check_of(reason: str) -> str:
    """The check for a reason: the first phrase that it has."""
    return next(check for phrase, check in REASONS.items() if phrase in reason)


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_the_verdict_is_the_expected_one(row: dict[str, Any]) -> None:
    assert verdict_of(row).word == row["result"]


@pytest.mark.parametrize("row", REJECTED, ids=[row["evidence"] for row in REJECTED])
def test_a_rejection_has_the_expected_reason(row: dict[str, Any]) -> None:
    reason = row.get("reason") or row["values"]["reason"]
    error = verdict_of(row).error
    assert error is not None
    assert error.fields["check"] == OTHER_CHECK.get(row["evidence"], check_of(reason))


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_the_default_policy_accepts_no_row(row: dict[str, Any]) -> None:
    """Nonces, reference values and revocation lists are the caller's to give; without them nothing is released."""
    assert verdict_of(row).production != "valid"


def claims_of(row: dict[str, Any]) -> dict[str, Any]:
    (submodule,) = verdict_of(row).ear["submods"].values()
    return dict(submodule["ear_veraison_annotated_evidence"])


def of_vendor(vendor: str, *, valid: bool = True) -> list[dict[str, Any]]:
    return [row for row in ROWS if row["vendor"] == vendor and (not valid or row["result"] == "valid")]


@pytest.mark.parametrize("row", of_vendor("intel"), ids=lambda row: row["evidence"])
def test_intel_says_what_is_expected(row: dict[str, Any]) -> None:
    claims, values = claims_of(row), dict(row["values"])
    assert (claims["tcb_status"], claims["advisories"]) == (row["tcb_status"], row["advisories"])
    assert claims["fmspc"].upper() == values.pop("fmspc")
    rtmrs = values.pop("rtmr", [])
    assert [claims[f"rtmr{index}"] for index in range(len(rtmrs))] == rtmrs
    assert {name: claims[name] for name in values} == values


@pytest.mark.parametrize("row", of_vendor("amd"), ids=lambda row: row["leaf"])
def test_amd_says_what_is_expected(row: dict[str, Any]) -> None:
    from datetime import datetime

    claims, values = claims_of(row), dict(row["values"])
    assert claims["reported_tcb_bytes"] == values.pop("reported_tcb")
    assert {name: claims[name] for name in values} == values
    window = [int(datetime.fromisoformat(text).timestamp()) for text in row["window"]]
    assert claims["certificate_window"][0] >= window[0]
    assert claims["certificate_window"][1] <= window[1]


@pytest.mark.parametrize("row", of_vendor("aws-nitro"), ids=lambda row: row["evidence"])
def test_nitro_says_what_is_expected(row: dict[str, Any]) -> None:
    claims, values = claims_of(row), dict(row["values"])
    pcrs = values.pop("pcrs")
    assert {number: claims["pcrs"][number] for number in pcrs} == pcrs
    assert all(set(value) == {"0"} for number, value in claims["pcrs"].items() if number not in pcrs)
    assert {name: claims[name] for name in values} == values


@pytest.mark.parametrize("row", of_vendor("nvidia"), ids=lambda row: row["evidence"])
def test_nvidia_says_what_is_expected(row: dict[str, Any]) -> None:
    if "values" in row:
        claims, values = claims_of(row), row["values"]
        assert (claims["driver"], claims["nonce"]) == (values["driver"], values["nonce"])
        assert len(claims["measurements"]) == values["measurements"]


def test_a_report_that_only_ocsp_knows_to_be_revoked_says_not_checked() -> None:
    (row,) = (row for row in ROWS if "cert-hold" in row["evidence"])
    assert verdict_of(row).check("revocation") == "not_checked"


def test_the_staging_service_is_refused_by_its_issuer() -> None:
    (row,) = (row for row in ROWS if "switch-detached" in row["evidence"])
    verdict = verdict_of(row)
    assert verdict.check("issuer") == "fail"
    assert verdict.error is not None
    assert verdict.error.fields["check"] == "issuer"


def test_the_quote_before_the_extra_bytes_has_no_matching_level() -> None:
    from dataclasses import replace

    (row,) = (row for row in ROWS if "spr-e4" in row["evidence"])
    evidence = evidence_of(row)
    cut = replace(evidence, payload=evidence.payload[:4935])
    with pytest.raises(PolicyDenied) as caught:
        appraise_evidence(cut, load_policy("evidence-only"), now=time_of(row))
    assert caught.value.fields["check"] == "tcb"


def test_every_result_says_its_assurance() -> None:
    for row in ROWS:
        ear = verdict_of(row).ear
        assert ear["assurance"] in {"simulated", "vtpm_dev", "vtpm_cloud", "hardware"}
        production = ear["assurance"] in {"vtpm_cloud", "hardware"}
        assert (ear["eat_profile"] == "tag:zkseal,2026:ear") == production
        (submodule,) = ear["submods"].values()
        assert production or submodule["ear_status"] == "contraindicated"


def test_the_fixtures_are_those_of_the_table() -> None:
    assert len(ROWS) == 67
    assert all((FIXTURES / row["evidence"].partition("#")[0]).exists() for row in ROWS)
