"""Attestation bundles with roots of our own: machines, GPUs, vTPMs and sandboxes, accepted and refused as in Python."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.broker.vendors import SnpVendor, TpmVendor
from tests.tee.machines import NOW, AzureVm, Gpus, runtime_of
from tests.tee.test_bundle import attester, issuer, policy, runtime
from tests.tee.test_machines import AZURE, PCR4, RUNTIME, SNP, WITH_GPU
from tests.tee.web.mutations import flipped
from tests.tee.web.node import Node, json_form, refused

from zkseal.errors import ZksealError
from zkseal.receipts import cbor
from zkseal.tee import AttestationBundle, Platform, Roots, appraise_bundle, policy_of

__all__ = ["issuer"]

pytestmark = [pytest.mark.native, pytest.mark.slow]

SANDBOX = {
    "extends": "development",
    "name": "development",
    "references": {name: list(values) for name, values in policy().references.items()},
}


def python_of(data: bytes, document: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    try:
        found = appraise_bundle(AttestationBundle.from_cbor(data), policy_of(document), **more)
    except ZksealError as error:
        part = error.fields.get("submodule")
        return refused(error) | ({} if part is None or "result" not in error.fields else {"submodule": part})
    return {"kind": type(found).__name__, "result": json_form(found.to_json())}


def same(node: Node, bundle: AttestationBundle | bytes, document: Mapping[str, Any], **more: Any) -> str:
    """Asserts that both find the same, and returns what that is: a type, or the check that failed."""
    data = bundle if isinstance(bundle, bytes) else bundle.to_cbor()
    given = {"now": NOW, "nonce": RUNTIME.nonce} | more
    found, expected = node.ask("bundle", document, data, **given), python_of(data, document, **given)
    assert found == expected
    return str(found.get("kind") or found["error"]["check"] or found["error"]["code"])


def test_a_machine_with_a_gpu(node: Node) -> None:
    snp, gpus = SnpVendor(NOW), Gpus()
    roots = replace(snp.roots, nvidia_device=gpus.roots.nvidia_device)
    machine, document = snp.evidence(RUNTIME), tomllib.loads(WITH_GPU)
    first, second = (gpus.evidence(RUNTIME.binding(Platform.NVIDIA, index), index) for index in range(2))
    whole = AttestationBundle(RUNTIME, machine, {"gpu0": second})
    assert same(node, whole, document, roots=roots) == "AttestedRuntime"
    assert same(node, AttestationBundle(RUNTIME, first, {"gpu0": second}), document, roots=roots) == "machine"
    assert same(node, AttestationBundle(RUNTIME, machine, {"gpu0": machine}), document, roots=roots) == "device"
    assert same(node, AttestationBundle(RUNTIME, machine), document, roots=roots) == "gpus"
    assert same(node, whole, document, roots=roots, nonce=b"\x08" * 32) == "challenge"
    assert same(node, whole, document, roots=roots, nonce=None) == "challenge"
    assert same(node, whole, document) == "chain"
    elsewhere = AttestationBundle(
        RUNTIME, machine, {"gpu0": replace(second, index=1), "gpu1": replace(second, index=0)}
    )
    assert same(node, elsewhere, document, roots=roots) == "nonce"


def test_what_a_policy_says_of_a_machine(node: Node) -> None:
    snp, document = SnpVendor(NOW), tomllib.loads(SNP)
    bundle = AttestationBundle(RUNTIME, snp.evidence(RUNTIME))
    assert same(node, bundle, document, roots=snp.roots) == "AttestedRuntime"
    assert same(node, bundle, document | {"min_assurance": "vtpm_dev"}, roots=snp.roots) == "DevAttestedRuntime"
    assert same(node, bundle, document | {"chips": ["00"]}, roots=snp.roots) == "chips"
    assert (
        same(node, bundle, document | {"snp": {"min_tcb": {"milan": {"snp": 9, "fmc": 1}}}}, roots=snp.roots)
        == "tcb-floor"
    )
    debugged = AttestationBundle(RUNTIME, snp.evidence(RUNTIME, debug=True))
    assert same(node, debugged, document, roots=snp.roots) == "debug"
    serial = snp.ask.serial_number
    revoked = snp.evidence(RUNTIME, lists=(snp.revocation_list(serial),))
    assert same(node, AttestationBundle(RUNTIME, revoked), document, roots=snp.roots) == "revocation"
    unlisted = snp.evidence(RUNTIME, lists=())
    assert same(node, AttestationBundle(RUNTIME, unlisted), document, roots=snp.roots) == "revocation"
    low = runtime_of(ceiling=runtime().ceiling)
    assert same(node, AttestationBundle(low, snp.evidence(low)), document, roots=snp.roots) == "ceiling"


def test_vtpms_under_hardware_and_under_certificates(node: Node) -> None:
    snp = SnpVendor(NOW)
    vm, document = AzureVm(snp), tomllib.loads(AZURE)
    nonce = RUNTIME.binding(Platform.AZURE_SNP)
    assert (
        same(node, AttestationBundle(RUNTIME, vm.evidence(nonce, PCR4)), document, roots=snp.roots) == "AttestedRuntime"
    )
    other = AttestationBundle(RUNTIME, vm.evidence(nonce, PCR4, [b"\x0c" * 32]))
    assert same(node, other, document, roots=snp.roots) == "pcr-digest"
    anybody = {**document, "references": {"azure_snp.sha256.pcr4": [PCR4.hex()]}}
    assert (
        same(node, AttestationBundle(RUNTIME, vm.evidence(nonce, PCR4)), anybody, roots=snp.roots) == "reference-values"
    )
    tpm = TpmVendor(NOW)
    bundle = AttestationBundle(RUNTIME, tpm.evidence(RUNTIME, PCR4))
    quoted = {"extends": "production", "name": "tpm", "references": {"tpm.sha256.pcr14": [PCR4.hex()]}}
    assert same(node, bundle, quoted, roots=tpm.roots) == "AttestedRuntime"
    assert same(node, bundle, quoted, roots=Roots()) == "assurance"


def test_sandboxes_are_development(node: Node, issuer: Any) -> None:
    bundle = AttestationBundle(runtime(), attester(issuer).attest(runtime()))
    assert same(node, bundle, SANDBOX) == "DevAttestedRuntime"
    assert same(node, bundle, SANDBOX, nonce=None) == "DevAttestedRuntime"
    for name in ("production", "evidence-only"):
        assert same(node, bundle, {"extends": name, "name": name}) == "platform"
    other = AttestationBundle(runtime(), attester(issuer, b"\x0a" * 32).attest(runtime()))
    assert same(node, other, SANDBOX) == "reference-values"
    assert same(node, bundle, SANDBOX | {"sandbox": {"issuers": ["00" * 32]}}) == "issuer"
    swapped = replace(bundle, runtime_data=runtime(hpke_public_key=b"\xff" * 32))
    assert same(node, swapped, SANDBOX) == "nonce"


def _malformed(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    evidence = value["evidence"]
    for change in ({"bundle": 2}, {"bundle": True}, {"runtime": b""}, {"runtime": 3}, {"submodules": []}, {"more": 1}):
        yield value | change
    yield value | {"media_type": "application/vnd.zkseal.evidence+cbor"}
    yield value | {"submodules": {"sandbox": evidence}}
    yield value | {"submodules": {f"gpu{index}": evidence for index in range(17)}}
    for other in ({"platform": "crystal"}, {"payload": "text"}, {"index": -1}, {"index": True}, {"index": 1}):
        yield value | {"evidence": evidence | other}
    for given in (
        {"unknown": b"x"},
        {"certificates": []},
        {"certificates": b"x"},
        {"collateral": b"x"},
        {"pcrs": ["x"]},
    ):
        yield value | {"evidence": evidence | {"endorsements": given}}
    fields = cbor.loads(value["runtime"], max_bytes=1024)
    for change in (
        {"runtime": 2},
        {"runtime": True},
        {"ceiling": 5},
        {"ceiling": True},
        {"nonce": bytes(31)},
        {"nonce": ""},
    ):
        yield value | {"runtime": cbor.dumps(fields | change)}


def test_malformed_bundles_have_the_same_error(node: Node, issuer: Any) -> None:
    data = AttestationBundle(runtime(), attester(issuer).attest(runtime())).to_cbor()
    value = cbor.loads(data, max_bytes=1 << 20)
    for other in [data[:-1], data + b"\0", b"", *map(cbor.dumps, _malformed(value))]:
        found = node.ask("bundle", SANDBOX, other, now=NOW)
        expected = python_of(other, SANDBOX, now=NOW)
        assert found["error"]["code"] == expected["error"]["code"], other.hex()


def test_changed_bundles_get_the_same_code(node: Node, issuer: Any) -> None:
    """Random changes of the bundle's bytes: its encoding, its runtime data, what it holds."""
    rng, snp = random.Random(4), SnpVendor(NOW)
    bundles = [
        (AttestationBundle(RUNTIME, snp.evidence(RUNTIME)), tomllib.loads(SNP), snp.roots),
        (AttestationBundle(runtime(), attester(issuer).attest(runtime())), SANDBOX, Roots()),
    ]
    for _ in range(400):
        bundle, document, roots = rng.choice(bundles)
        given = {"now": NOW, "nonce": bundle.runtime_data.nonce, "roots": roots}
        data = flipped(bundle.to_cbor(), rng)
        found, expected = node.ask("bundle", document, data, **given), python_of(data, document, **given)
        codes = [answer.get("error", answer).get("code", answer.get("kind")) for answer in (found, expected)]
        assert codes[0] == codes[1], data.hex()
        assert found.get("result") == expected.get("result") or codes == ["InvalidEncoding"] * 2
