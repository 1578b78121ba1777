"""Bundles: evidence is bound to keys, model and challenge, part by part; development evidence stays what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from zkseal import _native
from zkseal.errors import (
    DecodeError,
    InvalidEncoding,
    MeasurementMismatch,
    NonceMismatch,
    PolicyDenied,
    SignatureRejected,
    UntrustedRoot,
)
from zkseal.receipts import cbor
from zkseal.tee import (
    AppraisalPolicy,
    Assurance,
    AttestationBundle,
    AttestedRuntime,
    DevAttestedRuntime,
    Evidence,
    Platform,
    RuntimeData,
    appraise_bundle,
    load_policy,
    read_evidence,
)
from zkseal.tee.attesters.sandbox import SandboxAttester
from zkseal.tee.bundle import DEV_MEDIA_TYPE, MEDIA_TYPE
from zkseal.tee.evidence import Endorsements

NOW = 1_800_000_000
NONCE = b"\x07" * 32
MEASUREMENT = b"\x09" * 32


def runtime(**changes: Any) -> RuntimeData:
    plain = RuntimeData(
        ceiling=Assurance.SANDBOX,
        hpke_public_key=b"\x01" * 32,
        signing_public_key=b"\x02" * 33,
        model_digest=b"\x03" * 32,
        zk_model_commitment=b"\x04" * 32,
        policy_digest=b"\x05" * 32,
        boot_epoch=b"\x06" * 16,
        nonce=NONCE,
    )
    return replace(plain, **changes)


@pytest.fixture(scope="module")
def issuer() -> Any:
    return _native.SigningKey.generate()


def attester(issuer: Any, measurement: bytes = MEASUREMENT) -> SandboxAttester:
    return SandboxAttester(issuer.public_key, issuer.sign, measurement=measurement, isolation=("landlock",))


@pytest.fixture(scope="module")
def bundle(issuer: Any) -> AttestationBundle:
    return AttestationBundle(runtime(), attester(issuer).attest(runtime()))


def policy(**changes: Any) -> AppraisalPolicy:
    references = {"sandbox.measurement": (MEASUREMENT.hex(),)}
    return replace(load_policy("development"), references=references, **changes)


def test_runtime_data_survives_its_encoding() -> None:
    assert RuntimeData.from_cbor(runtime().to_cbor()) == runtime()
    assert len(runtime().report_data()) == 64
    assert len(runtime().qualifying_data()) == 32


def test_every_field_is_bound() -> None:
    changed = [
        runtime(**{name: value[:-1] + b"\xff"}) for name, value in vars(runtime()).items() if isinstance(value, bytes)
    ]
    everything = [runtime(), runtime(ceiling=Assurance.HARDWARE), *changed]
    assert len({one.report_data() for one in everything}) == len(everything)
    assert len({one.qualifying_data() for one in everything}) == len(everything)


def test_gpus_are_bound_one_by_one() -> None:
    bindings = {runtime().binding(Platform.NVIDIA, index) for index in range(8)}
    assert len(bindings) == 8
    assert all(len(binding) == 32 for binding in bindings)


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.update(runtime=2),
        lambda v: v.update(runtime=True),
        lambda v: v.update(ceiling=5),
        lambda v: v.update(ceiling=True),
        lambda v: v.update(nonce=bytes(31)),
        lambda v: v.update(nonce="text"),
        lambda v: v.pop("boot_epoch"),
        lambda v: v.update(more=1),
    ],
)
def test_other_runtime_data_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    value = cbor.loads(runtime().to_cbor(), max_bytes=1024)
    change(value)
    with pytest.raises(DecodeError):
        RuntimeData.from_cbor(cbor.dumps(value))


def test_bundles_survive_their_encoding(bundle: AttestationBundle) -> None:
    gpu = Evidence(
        Platform.NVIDIA,
        b"report",
        Endorsements((b"a",), "{}", (b"l",), (b"<x/>",), b"k", b"s", (b"p",)),
        3,
    )
    whole = replace(bundle, submodules={"gpu3": gpu})
    assert AttestationBundle.from_cbor(whole.to_cbor()) == whole


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.update(bundle=2),
        lambda v: v.update(media_type=MEDIA_TYPE),
        lambda v: v.update(runtime=b""),
        lambda v: v.update(runtime=3),
        lambda v: v.update(submodules=[]),
        lambda v: v.update(more=1),
        lambda v: v["evidence"].update(platform="crystal"),
        lambda v: v["evidence"].update(payload="text"),
        lambda v: v["evidence"].update(index=-1),
        lambda v: v["evidence"].update(index=True),
        lambda v: v["evidence"].update(endorsements=[]),
        lambda v: v["evidence"]["endorsements"].update(certificates=b"one"),
        lambda v: v["evidence"]["endorsements"].update(certificates=[]),
        lambda v: v["evidence"]["endorsements"].update(collateral=b"bytes"),
        lambda v: v["evidence"]["endorsements"].update(public_key="text"),
        lambda v: v["evidence"]["endorsements"].update(unknown=b"x"),
        lambda v: v["evidence"].pop("index"),
        lambda v: v.update(submodules={f"gpu{i}": v["evidence"] for i in range(17)}),
    ],
)
def test_other_bundles_are_refused(bundle: AttestationBundle, change: Callable[[dict[str, Any]], object]) -> None:
    value = cbor.loads(bundle.to_cbor(), max_bytes=1 << 20)
    change(value)
    with pytest.raises(DecodeError):
        AttestationBundle.from_cbor(cbor.dumps(value))


def test_a_sandbox_is_development_and_says_so(bundle: AttestationBundle) -> None:
    found = appraise_bundle(bundle, policy(), now=NOW, nonce=NONCE)
    assert isinstance(found, DevAttestedRuntime)
    assert not isinstance(found, AttestedRuntime)
    ear = found.to_json()
    assert ear["media_type"] == bundle.media_type == DEV_MEDIA_TYPE
    assert ear["assurance"] == "sandbox"
    assert ear["submods"]["sandbox"]["ear_status"] == "contraindicated"
    assert {check["name"]: check["outcome"] for check in ear["checks"]}["challenge"] == "pass"


def test_production_policies_refuse_it(bundle: AttestationBundle) -> None:
    for name in ("production", "evidence-only"):
        with pytest.raises(PolicyDenied):
            appraise_bundle(bundle, load_policy(name), now=NOW, nonce=NONCE)
    listed = replace(policy(), name="production", min_assurance="vtpm_cloud", allow_development_roots=False)
    with pytest.raises(PolicyDenied) as caught:
        appraise_bundle(bundle, listed, now=NOW, nonce=NONCE)
    assert caught.value.fields["check"] == "assurance"


def test_a_ceiling_that_claims_more_changes_no_result(issuer: Any) -> None:
    claimed = runtime(ceiling=Assurance.HARDWARE)
    found = appraise_bundle(
        AttestationBundle(claimed, attester(issuer).attest(claimed)), policy(), now=NOW, nonce=NONCE
    )
    assert isinstance(found, DevAttestedRuntime)
    assert found.to_json()["media_type"] == DEV_MEDIA_TYPE


def test_evidence_is_bound_to_its_runtime_data(bundle: AttestationBundle) -> None:
    for name, value in vars(runtime()).items():
        other = value[:-1] + b"\xff" if isinstance(value, bytes) else Assurance.HARDWARE
        swapped = replace(bundle, runtime_data=runtime(**{name: other}))
        with pytest.raises(NonceMismatch):
            appraise_bundle(swapped, policy(), now=NOW, nonce=swapped.runtime_data.nonce)


def test_another_challenge_is_refused(bundle: AttestationBundle) -> None:
    with pytest.raises(NonceMismatch) as caught:
        appraise_bundle(bundle, policy(), now=NOW, nonce=b"\x08" * 32)
    assert caught.value.fields["check"] == "challenge"


def test_no_challenge_is_not_checked_and_has_to_be_allowed(bundle: AttestationBundle) -> None:
    found = appraise_bundle(bundle, policy(), now=NOW)
    assert {check.name: str(check.outcome) for check in found.checks}["challenge"] == "not_checked"
    strict = replace(policy(), allow_not_checked=("sandbox.issuer",))
    with pytest.raises(PolicyDenied) as caught:
        appraise_bundle(bundle, strict, now=NOW)
    assert caught.value.fields["check"] == "challenge"


def test_other_code_is_refused(issuer: Any) -> None:
    other = AttestationBundle(runtime(), attester(issuer, b"\x0a" * 32).attest(runtime()))
    with pytest.raises(MeasurementMismatch):
        appraise_bundle(other, policy(), now=NOW, nonce=NONCE)


def test_issuers_can_be_listed(bundle: AttestationBundle) -> None:
    ear = appraise_bundle(bundle, policy(), now=NOW, nonce=NONCE).to_json()
    mine = ear["submods"]["sandbox"]["ear_veraison_annotated_evidence"]["issuer_sha256"]
    appraise_bundle(bundle, policy(sandbox_issuers=(mine,)), now=NOW, nonce=NONCE)
    with pytest.raises(UntrustedRoot):
        appraise_bundle(bundle, policy(sandbox_issuers=("00" * 32,)), now=NOW, nonce=NONCE)


def test_every_changed_byte_of_the_evidence_is_refused(bundle: AttestationBundle) -> None:
    payload = bundle.evidence.payload
    for offset in range(len(payload)):
        changed = bytearray(payload)
        changed[offset] ^= 1
        forged = replace(bundle, evidence=replace(bundle.evidence, payload=bytes(changed)))
        with pytest.raises((DecodeError, SignatureRejected)):
            appraise_bundle(forged, policy(), now=NOW, nonce=NONCE)


def test_gpus_that_the_policy_wants_have_to_be_there(bundle: AttestationBundle) -> None:
    with pytest.raises(PolicyDenied) as caught:
        appraise_bundle(bundle, policy(composite_gpus=1), now=NOW, nonce=NONCE)
    assert caught.value.fields["check"] == "gpus"


def test_a_gpu_of_another_challenge_is_refused_by_name(bundle: AttestationBundle) -> None:
    """A genuine report of a real GPU, which answered somebody else."""
    from tests.tee.rows import FIXTURES

    files = sorted((FIXTURES / "nvidia").glob("*hopper*.json")) or sorted((FIXTURES / "nvidia").glob("*.json"))
    gpu = read_evidence(files[0].read_bytes(), platform=Platform.NVIDIA)
    with pytest.raises((NonceMismatch, PolicyDenied)) as caught:
        appraise_bundle(replace(bundle, submodules={"gpu0": gpu}), policy(), now=NOW, nonce=NONCE)
    assert caught.value.fields["submodule"] == "gpu0"
    assert caught.value.fields["check"] == "nonce"


def test_one_gpu_does_not_count_twice() -> None:
    """Four genuine GPUs of one machine: each counts once, whatever names a bundle gives them."""
    from tests.tee.rows import FIXTURES, MID_2026

    from zkseal.tee import appraise_evidence
    from zkseal.tee.attested import _gpus

    payload = (FIXTURES / "nvidia" / "hopper-x4.json").read_bytes()
    parts = [
        appraise_evidence(read_evidence(payload, index=index), load_policy("evidence-only"), now=MID_2026)
        for index in range(4)
    ]
    named = {f"gpu{index}": part for index, part in enumerate(parts)}
    assert _gpus(named, policy(composite_gpus=4)).detail == "4"
    with pytest.raises(PolicyDenied):
        _gpus(named | {"gpu4": parts[0]}, policy())
    with pytest.raises(PolicyDenied):
        _gpus(named, policy(composite_gpus=5))


def test_malformed_parts_are_named() -> None:
    with pytest.raises(InvalidEncoding):
        AttestationBundle.from_cbor(cbor.dumps([1]))
