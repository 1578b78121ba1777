"""Quotes of a real TPM in software: zkseal's own verifier accepts what was asked for, and nothing else."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tests.tee.attesters.machines import program

from zkseal.errors import (
    DeviceRefused,
    FileUnavailable,
    MeasurementMismatch,
    NonceMismatch,
    PolicyDenied,
    SignatureRejected,
    WrongInput,
    ZksealError,
)
from zkseal.tee import (
    Assurance,
    AttestationBundle,
    DevAttestationResult,
    DevAttestedRuntime,
    Evidence,
    RuntimeData,
    appraise_bundle,
    appraise_evidence,
    load_policy,
    parse_policy,
)
from zkseal.tee.attesters import Attester, TpmAttester, TpmVault
from zkseal.tee.attesters.tpm import TpmClient
from zkseal.tee.attesters.tpm.transport import open_tcti

pytestmark = pytest.mark.native

NOW = 1780000000
DEVELOPMENT = load_policy("development")
ZERO = "00" * 32


def test_a_bundle_of_a_tpm_is_accepted_as_development(tpm: str, runtime_data: RuntimeData) -> None:
    attester: Attester = TpmAttester(tpm)
    bundle = AttestationBundle(runtime_data, attester.attest(runtime_data))
    again = AttestationBundle.from_cbor(bundle.to_cbor())
    attested = appraise_bundle(again, DEVELOPMENT, now=NOW, nonce=runtime_data.nonce)
    assert isinstance(attested, DevAttestedRuntime)
    assert attested.result.assurance is Assurance.VTPM_DEV is attester.assurance_ceiling


@pytest.mark.parametrize("tpm", [False], indirect=True)
def test_a_tpm_that_nobody_certified_is_a_simulation(tpm: str) -> None:
    result = appraise_evidence(TpmAttester(tpm).evidence_over(b"n"), DEVELOPMENT, now=NOW, nonce=b"n")
    assert isinstance(result, DevAttestationResult)
    assert result.assurance is Assurance.SIMULATED


@pytest.mark.parametrize("tpm", [True, False], indirect=True)
def test_the_policy_for_production_refuses_it(tpm: str) -> None:
    evidence = TpmAttester(tpm).evidence_over(b"n")
    policy = replace(load_policy("production"), references={"tpm.sha256.pcr0": (ZERO,)})
    with pytest.raises(PolicyDenied):
        appraise_evidence(evidence, policy, now=NOW, nonce=b"n")
    lenient = replace(policy, allow_not_checked=(*policy.allow_not_checked, "tpm.ak-certificate"))
    with pytest.raises(PolicyDenied) as caught:
        appraise_evidence(evidence, lenient, now=NOW, nonce=b"n")
    assert caught.value.fields["check"] in {"development-root", "assurance"}


def test_each_change_is_refused_with_its_error(tpm: str) -> None:
    evidence = TpmAttester(tpm).evidence_over(b"n")
    given = evidence.endorsements
    assert given.pcrs is not None
    assert given.signature is not None
    wrong = (*given.pcrs[:3], b"\1" * 32, *given.pcrs[4:])
    with pytest.raises(NonceMismatch):
        appraise_evidence(evidence, DEVELOPMENT, now=NOW, nonce=b"m")
    with pytest.raises(SignatureRejected) as caught:
        appraise_evidence(replace(evidence, endorsements=replace(given, pcrs=wrong)), DEVELOPMENT, now=NOW)
    assert caught.value.fields["check"] == "pcr-digest"
    policy = replace(DEVELOPMENT, references={"tpm.sha256.pcr4": ("11" * 32,)})
    with pytest.raises(MeasurementMismatch):
        appraise_evidence(evidence, policy, now=NOW, nonce=b"n")


def test_every_flipped_byte_of_message_and_signature_is_refused(tpm: str) -> None:
    evidence = TpmAttester(tpm).evidence_over(b"n")
    signature = evidence.endorsements.signature
    assert signature is not None
    for at in range(len(evidence.payload)):
        with pytest.raises(ZksealError):
            appraise_evidence(_flipped(evidence, at), DEVELOPMENT, now=NOW, nonce=b"n")
    for at in range(len(signature)):
        changed = bytes(byte ^ (at == place) for place, byte in enumerate(signature))
        endorsements = replace(evidence.endorsements, signature=changed)
        with pytest.raises(ZksealError):
            appraise_evidence(replace(evidence, endorsements=endorsements), DEVELOPMENT, now=NOW, nonce=b"n")


def _flipped(evidence: Evidence, at: int) -> Evidence:
    return replace(evidence, payload=bytes(byte ^ (at == place) for place, byte in enumerate(evidence.payload)))


def test_an_extended_pcr_is_another_machine(tpm: str) -> None:
    before = TpmAttester(tpm, pcrs=[7, 14]).evidence_over(b"n")
    assert before.endorsements.pcrs == (bytes(32), bytes(32))
    with TpmClient.connect(tpm) as client:
        client.extend_pcr(14, b"\1" * 32)
    after = TpmAttester(tpm, pcrs=[7, 14]).evidence_over(b"n")
    policy = parse_policy(f'extends = "development"\nname = "mine"\n[references]\n"tpm.sha256.pcr14" = ["{ZERO}"]\n')
    assert appraise_evidence(before, policy, now=NOW, nonce=b"n").claims["pcrs"]["sha256.pcr14"] == ZERO
    with pytest.raises(MeasurementMismatch):
        appraise_evidence(after, policy, now=NOW, nonce=b"n")


def test_the_key_is_the_same_each_time_and_of_one_tpm(tpm: str) -> None:
    first, second = TpmAttester(tpm).evidence_over(b"1"), TpmAttester(tpm).evidence_over(b"2")
    assert first.endorsements.public_key == second.endorsements.public_key
    assert first.payload != second.payload


def test_nothing_is_left_in_the_memory_of_the_tpm(tpm: str) -> None:
    """A TPM without a resource manager holds three objects: a leak would show at the fourth."""
    for _ in range(6):
        TpmAttester(tpm).evidence_over(b"n")


def test_the_tools_of_the_tcg_accept_the_quote(tpm: str, tmp_path: Path) -> None:
    """tpm2_checkquote is another implementation of what zkseal's verifier does."""
    evidence = TpmAttester(tpm).evidence_over(b"\1\2")
    given = evidence.endorsements
    assert given.public_key is not None
    key = base64.b64encode(given.public_key)
    pem = b"-----BEGIN PUBLIC KEY-----\n" + key + b"\n-----END PUBLIC KEY-----\n"
    for name, content in (("message", evidence.payload), ("signature", given.signature), ("key.pem", pem)):
        assert content is not None
        (tmp_path / name).write_bytes(content)
    for nonce, code in (("0102", 0), ("0103", 1)):
        command = [program("tpm2"), "checkquote", "-u", tmp_path / "key.pem", "-m", tmp_path / "message"]
        command += ["-s", tmp_path / "signature", "-g", "sha256", "-q", nonce]
        done = subprocess.run([str(part) for part in command], capture_output=True, check=False)
        assert (done.returncode != 0) == bool(code), done.stderr


