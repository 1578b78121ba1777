"""What can be a machine and what a device of it, and under which policies a machine gets keys."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.broker.vendors import MEASUREMENT, SnpVendor
from tests.tee.machines import DRIVER, NOW, AzureVm, Gpus, runtime_of
from tests.tee.rows import FIXTURES

from zkseal.errors import InvalidEncoding, PolicyDenied, SignatureRejected, ZksealError
from zkseal.tee import (
    AppraisalPolicy,
    Assurance,
    AttestationBundle,
    AttestationResult,
    AttestedRuntime,
    DevAttestedRuntime,
    Evidence,
    Platform,
    appraise_bundle,
    appraise_evidence,
    load_policy,
    parse_policy,
)
from zkseal.tee.attested import DEVICES, MACHINES
from zkseal.tee.bundle import DEV_MEDIA_TYPE, MEDIA_TYPE

pytestmark = pytest.mark.native

RUNTIME = runtime_of()
RIM = Evidence(Platform.NVIDIA_RIM, (FIXTURES / "nvidia/rim/driver-gh100-550.144.03.xml").read_bytes())
RIM_TIME = 1_780_000_000
PCR4 = b"\x0b" * 32
SNP = f"""extends = "production"
name = "snp"
[references]
"snp.measurement" = ["{MEASUREMENT.hex()}"]
[snp.min_tcb.milan]
snp = 8
"""
AZURE = SNP.replace('"snp.measurement"', '"azure_snp.cpu.measurement"').replace(
    "[snp.", f'"azure_snp.sha256.pcr4" = ["{PCR4.hex()}"]\n[snp.'
)
WITH_GPU = f"""extends = "production"
name = "machine with GPU"
allow_not_checked = ["chips", "nvidia.revocation", "nvidia.firmware-id", "nvidia.rim", "nvidia.debug"]
[references]
"snp.measurement" = ["{MEASUREMENT.hex()}"]
"nvidia.driver" = ["{DRIVER.decode()}"]
[snp.min_tcb.milan]
snp = 8
[composite]
gpus = 1
"""


@pytest.fixture(scope="module")
def snp() -> SnpVendor:
    return SnpVendor(NOW)


@pytest.fixture(scope="module")
def gpus() -> Gpus:
    return Gpus()


def denied(bundle: AttestationBundle, policy: AppraisalPolicy, check: str, **options: object) -> ZksealError:
    with pytest.raises(PolicyDenied) as caught:
        appraise_bundle(bundle, policy, **({"now": NOW, "nonce": RUNTIME.nonce} | options))  # type: ignore[arg-type]
    assert caught.value.fields["check"] == check
    return caught.value


def test_every_platform_has_its_place() -> None:
    assert MACHINES.isdisjoint(DEVICES)
    assert set(Platform) - MACHINES - DEVICES == {Platform.NVIDIA_RIM, Platform.NVIDIA_NRAS}


@pytest.mark.parametrize("name", ["development", "evidence-only"])
def test_a_manifest_is_no_machine(name: str) -> None:
    """It is genuine, and anybody can get it: it says nothing of whoever shows it."""
    appraise_evidence(RIM, load_policy(name), now=RIM_TIME)
    denied(AttestationBundle(RUNTIME, RIM), load_policy(name), "machine", now=RIM_TIME)


def test_a_policy_that_lists_manifests_makes_them_no_machine_and_no_device(snp: SnpVendor) -> None:
    listed = parse_policy(SNP.replace('name = "snp"', 'name = "x"\nplatforms = ["snp", "nvidia_rim"]'))
    denied(AttestationBundle(RUNTIME, RIM), listed, "machine", now=RIM_TIME)
    machine = snp.evidence(RUNTIME)
    error = denied(AttestationBundle(RUNTIME, machine, {"gpu0": RIM}), listed, "device", roots=snp.roots)
    assert error.fields["submodule"] == "gpu0"


def test_a_gpu_is_not_the_machine_that_it_is_in(snp: SnpVendor, gpus: Gpus) -> None:
    policy, roots = parse_policy(WITH_GPU), replace(snp.roots, nvidia_device=gpus.roots.nvidia_device)
    first, second = (gpus.evidence(RUNTIME.binding(Platform.NVIDIA, index), index) for index in range(2))
    denied(AttestationBundle(RUNTIME, first, {"gpu0": second}), policy, "machine", roots=roots)
    whole = AttestationBundle(RUNTIME, snp.evidence(RUNTIME), {"gpu0": second})
    assert isinstance(appraise_bundle(whole, policy, now=NOW, nonce=RUNTIME.nonce, roots=roots), AttestedRuntime)
    twice = AttestationBundle(RUNTIME, snp.evidence(RUNTIME), {"gpu0": snp.evidence(RUNTIME)})
    denied(twice, policy, "device", roots=roots)


def test_a_production_policy_gives_keys_and_others_do_not(snp: SnpVendor) -> None:
    """The same genuine hardware: who appraises under a policy that asks for no code gets another type."""
    bundle = AttestationBundle(RUNTIME, snp.evidence(RUNTIME))
    found = appraise_bundle(bundle, parse_policy(SNP), now=NOW, nonce=RUNTIME.nonce, roots=snp.roots)
    assert isinstance(found, AttestedRuntime)
    assert (found.to_json()["media_type"], found.to_json()["eat_profile"]) == (MEDIA_TYPE, "tag:zkseal,2026:ear")
    relaxed = [
        load_policy("development"),
        load_policy("evidence-only"),
        replace(parse_policy(SNP), allow_development_roots=True),
        replace(parse_policy(SNP), min_assurance="vtpm_dev"),
    ]
    for policy in relaxed:
        assert not policy.production
        other = appraise_bundle(bundle, policy, now=NOW, nonce=RUNTIME.nonce, roots=snp.roots)
        assert isinstance(other, DevAttestedRuntime)
        assert isinstance(other.result, AttestationResult)
        ear = other.to_json()
        assert (ear["media_type"], ear["eat_profile"]) == (DEV_MEDIA_TYPE, "tag:zkseal,2026:ear-dev")


def test_an_attested_runtime_holds_results_of_production_only(snp: SnpVendor, gpus: Gpus) -> None:
    bundle = AttestationBundle(RUNTIME, snp.evidence(RUNTIME))
    found = appraise_bundle(bundle, parse_policy(SNP), now=NOW, nonce=RUNTIME.nonce, roots=snp.roots)
    assert isinstance(found, AttestedRuntime)
    from zkseal.tee import DevAttestationResult

    worse = DevAttestationResult(**(vars(found.result) | {"assurance": Assurance.SANDBOX}))
    for parts in ({"result": worse}, {"submodules": {"gpu0": worse}}):
        with pytest.raises(PolicyDenied):
            replace(found, **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["", "GPU0", "0gpu", "gpu-0", "gpu0\x1b[2K", "gpu0\n", "g" * 17, "snp", "nvidia", "tpm"]
)
def test_names_of_submodules_cannot_be_mistaken(snp: SnpVendor, name: str) -> None:
    with pytest.raises(InvalidEncoding):
        AttestationBundle(RUNTIME, snp.evidence(RUNTIME), {name: RIM})


def test_pcrs_of_azure_count_under_a_known_paravisor_only(snp: SnpVendor) -> None:
    """Whoever has an SNP guest can put a vTPM of his own into it, and any PCR values."""
    nonce = RUNTIME.binding(Platform.AZURE_SNP)
    own, azure = AzureVm(snp, measurement=b"\x0c" * 48), AzureVm(snp)
    policy = parse_policy(AZURE)
    found = appraise_bundle(
        AttestationBundle(RUNTIME, azure.evidence(nonce, PCR4)), policy, now=NOW, nonce=RUNTIME.nonce, roots=snp.roots
    )
    assert isinstance(found, AttestedRuntime)
    with pytest.raises(ZksealError) as caught:
        appraise_evidence(own.evidence(nonce, PCR4), policy, now=NOW, nonce=nonce, roots=snp.roots)
    assert caught.value.fields["check"] == "reference-values"
    pcrs_only = replace(policy, references={"azure_snp.sha256.pcr4": (PCR4.hex(),)})
    with pytest.raises(PolicyDenied) as refused:
        appraise_evidence(own.evidence(nonce, PCR4), pcrs_only, now=NOW, nonce=nonce, roots=snp.roots)
    assert refused.value.fields["check"] == "reference-values"
    assert "azure_snp.cpu.measurement" in refused.value.message


def test_pcr_values_of_azure_keep_their_places(snp: SnpVendor) -> None:
    nonce = RUNTIME.binding(Platform.AZURE_SNP)
    evidence = AzureVm(snp).evidence(nonce, PCR4, (PCR4[:31],))
    with pytest.raises(SignatureRejected) as caught:
        appraise_evidence(evidence, parse_policy(AZURE), now=NOW, nonce=nonce, roots=snp.roots)
    assert caught.value.fields["check"] == "pcr-digest"


def test_the_chip_of_an_azure_vm_is_the_cpu(snp: SnpVendor) -> None:
    nonce = RUNTIME.binding(Platform.AZURE_SNP)
    evidence = AzureVm(snp).evidence(nonce, PCR4)
    mine = replace(parse_policy(AZURE), chips=(bytes(range(64)).hex(),))
    result = appraise_evidence(evidence, mine, now=NOW, nonce=nonce, roots=snp.roots)
    outcomes = {check.name: str(check.outcome) for check in result.checks}
    assert {outcomes[name] for name in ("chips", "chain", "validity", "revocation", "debug")} == {"pass"}
    with pytest.raises(PolicyDenied) as caught:
        appraise_evidence(evidence, replace(mine, chips=("ee" * 64,)), now=NOW, nonce=nonce, roots=snp.roots)
    assert caught.value.fields["check"] == "chips"


@pytest.mark.parametrize(("firmware", "outcome"), [(None, "not_checked"), (b"", "not_checked"), (b"x", "fail")])
def test_an_empty_firmware_id_names_no_firmware(gpus: Gpus, firmware: bytes | None, outcome: str) -> None:
    nonce = b"\xab" * 32
    policy = load_policy("evidence-only")
    evidence = gpus.evidence(nonce, firmware=firmware)
    try:
        checks = appraise_evidence(evidence, policy, now=NOW, nonce=nonce, roots=gpus.roots).to_json()["checks"]
    except ZksealError as error:
        checks = error.fields["result"]["checks"]
    assert {check["name"]: check["outcome"] for check in checks}["firmware-id"] == outcome


def test_every_changed_byte_of_a_revocation_list_is_refused(snp: SnpVendor) -> None:
    """The algorithm stands twice in it, and only one of both is signed."""
    evidence, policy = snp.evidence(RUNTIME), parse_policy(SNP)
    nonce = RUNTIME.binding(Platform.SNP)

    def under(data: bytes) -> AttestationResult:
        given = replace(evidence.endorsements, revocation_lists=(data,))
        result = appraise_evidence(replace(evidence, endorsements=given), policy, now=NOW, nonce=nonce, roots=snp.roots)
        assert isinstance(result, AttestationResult)
        return result

    under(snp.clean_list)
    for offset in range(len(snp.clean_list)):
        changed = bytearray(snp.clean_list)
        changed[offset] ^= 1
        with pytest.raises(ZksealError):
            under(bytes(changed))
