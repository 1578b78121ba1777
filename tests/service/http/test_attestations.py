"""Attestations of machines over HTTP: development is never hidden, and production does not take it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.service.http.served import KeyFiles, Served, require_problem, serving

from zkseal._native import HpkeKey, SigningKey
from zkseal.errors import FileUnavailable, InvalidEncoding
from zkseal.service.policies import Policies
from zkseal.service.settings import PolicySettings
from zkseal.tee import Assurance, AttestationBundle, RuntimeData
from zkseal.tee.attesters.sandbox import SandboxAttester

pytestmark = pytest.mark.native

NONCE, MEASUREMENT = bytes(range(32)), b"\x09" * 32
CBOR = {"content-type": "application/cbor"}


@pytest.fixture(scope="module")
def bundle() -> AttestationBundle:
    """Of a sandbox, for the nonce."""
    issuer = SigningKey.generate()
    runtime = RuntimeData(
        ceiling=Assurance.SANDBOX,
        hpke_public_key=HpkeKey.generate().public_key,
        signing_public_key=SigningKey.generate().public_key,
        model_digest=bytes(32),
        zk_model_commitment=bytes(32),
        policy_digest=bytes(32),
        boot_epoch=bytes(16),
        nonce=NONCE,
    )
    attester = SandboxAttester(issuer.public_key, issuer.sign, measurement=MEASUREMENT, isolation=("landlock",))
    return AttestationBundle(runtime, attester.attest(runtime))


@pytest.fixture(scope="module")
def served_with_policies(tmp_path_factory: pytest.TempPathFactory, keys: KeyFiles) -> Iterator[Served]:
    """A service whose operator has a policy for a sandbox of this measurement."""
    folder = tmp_path_factory.mktemp("policies")
    (folder / "machines").mkdir()
    (folder / "machines" / "ours.toml").write_text(
        f'extends = "development"\nname = "ours"\n[references]\n"sandbox.measurement" = ["{MEASUREMENT.hex()}"]\n'
    )
    with serving(folder / "service", keys, policies=PolicySettings(attestations=str(folder / "machines"))) as found:
        yield found


def test_a_sandbox_is_development_and_is_told_so(served_with_policies: Served, bundle: AttestationBundle) -> None:
    with served_with_policies.http(**CBOR) as http:
        query = {"policy": "ours", "nonce": NONCE.hex()}
        found = http.post("/v1/attestations", params=query, content=bundle.to_cbor()).json()
        assert (found["assurance"], found["development"]) == ("sandbox", True)
        assert "dev" in found["result"]["eat_profile"]
        other = {**query, "nonce": "ff" * 32}
        require_problem(http.post("/v1/attestations", params=other, content=bundle.to_cbor()), 422, "NonceMismatch")
        names = [policy["name"] for policy in http.get("/v1/policies").json()["attestation_policies"]]
        assert {"ours", "production"} <= set(names)


def test_production_takes_no_sandbox(unworked: Served, bundle: AttestationBundle) -> None:
    with unworked.http(**CBOR) as http:
        query = {"nonce": NONCE.hex()}
        require_problem(http.post("/v1/attestations", params=query, content=bundle.to_cbor()), 422, "PolicyDenied")
        require_problem(http.post("/v1/attestations", params={"policy": "ours"}, content=b""), 404, "NotFound")


@pytest.mark.parametrize("body", [b"", b"\xff", b"\xa0", bytes(10_000)])
def test_what_is_no_bundle_is_refused(unworked: Served, body: bytes) -> None:
    with unworked.http(**CBOR) as http:
        require_problem(http.post("/v1/attestations", content=body), 422)


def test_a_policy_that_is_none_stops_the_service_at_its_start(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("mode = 5")
    with pytest.raises(InvalidEncoding):
        Policies.read(tmp_path, None)
    (tmp_path / "bad.toml").rename(tmp_path / "zk.toml")
    with pytest.raises(InvalidEncoding):
        Policies.read(tmp_path, None)
    with pytest.raises(FileUnavailable):
        Policies.read(None, tmp_path / "nowhere")