@pytest.mark.parametrize(
    "tcti",
    ["", "swtpm", "swtpm:host=127.0.0.1", "swtpm:host=a,port=b", "swtpm:host=a,port=65536", "mssim:port=1", "device:"],
)
def test_a_name_of_no_tpm_is_refused(tcti: str) -> None:
    with pytest.raises(WrongInput):
        open_tcti(tcti)


@pytest.mark.parametrize("tcti", ["swtpm:path=/nowhere", "swtpm:host=127.0.0.1,port=1", "device:/dev/nowhere"])
def test_a_tpm_that_is_not_there_is_unavailable(tcti: str) -> None:
    with pytest.raises(FileUnavailable):
        TpmAttester(tcti).evidence_over(b"n")


def test_an_error_of_the_tpm_is_told(tpm: str) -> None:
    with pytest.raises(DeviceRefused):
        TpmAttester(tpm).evidence_over(b"n" * 200)


def test_an_event_log_that_is_not_there_is_told(tpm: str) -> None:
    with pytest.raises(FileUnavailable):
        TpmAttester(tpm, event_log=Path("/nowhere")).evidence_over(b"n")


@pytest.mark.parametrize("pcrs", [[], [24], [-1]])
def test_there_are_24_pcrs(pcrs: list[int]) -> None:
    for kind in (TpmAttester, TpmVault):
        with pytest.raises(WrongInput):
            kind("swtpm:path=/nowhere", pcrs=pcrs)
