"""What was booted decides: equal boots have equal PCRs and keys, a changed one is refused and gets no key."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from tests.measured_boot.conftest import COMMAND_LINE, OTHER_COMMAND_LINE, Boots
from tests.measured_boot.initrd import build_initrd
from tests.measured_boot.machine import PCRS, Boot, require_packages
from tests.measured_boot.world import CONTENT, NOW, policy_text, values_of

from zkseal.errors import KeyDenied, MeasurementMismatch, NonceMismatch, PolicyDenied
from zkseal.tee import (
    AppraisalPolicy,
    Assurance,
    AttestationBundle,
    DevAttestedRuntime,
    appraise_bundle,
    appraise_evidence,
    load_policy,
    parse_policy,
)

pytestmark = [pytest.mark.native, pytest.mark.slow]


def appraised(boots: Boots, name: str, boot: Boot, policy: AppraisalPolicy) -> DevAttestedRuntime:
    """The machine's bundle under a policy, after a way over the wire."""
    runtime = boots.runtime[name]
    bundle = AttestationBundle.from_cbor(AttestationBundle(runtime, boot.evidence).to_cbor())
    attested = appraise_bundle(bundle, policy, now=NOW, nonce=runtime.nonce)
    assert isinstance(attested, DevAttestedRuntime)
    return attested


def options_measured(command_line: str) -> str:
    """SHA-256 of what Linux's stub measures: UTF-16 with the closing zero; QEMU's firmware adds the initrd's name."""
    return hashlib.sha256(f"{command_line} initrd=initrd\0".encode("utf-16-le")).hexdigest()


def test_the_initial_file_system_is_the_same_bytes_each_time() -> None:
    require_packages()
    assert build_initrd() == build_initrd()


def test_two_equal_boots_give_equal_pcrs_and_equal_keys(boots: Boots) -> None:
    assert values_of(boots.first) == values_of(boots.again)
    assert boots.first.evidence.payload != boots.again.evidence.payload
    assert boots.first.key_id is not None
    assert boots.first.key_id == boots.again.key_id


def test_an_equal_boot_is_accepted_with_every_check_made_that_such_evidence_allows(boots: Boots) -> None:
    attested = appraised(boots, "again", boots.again, boots.release.policy)
    outcomes = {check.name: check.outcome for check in attested.result.checks}
    unmade = {"ak-certificate", "validity", "revocation", "debug", "chips"}
    assert {name for name, outcome in outcomes.items() if outcome != "pass"} == unmade
    assert attested.result.assurance is Assurance.VTPM_DEV


def test_the_event_log_tells_the_command_line_and_the_initial_file_system(boots: Boots) -> None:
    claims = appraised(boots, "again", boots.again, boots.release.policy).result.claims["boot"]
    assert claims["kernel_load_options_sha256"] == options_measured(COMMAND_LINE)
    assert claims["initrd_sha256"] == hashlib.sha256(boots.initrd).hexdigest()


def test_another_command_line_changes_its_pcr_alone_and_is_refused(boots: Boots) -> None:
    first, other = values_of(boots.first), values_of(boots.other_line)
    assert {pcr for pcr in PCRS if first[pcr] != other[pcr]} == {9}
    with pytest.raises(MeasurementMismatch) as caught:
        appraised(boots, "other-line", boots.other_line, boots.release.policy)
    assert caught.value.fields["claim"] == "tpm.sha256.pcr9"
    # It is an honest quote of another machine: under its own values it is accepted.
    own = parse_policy(policy_text(boots.other_line))
    claims = appraised(boots, "other-line", boots.other_line, own).result.claims["boot"]
    assert claims["kernel_load_options_sha256"] == options_measured(OTHER_COMMAND_LINE)


def test_another_program_is_refused(boots: Boots) -> None:
    assert values_of(boots.first)[9] != values_of(boots.other_program)[9]
    with pytest.raises(MeasurementMismatch):
        appraised(boots, "other-program", boots.other_program, boots.release.policy)


def test_the_tpm_keeps_the_key_from_a_changed_machine(boots: Boots) -> None:
    for changed in (boots.other_line, boots.other_program):
        assert changed.key_id is None
        assert "a policy check failed" in changed.log
        # It is the same TPM and the same sealed key: what differs is what was booted.
        assert changed.sealed == boots.first.sealed
        assert changed.evidence.endorsements.public_key == boots.first.evidence.endorsements.public_key


def test_the_broker_releases_the_model_s_key_to_an_equal_boot_alone(boots: Boots) -> None:
    release, runtime = boots.release, boots.runtime
    for name, changed in (("other-line", boots.other_line), ("other-program", boots.other_program)):
        with pytest.raises(KeyDenied) as caught:
            release.ask(runtime[name], changed)
        assert caught.value.fields["denial"] == "wrong_measurement"
    released = release.ask(runtime["again"], boots.again)
    assert released.assurance is Assurance.VTPM_DEV
    assert release.enclave.content(released, runtime["again"].nonce) == CONTENT
    kinds = [entry.kind for entry in release.broker.entries()[-3:]]
    assert kinds == ["denied", "denied", "released_development"]
    with pytest.raises(KeyDenied) as caught:
        release.ask(runtime["again"], boots.again)
    assert caught.value.fields["denial"] == "replayed"


def test_a_quote_answers_one_question(boots: Boots) -> None:
    bundle = AttestationBundle(boots.runtime["again"], boots.first.evidence)
    with pytest.raises(NonceMismatch):
        appraise_bundle(bundle, boots.release.policy, now=NOW, nonce=boots.runtime["again"].nonce)


def test_the_log_of_another_boot_does_not_explain_a_quote(boots: Boots) -> None:
    log = boots.first.evidence.endorsements.event_log
    evidence = boots.other_line.evidence
    mixed = replace(evidence, endorsements=replace(evidence.endorsements, event_log=log))
    with pytest.raises(MeasurementMismatch) as caught:
        appraise_evidence(mixed, load_policy("development"), now=NOW)
    assert caught.value.fields["check"] == "event-log"


def test_the_policy_for_production_refuses_the_best_of_them(boots: Boots) -> None:
    with pytest.raises(PolicyDenied) as caught:
        appraised(boots, "again", boots.again, parse_policy(policy_text(boots.first, "production")))
    assert caught.value.fields["check"] == "development-root"
