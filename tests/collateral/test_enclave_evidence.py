"""The host of an enclave adds what was fetched to the evidence that it hands out."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.collateral.published import bare_evidence
from tests.collateral.test_checks import AT, ROW, fetched, honest
from tests.collateral.vendor_server import VendorServer
from tests.enclave.worlds import World, proving_key

import zkseal
from zkseal.collateral import Cache, Downloader, completed
from zkseal.enclave import EnclaveHost
from zkseal.errors import ZksealError
from zkseal.tee import Assurance, Evidence, RuntimeData, appraise_evidence, load_policy, pinned_roots

pytestmark = pytest.mark.native


class Machine:
    """Hands out a published quote, which binds somebody else's keys: what is shown is what goes with it."""

    assurance_ceiling = Assurance.HARDWARE
    status = "a published quote"

    def attest(self, runtime_data: RuntimeData) -> Evidence:
        return bare_evidence(ROW)


@pytest.fixture(scope="module")
def key() -> zkseal.ProvingKey:
    return proving_key()


def test_a_quote_leaves_the_host_with_its_collateral(
    key: zkseal.ProvingKey, tmp_path: Path, server: VendorServer, cache: Cache, downloader: Downloader
) -> None:
    world = World.of(tmp_path, key)
    world.seal()

    def complete(evidence: Evidence) -> Evidence:
        return completed(evidence, cache, roots=pinned_roots(), now=AT)[0]

    with EnclaveHost(world.sealed, Machine(), devices={"gpu0": Machine()}, complete=complete) as host:
        with pytest.raises(ZksealError):
            appraise_evidence(host.attest(bytes(range(32))).evidence, load_policy("evidence-only"), now=AT)
        server.answers |= honest()
        fetched(server, cache, downloader)
        bundle = host.attest(bytes(range(32)))
        for evidence in (bundle.evidence, bundle.submodules["gpu0"]):
            assert appraise_evidence(evidence, load_policy("evidence-only"), now=AT)
