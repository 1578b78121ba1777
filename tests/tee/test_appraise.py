"""Policies at work: what `production` accepts, and each refusal with its own error and check."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.tee.rows import ROWS, evidence_of, time_of

from zkseal.errors import MeasurementMismatch, NonceMismatch, PolicyDenied, ZksealError
from zkseal.tee import (
    Assurance,
    AttestationResult,
    DevAttestationResult,
    Evidence,
    Platform,
    appraise_evidence,
    load_policy,
    parse_policy,
)
from zkseal.tee.verifiers.nvidia import compare
from zkseal.tee.verifiers.rim import Rim

pytestmark = pytest.mark.native

ROW = next(row for row in ROWS if "tdx-v4-phala" in row["evidence"] and row["result"] == "valid")
TDX, NOW = evidence_of(ROW), time_of(ROW)
NONCE = bytes.fromhex(ROW["values"]["report_data"])
MINE = parse_policy(
    f'extends = "production"\nname = "mine"\n[references]\n"tdx.mr_td" = ["{ROW["values"]["mr_td"]}"]\n'
)


def test_production_accepts_a_bound_and_known_quote() -> None:
    result = appraise_evidence(TDX, MINE, now=NOW, nonce=NONCE)
    assert isinstance(result, AttestationResult)
    assert result.assurance is Assurance.HARDWARE
    assert result.to_json()["submods"]["tdx"]["ear_status"] == "affirming"


def test_another_nonce_is_refused() -> None:
    with pytest.raises(NonceMismatch) as caught:
        appraise_evidence(TDX, MINE, now=NOW, nonce=b"\1" * 64)
    assert caught.value.fields["check"] == "nonce"


def test_other_code_is_refused() -> None:
    policy = replace(MINE, references={"tdx.mr_td": ("00" * 48,)})
    with pytest.raises(MeasurementMismatch) as caught:
        appraise_evidence(TDX, policy, now=NOW, nonce=NONCE)
    assert caught.value.fields["check"] == "reference-values"


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"platforms": ("snp",)}, "platform"),
        ({"chips": ("00" * 16,)}, "chips"),
        ({"intel_min_tcb_evaluation": 99}, "tcb"),
        ({"intel_tcb_statuses": ("OutOfDate",)}, "tcb"),
        ({"references": {}}, "reference-values"),
    ],
)
def test_a_stricter_policy_refuses_with_its_check(change: dict[str, object], check: str) -> None:
    with pytest.raises(PolicyDenied) as caught:
        appraise_evidence(TDX, replace(MINE, **change), now=NOW, nonce=NONCE)
    assert caught.value.fields["check"] == check


def test_without_collateral_nothing_is_accepted() -> None:
    with pytest.raises(ZksealError) as caught:
        appraise_evidence(Evidence(TDX.platform, TDX.payload), MINE, now=NOW, nonce=NONCE)
    assert caught.value.fields["check"] == "chain"


def test_the_levels_of_amd_are_held_to_the_floor() -> None:
    row = next(row for row in ROWS if row["vendor"] == "amd" and row["product"] == "genoa")
    policy = replace(load_policy("evidence-only"), snp_min_tcb={"genoa": {"snp": 1}})
    result = appraise_evidence(evidence_of(row), policy, now=time_of(row))
    assert "tcb-floor" in {check.name for check in result.checks if check.outcome == "pass"}
    with pytest.raises(PolicyDenied) as caught:
        appraise_evidence(evidence_of(row), replace(policy, snp_min_tcb={"genoa": {"snp": 255}}), now=time_of(row))
    assert caught.value.fields["check"] == "tcb-floor"


def test_an_old_document_is_refused_by_its_age() -> None:
    row = next(row for row in ROWS if row["vendor"] == "aws-nitro" and row["result"] == "valid")
    with pytest.raises(ZksealError) as caught:
        appraise_evidence(
            evidence_of(row), replace(load_policy("evidence-only"), max_age_s=60), now=time_of(row) + 3600
        )
    assert (caught.value.code, caught.value.fields["check"]) == ("Expired", "age")


def test_a_development_tpm_is_another_type_and_contraindicated() -> None:
    row = next(row for row in ROWS if "swtpm" in row["evidence"])
    result = appraise_evidence(evidence_of(row), load_policy("development"), now=time_of(row))
    assert isinstance(result, DevAttestationResult)
    assert not isinstance(result, AttestationResult)
    assert result.to_json()["submods"]["tpm"]["ear_status"] == "contraindicated"
    fields = {name: getattr(result, name) for name in result.__dataclass_fields__}
    with pytest.raises(PolicyDenied):
        AttestationResult(**fields)


def test_a_key_that_the_policy_vouches_for_stays_development_under_swtpm() -> None:
    row = next(row for row in ROWS if "swtpm" in row["evidence"])
    first = appraise_evidence(evidence_of(row), load_policy("development"), now=time_of(row))
    policy = replace(load_policy("development"), tpm_trusted_keys={first.claims["public_key_sha256"]: "hardware"})
    assert appraise_evidence(evidence_of(row), policy, now=time_of(row)).assurance is Assurance.VTPM_DEV


@pytest.mark.parametrize("platform", list(Platform))
@pytest.mark.parametrize("payload", [b"", b"\0" * 64, b"[]", b"{}", b"null", b"[" * 100000, b"\xff" * 2000])
def test_rubbish_is_refused_by_a_typed_error(platform: Platform, payload: bytes) -> None:
    with pytest.raises(ZksealError) as caught:
        appraise_evidence(Evidence(platform, payload), load_policy("evidence-only"), now=NOW)
    assert caught.value.fields["result"]["submods"][str(platform)]["ear_status"] == "contraindicated"


def test_measurements_are_compared_with_manifests() -> None:
    rim = Rim("GH100", "550.1", {7: ("aa", "bb")})
    compare([rim], {"550.1", "96.00"}, {7: b"\xbb"})
    for versions, measured in (({"550.2"}, b"\xbb"), ({"550.1"}, b"\xcc")):
        with pytest.raises(MeasurementMismatch):
            compare([rim], versions, {7: measured})
