"""Vendors' own evidence, at its own time, under the pinned roots: genuine, and not enough for a key."""

from __future__ import annotations

from typing import Any

import pytest
from tests.broker.test_denials import denied
from tests.broker.worlds import VENDORS, Enclave, World, head_of
from tests.tee.rows import ROWS, evidence_of, time_of

from zkseal.broker import KeyBroker
from zkseal.tee import AttestationBundle

pytestmark = pytest.mark.native

_VENDOR_ROWS = {
    "intel/quotes/tdx-v4-debug.bin": "debug",
    "intel/quotes/sgx-v3-occlum-debug.bin": "debug",
    "amd/neg-milan-debug/report.bin": "debug",
    "aws-nitro/neg-evervault-debug-2022.cose": "debug",
    "aws-nitro/neg-evervault-debug-2023.cose": "debug",
    "aws-nitro/neg-dstack-debug-2025.cose": "debug",
    "intel/quotes/tdx-v4-phala.bin": "expired_collateral",
    "intel/quotes/sgx-v3-phala.bin": "expired_collateral",
    "intel/quotes/tdx-v4-dstack-lite.bin": "expired_collateral",
    "amd/milan-vlek/report.bin": "expired_collateral",
    "aws-nitro/dstack-nsm-2025.cose": "expired_collateral",
    "amd/neg-milan-wrong-vcek/report.bin": "untrusted_root",
    "intel/quotes/tdx-v5-phala-nomatch.bin": "policy_denied",
    "intel/quotes/tdx-v5-alibaba-bad-servicetd.bin": "policy_denied",
    "intel/quotes/tdx-v4-google-spr-e4.bin": "malformed",
    "tpm/gce-cos85-no-nonce.attestation.pb": "not_bound",
    "tpm/swtpm-dev/q.msg": "development_evidence",
}


def _row(name: str) -> dict[str, Any]:
    """The row of this evidence that is rejected."""
    return next(row for row in ROWS if row["evidence"] == name and row["result"] != "valid")


@pytest.mark.parametrize("name", _VENDOR_ROWS)
def test_evidence_of_vendors(world: World, broker: KeyBroker, name: str) -> None:
    """Genuine, and not enough: whoever shows it gets no key, and is told why."""
    broker.close()
    row = _row(name)
    evidence, now = evidence_of(row), time_of(row)
    pinned = world.broker(pinned=True)
    model = world.added(pinned, world.sealed(policy=VENDORS, name="vendors"), VENDORS)
    runtime = Enclave(model).runtime(pinned.challenge(now=now))
    bundle = AttestationBundle(runtime, evidence)
    error = denied(pinned, lambda: pinned.release(bundle, *head_of(model), now=now))
    assert error.denial == _VENDOR_ROWS[name], error
    pinned.close()


def test_a_genuine_report_of_somebody_else_is_not_bound(world: World, broker: KeyBroker) -> None:
    broker.close()
    row = next(row for row in ROWS if row["evidence"] == "amd/milan-ms/report.bin" and row["result"] == "valid")
    policy = VENDORS + "microcode = 0\n"
    pinned = world.broker(pinned=True)
    relaxed = policy.replace(
        'name = "production of vendors"', 'name = "x"\nallow_not_checked = ["revocation", "chips"]'
    )
    model = world.added(pinned, world.sealed(policy=relaxed, name="vendors"), relaxed)
    bundle = AttestationBundle(Enclave(model).runtime(pinned.challenge(now=time_of(row))), evidence_of(row))
    error = denied(pinned, lambda: pinned.release(bundle, *head_of(model), now=time_of(row)))
    assert (error.denial, error.assurance) == ("not_bound", "hardware")
    pinned.close()
