"""An enclave on a machine with a software TPM: the host's attester quotes what the enclave process says."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.enclave.worlds import POLICY, World, sample
from tests.tee.attesters.machines import manufacture, running

from zkseal.broker import BrokerClient
from zkseal.enclave import DevEnclaveClient, EnclaveClient, EnclaveHost, application
from zkseal.errors import PolicyDenied
from zkseal.http_server.server import Server
from zkseal.tee import Assurance, Platform
from zkseal.tee.attesters import TpmAttester

pytestmark = pytest.mark.native


@pytest.fixture
def tcti(tmp_path: Path) -> Iterator[str]:
    state = manufacture(tmp_path / "tpm", certified=True)
    with tempfile.TemporaryDirectory(prefix="zkseal-") as sockets, running(state, Path(sockets)) as tcti:
        yield tcti


def test_an_answer_under_a_quote(world: World, tcti: str) -> None:
    with world.broker() as broker, EnclaveHost(world.sealed, TpmAttester(tcti)) as host:
        released = host.provision(BrokerClient(broker))
        assert not released.assurance.production
        with Server(application(host), "127.0.0.1", 0).in_background() as url:
            client = DevEnclaveClient(url, POLICY, verifying_key=world.proving_key.verifying_key)
            attested = client.attest()
            assert attested.result.platform is Platform.TPM
            assert attested.runtime_data.ceiling is Assurance.VTPM_DEV
            assert client.ask(sample()).receipt.attested is not None
            with pytest.raises(PolicyDenied):
                EnclaveClient(url, POLICY).attest()
